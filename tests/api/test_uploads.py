import asyncio
import tarfile

import pytest

from fakes.archives import link, tar, truss_files, zipped
from headway.api import uploads
from headway.control.packages import archives, trees

ECHO = "/v1/models/echo/deployments"


@pytest.mark.parametrize("folder", ["", "echo/", "./"])
@pytest.mark.parametrize("pack", [tar, lambda files, folder: tar(files, "w", folder), zipped])
async def test_a_truss_comes_in_any_usual_archive_with_or_without_its_folder(world, pack, folder):
    async with world() as it:
        pushed = await it.push(content=pack(truss_files(), folder=folder))
        source = it.desired_state.deployments[pushed["id"]].source
        assert (source / "model/model.py").read_text(encoding="utf-8").startswith("class Model")
        assert list((it.data_dir / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"PK\x03\x04 no zip", id="no zip"),
        pytest.param(b"\x1f\x8b no gzip", id="no gzip"),
        pytest.param(tar(truss_files())[:-30], id="cut short"),
        pytest.param(tar({}), id="empty"),
        pytest.param(tar({"model/model.py": "x"}), id="no config.yaml"),
        pytest.param(tar({"a/config.yaml": "", "b/config.yaml": ""}), id="two folders"),
        pytest.param(tar({"a/b/config.yaml": ""}), id="too deep"),
        pytest.param(tar({"../config.yaml": ""}), id="path upwards"),
        pytest.param(tar({"/etc/headway/config.yaml": ""}), id="absolute path"),
        pytest.param(
            tar({**truss_files(), "data/passwd": link("data/passwd", "/etc/passwd")}), id="absolute link"
        ),
        pytest.param(tar({**truss_files(), "data/up": link("data/up", "../../up")}), id="link upwards"),
        pytest.param(
            tar({**truss_files(), "data/hard": link("data/hard", "/etc/passwd", tarfile.LNKTYPE)}),
            id="hard link",
        ),
        pytest.param(tar({**truss_files(), "data/pipe": link("data/pipe", "", tarfile.FIFOTYPE)}), id="pipe"),
        pytest.param(tar({**truss_files(), "model": "a file"}), id="file where a folder is"),
    ],
)
async def test_what_is_no_archive_of_a_truss_is_refused_and_nothing_stays(world, content):
    async with world() as it:
        error = await it.refused("POST", ECHO, 422, content=content)
        assert error["code"] == "invalid_archive"
        assert list((it.data_dir / "uploads").iterdir()) == []
        assert await it.get("/v1/models") == {"models": []}


async def test_more_files_or_bytes_than_the_bounds_are_refused(world, monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 10)
    monkeypatch.setattr(archives, "MOST_BYTES", 100_000)
    many = {**truss_files(), **{f"data/{n}": "" for n in range(10)}}
    large = {**truss_files(), "data/zeros": "0" * 100_000}
    async with world() as it:
        for files in (many, large):
            for content in (tar(files), zipped(files)):
                assert (await it.refused("POST", ECHO, 422, content=content))["code"] == "invalid_archive"
        monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
        error = await it.refused("POST", ECHO, 413, content=b"x" * 1001)
        assert error["code"] == "too_large"


async def test_a_client_that_leaves_while_it_sends_leaves_nothing(world):
    class LeftError(Exception): ...

    async def content():
        yield tar(truss_files())[:100]
        raise LeftError

    async with world() as it:
        with pytest.raises(LeftError):
            await it.api.post(ECHO, content=content())
        assert list((it.data_dir / "uploads").iterdir()) == []


async def test_what_a_killed_control_had_not_taken_wholly_is_removed(tmp_path):
    left = tmp_path / "uploads" / "tmpabc" / "unpacked"
    left.mkdir(parents=True)
    (left / "config.yaml").touch()
    uploads.discard_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
    uploads.discard_leftovers(tmp_path)


async def test_large_files_pushed_twice_are_one_deployment(world, monkeypatch):
    monkeypatch.setattr(trees, "LARGE_FILE_BYTES", 1000)
    content = zipped({**truss_files(), "data/weights": "w" * 2000})
    async with world() as it:
        first, second = [await it.push(content=content) for _ in range(2)]
        assert first["id"] == second["id"]
        other = await it.push(content=zipped({**truss_files(), "data/weights": "v" * 2000}))
        assert other["id"] != first["id"]


async def test_pushes_at_the_same_time_are_each_taken(world):
    async with world() as it:
        contents = [tar(truss_files(**{"data/n": str(number % 3)})) for number in range(9)]
        pushed = await asyncio.gather(*(it.push(content=content) for content in contents))
        assert len({one["id"] for one in pushed}) == 3
        stored = await it.plane.persistence.call(it.plane.persistence.store.load)
        assert {row.deployment_id for row in stored.deployments} == {one["id"] for one in pushed}


async def test_a_full_disk_is_told(world, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    async with world() as it:
        monkeypatch.setattr("tempfile.mkdtemp", full)
        error = await it.refused("POST", ECHO, 503, content=tar(truss_files()))
        assert (error["code"], error["message"]) == (
            "storage",
            "the archive cannot be kept: No space left on device",
        )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("data_dir: /etc", "data_dir"),
        ("external_package_dirs: [../../..]", "external_package_dirs[0]"),
        ("external_data: [{url: 'file:///etc/hostname', local_data_path: x}]", "file of the server"),
        ("requirements: ['--find-links /srv']", "its own files only"),
        ("examples_filename: /proc/kmsg", "made up by the kernel"),
    ],
)
async def test_a_truss_that_is_sent_names_no_file_of_the_server(world, config, words):
    async with world() as it:
        content = tar(truss_files(config), folder="echo/")
        error = await it.refused("POST", ECHO, 422, content=content)
        assert words in error["message"]
        assert await it.get("/v1/models") == {"models": []}


async def test_what_lies_beside_a_truss_in_its_archive_is_its_own(world):
    files = truss_files("external_package_dirs: [../shared]")
    content = tar({**{f"echo/{name}": text for name, text in files.items()}, "shared/words.py": ""})
    async with world() as it:
        pushed = await it.push(content=content)
        assert (it.desired_state.deployments[pushed["id"]].source / "packages/words.py").is_file()
