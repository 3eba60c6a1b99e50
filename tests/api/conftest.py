import pytest

from fakes.control_plane import control_plane


@pytest.fixture
def world(tmp_path, monkeypatch):
    """`async with world() as it:` runs a control plane with its API for a story."""

    def make(**options):
        return control_plane(tmp_path, monkeypatch, **options).running()

    return make
