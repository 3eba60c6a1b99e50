import pytest

from headway.control.packages.attachments import Sources, attachments, leads_to
from headway.control.packages.entries import PreparationError
from headway.control.packages.snapshots import take_snapshot
from headway.model_server.truss.truss_config import InvalidTrussError, read_truss


@pytest.fixture
def attached(tmp_path):
    """The attachments of a Truss with this config.yaml."""

    def run(config, **known):
        top = tmp_path / "truss"
        (top / "model").mkdir(parents=True, exist_ok=True)
        (top / "model/model.py").write_text("class Model: ...\n", encoding="utf-8")
        (top / "config.yaml").write_text(config, encoding="utf-8")
        sources = Sources(tmp_path / "downloads", tmp_path / "models", **known)
        run.config = read_truss(top)
        return attachments(run.config, sources, print)

    return run


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words and more.txt"
    path.write_text("some words", encoding="utf-8")
    return path


def test_external_data_lies_in_the_data_folder_of_the_snapshot(attached, tmp_path, words):
    found = attached(f"external_data: [{{url: '{words.as_uri()}', local_data_path: deep/words.txt}}]")
    assert found.links == {"data/deep/words.txt": words}
    first = take_snapshot(attached.config, tmp_path / "snapshots", print, found.links)
    assert (first.directory / "data/deep/words.txt").read_text() == "some words"
    words.write_text("other words", encoding="utf-8")
    assert take_snapshot(attached.config, tmp_path / "snapshots", print, found.links).digest != first.digest


def test_external_data_wins_over_a_file_of_the_truss(attached, tmp_path, words):
    (tmp_path / "truss/data").mkdir(parents=True)
    (tmp_path / "truss/data/words.txt").write_text("old", encoding="utf-8")
    found = attached(f"external_data: [{{url: '{words.as_uri()}', local_data_path: words.txt}}]")
    snapshot = take_snapshot(attached.config, tmp_path / "snapshots", print, found.links)
    assert (snapshot.directory / "data/words.txt").read_text() == "some words"


@pytest.mark.parametrize("path", ["../words.txt", "/etc/words.txt", "a/../../b", "''"])
def test_external_data_stays_inside_the_data_folder(attached, path):
    with pytest.raises(InvalidTrussError, match=r"external_data\[0\]\.local_data_path"):
        attached(f"external_data: [{{url: 'file:///etc/hostname', local_data_path: {path}}}]")


def test_a_url_that_nothing_can_be_had_from_is_named(attached, tmp_path):
    missing = (tmp_path / "missing").as_uri()
    with pytest.raises(PreparationError, match=missing):
        attached(f"external_data: [{{url: '{missing}', local_data_path: a}}]")
    with pytest.raises(InvalidTrussError, match="s3://bucket/key"):
        attached("external_data: [{url: 's3://bucket/key', local_data_path: a}]")


CACHED = "model_cache: [{repo_id: ada/tiny, revision: main, use_volume: true, volume_folder: tiny}]"


def test_a_hubs_model_is_linked_where_the_model_expects_it(attached, tmp_path):
    (tmp_path / "models/ada/tiny").mkdir(parents=True)
    (tmp_path / "models/ada/tiny/weights").write_text("w", encoding="utf-8")
    found = attached(CACHED)
    assert found.warnings == []
    snapshot = take_snapshot(attached.config, tmp_path / "snapshots", print, found.links)
    assert (snapshot.directory / "model_cache/tiny/weights").read_text() == "w"


def test_a_hubs_model_that_is_not_on_this_machine_is_a_warning_that_says_where_it_belongs(attached, tmp_path):
    found = attached(CACHED)
    assert found.links == {}
    (warning,) = found.warnings
    assert f"ada/tiny is not at {tmp_path / 'models/ada/tiny'}" in warning
    assert "--model-cache-dir" in warning


def test_a_truss_that_brings_the_hubs_model_itself_is_left_alone(attached, tmp_path):
    (tmp_path / "truss/model_cache/tiny").mkdir(parents=True)
    found = attached(CACHED)
    assert (found.links, found.warnings) == ({}, [])


def test_a_cached_model_without_a_folder_is_a_warning(attached):
    (warning,) = attached("model_cache: [{repo_id: ada/tiny, use_volume: false}]").warnings
    assert "no volume_folder" in warning


def test_weights_below_app_are_linked_by_scheme(attached, tmp_path, words):
    (tmp_path / "models/ada/tiny").mkdir(parents=True)
    found = attached(
        "weights:\n"
        "- {source: 'hf://ada/tiny@main', mount_location: /app/weights/tiny}\n"
        f"- {{source: '{words.as_uri()}', mount_location: /app/words}}\n"
    )
    assert found.links == {
        "weights/tiny": tmp_path / "models/ada/tiny",
        "words/words and more.txt": words,
    }
    assert found.warnings == []


def test_weights_elsewhere_must_be_on_this_machine_already(attached, tmp_path):
    text = "weights: [{{source: 'hf://ada/tiny', mount_location: {}}}]"
    (warning,) = attached(text.format(tmp_path / "nowhere")).warnings
    assert "is not on this machine" in warning
    assert attached(text.format(tmp_path)).warnings == []


def test_weights_are_anywhere_for_a_model_in_a_world_of_its_own(attached, tmp_path, words):
    (tmp_path / "models/ada/tiny").mkdir(parents=True)
    text = "weights: [{{source: '{}', mount_location: {}}}]"
    found = attached(text.format("hf://ada/tiny@main", "/models/tiny"), can_mount=True)
    assert found.mounts == {"/models/tiny": tmp_path / "models/ada/tiny"}
    assert (found.links, found.warnings) == ({}, [])
    found = attached(text.format(words.as_uri(), "/models"), can_mount=True)
    assert found.mounts == {"/models/words and more.txt": words}
    (warning,) = attached(text.format("hf://ada/none", "/models/none"), can_mount=True).warnings
    assert "so /models/none is missing" in warning


@pytest.mark.parametrize("place", ["/", "/proc/x", "/dev/shm/x", "/models/../etc"])
def test_weights_are_not_put_where_the_kernel_or_nothing_is(attached, place):
    with pytest.raises(InvalidTrussError, match="where nothing can be put"):
        attached(f"weights: [{{source: 'hf://ada/tiny', mount_location: {place}}}]", can_mount=True)


def test_what_links_in_a_folder_lead_to_is_needed_with_it(tmp_path):
    blob, snapshot = tmp_path / "blobs" / "1", tmp_path / "snapshots" / "main"
    for folder in (blob.parent, snapshot / "deep"):
        folder.mkdir(parents=True)
    blob.touch()
    (snapshot / "deep" / "model.bin").symlink_to("../../../blobs/1")
    (snapshot / "own").symlink_to("deep")
    (tmp_path / "latest").symlink_to(snapshot)
    assert leads_to([tmp_path / "latest"]) == (snapshot, blob)
