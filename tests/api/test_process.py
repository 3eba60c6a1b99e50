import argparse
import logging

from fakes.archives import truss_files
from headway.api.__main__ import _deploy


def options(truss, **known):
    return argparse.Namespace(truss=truss, model_name="served", settings="{}", **known)


def write(directory, config):
    for name, text in truss_files(config).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


async def test_the_one_truss_is_deployed_once_and_not_by_each_life_of_control(world, tmp_path):
    truss = write(tmp_path / "truss", "")
    async with world() as it:
        await _deploy(it.plane, options(truss))
        assert list(it.desired_state.models) == ["served"]
        write(truss, "description: changed")
        await _deploy(it.plane, options(truss))
        assert len(it.desired_state.deployments) == 1


async def test_a_truss_that_cannot_be_deployed_does_not_end_control(world, tmp_path, caplog):
    truss = write(tmp_path / "truss", "model_class_name: Other")
    async with world() as it:
        with caplog.at_level(logging.ERROR):
            await _deploy(it.plane, options(truss))
        assert "there is no class Other" in caplog.text
        assert await it.get("/v1/models") == {"models": []}
