import pytest

from system.contract.cases import SOURCES
from system.contract.server import Replicas


@pytest.fixture(scope="session")
def replicas(tmp_path_factory):
    started = Replicas(tmp_path_factory.mktemp("contract"), SOURCES)
    yield started
    started.stop()
