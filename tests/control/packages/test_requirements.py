import pytest

from headway.control.packages.entries import PreparationError
from headway.control.packages.interpreters import Interpreter, choose
from headway.control.packages.requirements import read_requirements
from headway.model_server.truss.truss_config import parse_config


@pytest.fixture
def read(tmp_path):
    """The requirements of a Truss with these files; each call may change them."""

    def read(config, files=None, **options):
        top = tmp_path / "truss"
        top.mkdir(exist_ok=True)
        for name, text in (files or {}).items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text, encoding="utf-8")
        return read_requirements(parse_config(config, top), top, **options)

    return read


def test_an_included_file_decides_too(read):
    config = "requirements_file: requirements.txt"
    files = {"requirements.txt": "-r more.txt\nsix\n"}
    first = read(config, {**files, "more.txt": "idna==3.9"})
    second = read(config, {**files, "more.txt": "idna==3.10"})
    assert first.fingerprint != second.fingerprint
    assert second.lines == ("idna==3.10", "six")


def test_a_list_takes_what_a_file_takes(read):
    files = {"sub/base.txt": "-c bounds.txt\n-f ./wheels\nsix\n./libs/own", "sub/bounds.txt": "six<2"}
    files |= {"sub/wheels/x": "", "libs/own/pyproject.toml": "", "data/y": ""}
    in_list = read('requirements: ["-r sub/base.txt", "--find-links ./data", idna]', files)
    in_file = read("requirements_file: all.txt", {"all.txt": "-r sub/base.txt\n--find-links ./data\nidna\n"})
    assert in_list == in_file
    assert in_list.lines == ("six", "./libs/own", "idna")
    assert in_list.constraints == ("six<2",)
    assert [path.rpartition("/truss/")[2] for path in in_list.options[1::2]] == ["sub/wheels", "data"]
    assert in_list.options[::2] == ("-f", "--find-links")


def test_equal_requirements_are_equal_wherever_they_were_written(read):
    assert read("requirements: [six, idna]").fingerprint == (
        read(
            "requirements_file: all.txt", {"all.txt": "# ours\nsix\n\n-r more.txt", "more.txt": "idna"}
        ).fingerprint
    )
    assert read("requirements: [six]").fingerprint != read("requirements: [idna]").fingerprint


def test_files_that_include_each_other_are_read_once(read):
    assert read("requirements_file: a.txt", {"a.txt": "six\n-r b.txt", "b.txt": "idna\n-r a.txt"}).lines == (
        "six",
        "idna",
    )


LOCAL = {
    "wheels/own-1.0-py3-none-any.whl": "",
    "own-1.0.tar.gz": "",
    "pkg/pyproject.toml": "",
    "data/x.whl": "",
}


@pytest.mark.parametrize(
    ("line", "local"),
    [
        ("six==1.17.0", False),
        ("-e ./pkg", True),
        ("-e pkg[all]", True),
        ("./wheels/own-1.0-py3-none-any.whl", True),
        ("wheels/own-1.0-py3-none-any.whl", True),
        ("own-1.0.tar.gz", True),
        ("own @ ./own-1.0.tar.gz", True),
        ("-f data", True),
        ("--find-links=./data", True),
        ("--extra-index-url ./data", True),
        ("own @ https://example.com/own.whl", False),
        ("git+https://example.com/own.git", False),
        ("--find-links https://example.com/wheels", False),
        ("--extra-index-url https://example.com/simple", False),
    ],
)
def test_only_requirements_that_name_files_tie_an_environment_to_its_truss(read, line, local):
    assert read(f'requirements: ["{line}"]', LOCAL).use_local_files is local


@pytest.mark.parametrize(
    "line", ["-f {}", "--find-links=file://{}", "-e {}", "own @ file://{}/own.whl", "{}/own.whl"]
)
def test_files_elsewhere_on_this_machine_are_known_by_their_contents(read, tmp_path, line):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    wheel, config = elsewhere / "own.whl", f'requirements: ["{line.format(elsewhere)}"]'
    wheel.write_text("old", encoding="utf-8")
    first = read(config)
    assert not first.use_local_files
    assert read(config).fingerprint == first.fingerprint
    wheel.write_text("new", encoding="utf-8")
    assert read(config).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("config", "files", "message"),
    [
        ('requirements: ["-r base.txt"]', {}, "requirements: -r base.txt: base.txt does not exist"),
        (
            'requirements: ["--find-links ./data"]',
            {},
            "requirements: --find-links ./data: ./data does not exist",
        ),
        ('requirements: ["./own.whl"]', {}, "requirements: ./own.whl: ./own.whl does not exist"),
        ('requirements: ["-e /no/such/own"]', {}, "-e /no/such/own: /no/such/own does not exist"),
        (
            "requirements_file: a.txt",
            {"a.txt": "-r b.txt", "b.txt": "-c c.txt"},
            "b.txt: -c c.txt: c.txt does not",
        ),
        ('requirements: ["-r ../base.txt"]', {"../base.txt": "six"}, "../base.txt leads out of the Truss"),
        ("requirements_file: a.txt", {}, "requirements_file: cannot read a.txt"),
        (
            'requirements: ["-r a.txt"]',
            {"a.txt/x": ""},
            "requirements: -r a.txt: cannot read a.txt: Is a directory",
        ),
    ],
)
def test_a_file_that_is_missing_is_named_as_its_author_wrote_it(read, config, files, message):
    with pytest.raises(PreparationError) as missing:
        read(config, files)
    assert message in missing.value.message


@pytest.mark.parametrize(
    "line",
    [
        *(
            "-r /etc/hostname",
            "-c /etc/hostname",
            "-f /etc",
            "--find-links file:///etc",
            "-e ~/own",
            "/srv/own.whl",
        ),
        *(
            "own @ file:///srv/own.whl",
            "-i /etc",
            "-e git+file:///srv/own",
            "-f ${HOME}/wheels",
            "git+file:///srv/own",
        ),
    ],
)
def test_a_truss_that_is_sent_names_no_file_of_the_server(read, line):
    with pytest.raises(PreparationError) as refused:
        read(f'requirements: ["{line}"]', may_leave=False)
    assert line in refused.value.message
    assert "its own files only" in refused.value.message
    with pytest.raises(PreparationError, match="its own files only"):
        read("requirements_file: a.txt", {"a.txt": f"-r b.txt\n{line}", "b.txt": line}, may_leave=False)


@pytest.mark.parametrize(
    "text",
    [
        '[tool.uv.sources]\nown = { path = "/srv/own" }',
        '[project]\ndependencies = ["own @ file:///srv/own"]',
        '[tool.uv]\nfind-links = ["/srv/wheels"]',
    ],
)
def test_a_project_that_is_sent_names_none_either(read, text):
    with pytest.raises(PreparationError, match="its own files only"):
        read("requirements_file: pyproject.toml", {"pyproject.toml": text}, may_leave=False)


def test_a_lock_file_needs_its_project_file(read):
    with pytest.raises(PreparationError, match=r"cannot read pyproject\.toml"):
        read("requirements_file: uv.lock", {"uv.lock": "version = 1"})


@pytest.mark.parametrize(
    "text",
    [
        '[tool.uv.sources]\nown = { path = "libs/own" }',
        '[project]\ndependencies = ["own @ ./libs/own"]',
        '[tool.uv]\nfind-links = ["./libs"]',
    ],
)
def test_a_project_with_sources_in_the_truss_is_tied_to_it(read, text):
    config, files = "requirements_file: pyproject.toml", {"libs/own/x": ""}
    assert not read(config, {**files, "pyproject.toml": '[project]\nname = "a"'}).use_local_files
    assert read(config, {**files, "pyproject.toml": text}).use_local_files
    assert not read(config, {**files, "pyproject.toml": "no toml ["}).use_local_files, (
        "uv says so, in its words"
    )


@pytest.mark.parametrize(
    ("wanted", "here", "chosen"),
    [
        (12, ["3.11.2", "3.12.1"], "3.12.1"),
        (9, ["3.9.18", "3.12.1", "3.11.2"], "3.11.2"),
        (13, ["3.11.2", "3.12.1"], "3.12.1"),
        (13, ["3.14.0", "3.12.1"], "3.12.1"),
    ],
)
def test_the_nearest_interpreter_from_3_11_on_is_chosen(tmp_path, wanted, here, chosen):
    assert choose(wanted, [Interpreter(tmp_path / one, one) for one in here]).version == chosen
