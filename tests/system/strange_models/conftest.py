from collections.abc import Iterator
from pathlib import Path

import pytest

from system.strange_models.running import Strange, running


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strange]:
    """Serves the models of one module's tests."""
    with running(Path(tmp_path_factory.mktemp("strange"))) as headway:
        yield headway
