"""Files that a Truss may not name: those of the server that it is sent to, and those that are none."""

import os

import pytest

from headway.control.packages.entries import PreparationError
from headway.control.packages.lint import lint
from headway.control.packages.machine import Machine
from headway.control.packages.places import require_within
from headway.control.packages.snapshots import file_states, take_snapshot
from headway.model_server.truss.truss_config import InvalidTrussError, read_truss

MODEL = "class Model:\n    def predict(self, x):\n        return x\n"


@pytest.fixture
def archive(tmp_path):
    """What somebody sent, unpacked: a Truss in a folder, and a folder beside it."""
    top = tmp_path / "unpacked"
    (top / "truss/model").mkdir(parents=True)
    (top / "shared").mkdir()
    (top / "truss/model/model.py").write_text(MODEL, encoding="utf-8")
    outside = tmp_path / "outside"
    (outside / "model").mkdir(parents=True)
    (outside / "model/model.py").write_text(MODEL, encoding="utf-8")
    (outside / "list.txt").write_text("six", encoding="utf-8")
    return top


def judge(archive, config):
    (archive / "truss/config.yaml").write_text(config, encoding="utf-8")
    require_within(archive / "truss", archive)


@pytest.mark.parametrize(
    "config",
    [
        "",
        "external_package_dirs: [../shared]",
        "data_dir: ../shared",
        "data_dir: not/there",
        "external_data: [{url: 'https://example.com/x', local_data_path: x}]",
        "requirements: [six, '--find-links https://example.com']",
    ],
)
def test_what_stays_within_the_archive_is_fine(archive, config):
    judge(archive, config)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ("external_package_dirs: [../../outside]", "external_package_dirs[0]"),
        ("external_package_dirs: [/etc]", "external_package_dirs[0]"),
        ("data_dir: /etc", "data_dir"),
        ("data_dir: ../../outside", "data_dir"),
        ("bundled_packages_dir: ../../outside", "bundled_packages_dir"),
        ("model_module_dir: ../../outside/model", "model_module_dir"),
        ("model_class_filename: ../../../outside/model/model.py", "model_class_filename"),
        ("examples_filename: ../../outside/list.txt", "examples_filename"),
        ("requirements_file: ../../outside/list.txt", "requirements_file"),
        ("requirements_file: /etc/hostname", "requirements_file"),
        ("external_data: [{url: 'file:///etc/hostname', local_data_path: x}]", "external_data[0].url"),
        ("external_data: [{url: ' FILE:///etc/hostname', local_data_path: x}]", "external_data[0].url"),
        ("weights: [{source: 'file:///etc/hostname', mount_location: /app/x}]", "weights[0].source"),
        (
            "model_cache: [{repo_id: 'file:///etc', use_volume: true, volume_folder: x}]",
            "model_cache[0].repo_id",
        ),
    ],
)
def test_a_field_that_names_a_file_of_the_server_is_refused_by_its_name(archive, config, field):
    with pytest.raises(InvalidTrussError) as refused:
        judge(archive, config)
    assert refused.value.message.startswith(f"{field}: ")


def test_requirements_that_name_a_file_of_the_server_are_refused(archive):
    with pytest.raises(PreparationError, match="its own files only"):
        judge(archive, "requirements: ['-r /etc/hostname']")


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../outside", "/proc/self/environ", "/dev/zero"])
def test_links_that_lead_outside_are_refused(archive, target):
    (archive / "truss/data").symlink_to(target)
    with pytest.raises(InvalidTrussError, match=r"truss/data is a link to .*, outside what was sent"):
        judge(archive, "")


def test_links_within_the_archive_are_fine(archive):
    (archive / "truss/packages").symlink_to("../shared")
    (archive / "shared/a").write_text("", encoding="utf-8")
    (archive / "shared/b").hardlink_to(archive / "shared/a")
    judge(archive, "")


def test_a_hard_link_to_a_file_outside_is_refused(archive):
    (archive / "truss/data").hardlink_to(archive.parent / "outside/list.txt")
    with pytest.raises(InvalidTrussError, match="truss/data is a link to a file outside"):
        judge(archive, "")


def test_what_is_no_file_is_refused(archive):
    os.mkfifo(archive / "truss/data")
    with pytest.raises(InvalidTrussError, match="truss/data is neither a file nor a folder"):
        judge(archive, "")


@pytest.fixture
def own(archive, tmp_path):
    """A Truss of this machine's own, judged and copied."""

    def run(config=""):
        top = archive / "truss"
        (top / "config.yaml").write_text(config, encoding="utf-8")
        report = lint(top, Machine(tmp_path / "data", tmp_path / "hub", "/bin", "ada"))
        report.require_servable()
        return take_snapshot(read_truss(top), tmp_path / "snapshots", print).directory

    return run


@pytest.mark.parametrize(
    "config",
    [
        "data_dir: /proc/self",
        "data_dir: /dev",
        "external_package_dirs: [/proc]",
        "external_package_dirs: [/sys/kernel]",
        "bundled_packages_dir: /proc/self/task",
        "requirements_file: /proc/self/status",
        "requirements: ['-r /proc/self/status']",
        "requirements: ['-f /proc']",
        "external_data: [{url: 'file:///proc/self/environ', local_data_path: x}]",
        "external_data: [{url: 'file:///dev/zero', local_data_path: x}]",
    ],
)
def test_what_no_disk_has_is_refused_in_words_also_of_a_truss_of_ones_own(own, config):
    with pytest.raises(InvalidTrussError, match="made up by the kernel"):
        own(config)


@pytest.mark.parametrize("target", ["/proc/self/environ", "/dev/zero"])
def test_a_link_to_what_no_disk_has_is_refused_and_a_folder_of_it_never_entered(own, archive, target):
    (archive / "truss/data").mkdir()
    (archive / "truss/data/link").symlink_to(target)
    with pytest.raises(InvalidTrussError, match="made up by the kernel"):
        own()
    assert file_states(archive / "truss"), "who follows changes goes on"


def test_a_link_to_a_folder_of_the_kernels_is_never_entered(own, archive):
    (archive / "truss/packages").mkdir()
    (archive / "truss/packages/all").symlink_to("/proc")
    assert list((own() / "model").iterdir())


def test_a_truss_of_ones_own_may_name_other_folders_of_this_machine(own, tmp_path):
    outside = tmp_path / "outside"
    (outside / "data").write_text("d", encoding="utf-8")
    config = f"""
external_package_dirs: [../../outside]
data_dir: {outside}
model_module_dir: ../../outside/model
external_data: [{{url: '{(outside / "data").as_uri()}', local_data_path: more}}]
requirements: ['-r {outside / "list.txt"}']
"""
    copied = own(config)
    states = file_states(tmp_path / "unpacked/truss")
    assert {outside / "data", outside / "model/model.py"} <= {path.resolve() for path, *_ in states}
    assert (copied / "packages/list.txt").is_file()
    assert (copied / "data/data").read_text(encoding="utf-8") == "d"
    assert read_truss(copied).model_file == copied / "model/model.py"
