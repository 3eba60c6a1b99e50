"""Real uv, real environments; packages come from folders written here, so that only Headway's own are downloaded."""

import subprocess
import textwrap
import zipfile

import pytest

from headway.control.packages import environments
from headway.control.packages.declared import first_settings
from headway.control.packages.entries import PreparationError
from headway.control.packages.preparation import prepare
from headway.core.errors import InvalidSettingError
from headway.model_server.truss.truss_config import InvalidTrussError, parse_config

MODEL = "class Model:\n    def predict(self, x):\n        return x\n"


@pytest.fixture(autouse=True)
def small_image(monkeypatch):
    """Truss's image is forty packages; one stands for them here."""
    monkeypatch.setattr(environments, "IMAGE", ("six",))
    monkeypatch.setattr(environments, "IMAGE_PREFERENCE", "six<1.17")


@pytest.fixture
def truss(tmp_path):
    def write(config="", **files):
        top = tmp_path / "truss"
        for name, text in {"config__yaml": config, "model___model__py": MODEL, **files}.items():
            path = top / name.replace("___", "/").replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return top

    return write


@pytest.fixture
def prepared(tmp_path):
    def run(top, said=None):
        return prepare(top, data_dir=tmp_path / "data", progress=(said if said is not None else []).append)

    return run


def evaluate(model, expression):
    """What Python code gives in the model's environment and working directory."""
    command = [model.interpreter, "-c", f"import sys; sys.path.insert(0, ''); print({expression})"]
    done = subprocess.run(
        command,
        cwd=model.directory,
        env={**model.environment_variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_truss_without_requirements_gets_what_its_image_has_and_headway_alone(truss, prepared):
    model = prepared(truss("environment_variables: {GREETING: hi}"))
    assert evaluate(model, "__import__('six').__version__ < '1.17'") == "True"
    assert evaluate(model, "__import__('headway.model_server').__name__") == "headway"
    assert evaluate(
        model, "[__import__(n) and 1 for n in ('uvloop', 'httptools', 'msgpack', 'yaml', 'jiter', 'orjson')]"
    )
    assert evaluate(model, "__import__('importlib.util').util.find_spec('typer')") == "None"
    assert evaluate(model, "__import__('os').environ['GREETING']") == "hi"
    assert evaluate(model, "__import__('shutil').which('python')") == str(model.interpreter)


def test_the_second_time_nothing_is_built_and_equal_requirements_share(truss, prepared):
    first = prepared(truss("requirements: [six]"))
    said = []
    assert prepared(truss("requirements: [six]"), said) == first
    other = prepared(truss("requirements: [six]\ndescription: other"), said)
    assert said == []
    assert other.interpreter == first.interpreter
    assert other.directory != first.directory


def test_the_models_pin_wins_over_what_truss_prefers(truss, prepared):
    said = []
    model = prepared(truss("requirements: [six==1.17.0]"), said)
    assert evaluate(model, "__import__('six').__version__") == "1.17.0"
    assert not [line for line in said if line.startswith("error")]


def test_a_clash_is_told_in_uvs_words(truss, prepared):
    with pytest.raises(PreparationError) as clash:
        prepared(truss("requirements: [six==1.16.0, six==1.17.0]"))
    assert "six==1.16.0 and six==1.17.0" in clash.value.message
    assert "requirements" in clash.value.hint


def test_packages_of_the_truss_itself_can_be_required(truss, prepared):
    model = prepared(
        truss(
            "requirements_file: wanted.txt",
            wanted__txt="./libs/own\n",
            libs___own___pyproject__toml="""\
                [build-system]
                requires = ["hatchling"]
                build-backend = "hatchling.build"
                [project]
                name = "own"
                version = "7"
                """,
            libs___own___own__py="number = 7\n",
        )
    )
    assert evaluate(model, "__import__('own').number") == "7"


def wheel(folder, number):
    """A wheel of a package whose version stays while its content changes."""
    folder.mkdir(parents=True, exist_ok=True)
    made = "own-1.0.dist-info"
    with zipfile.ZipFile(folder / "own-1.0-py3-none-any.whl", "w") as file:
        file.writestr("own.py", f"number = {number}\n")
        file.writestr(f"{made}/METADATA", "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n")
        file.writestr(f"{made}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{made}/RECORD", "")


@pytest.mark.parametrize("place", ["truss/data", "elsewhere"])
def test_a_changed_wheel_behind_a_list_of_links_is_what_is_served(truss, prepared, tmp_path, place):
    links = "./data" if place == "truss/data" else str(tmp_path / place)
    config = f'requirements: ["-r base.txt", "--find-links {links}"]'
    for number in (7, 8):
        wheel(tmp_path / place, number)
        model = prepared(truss(config, base__txt="own\n"))
        assert evaluate(model, "__import__('own').number") == str(number)
    assert prepared(truss(config, base__txt="own\n")) == model


def test_a_project_file_and_a_lock_file_are_understood(truss, prepared):
    project = (
        '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["six==1.16.0"]\n'
    )
    model = prepared(truss("requirements_file: pyproject.toml", pyproject__toml=project))
    assert evaluate(model, "__import__('six').__version__") == "1.16.0"
    lock = """\
        version = 1
        requires-python = ">=3.11"
        [[package]]
        name = "a"
        version = "1"
        source = { virtual = "." }
        dependencies = [{ name = "idna" }]
        [[package]]
        name = "idna"
        version = "3.9"
        source = { registry = "https://pypi.org/simple" }
        """
    project = project.replace("six==1.16.0", "idna")
    model = prepared(truss("requirements_file: uv.lock", pyproject__toml=project, uv__lock=lock))
    assert evaluate(model, "__import__('importlib.metadata').metadata.version('idna')") == "3.9"


def test_build_commands_run_in_the_environment_and_leave_the_snapshot_as_it_is(truss, prepared):
    config = (
        "build_commands: [\"python -c 'import six' && mkdir -p packages && echo n=1 > packages/made.py\"]"
    )
    model = prepared(truss(config))
    assert (model.directory / "packages" / "made.py").read_text() == "n=1\n"
    assert prepared(truss(config)) == model
    snapshots = model.directory.parents[2] / "snapshots"
    assert not list(snapshots.rglob("made.py"))


def test_a_build_command_sees_nothing_of_its_operator(truss, prepared, monkeypatch):
    monkeypatch.setenv("OPERATORS_TOKEN", "hidden")
    monkeypatch.setenv("TRUSS_SECRET_token", "hidden")
    monkeypatch.setenv("HEADWAY_PASS_ENVIRONMENT", "PASSED_*")
    monkeypatch.setenv("PASSED_ON", "seen")
    model = prepared(truss("secrets: {token: null}\nbuild_commands: ['env > seen.txt']"))
    seen = (model.directory / "seen.txt").read_text(encoding="utf-8")
    assert "hidden" not in seen
    assert "PASSED_ON=seen" in seen
    assert "HOME=" in seen


def test_a_build_command_that_fails_is_named_with_its_words(truss, prepared):
    with pytest.raises(PreparationError) as failed:
        prepared(truss('build_commands: ["echo no luck >&2; exit 3"]'))
    assert "echo no luck" in failed.value.message
    assert "no luck\n(exit code 3)" in failed.value.message


def test_what_is_not_on_this_machine_is_a_warning(truss, prepared):
    model = prepared(truss("python_version: py39\nsystem_packages: [base-files, no-such-package-here]"))
    assert any("python_version py39" in warning for warning in model.warnings)
    [warning] = [warning for warning in model.warnings if warning.startswith("system_packages")]
    assert "no-such-package-here" in warning


def test_a_server_that_only_its_image_can_start_is_refused(truss, prepared):
    top = truss(
        "docker_server: {no_build: true, server_port: 80, predict_endpoint: /,"
        " readiness_endpoint: /, liveness_endpoint: /}\nbase_image: {image: some/server}"
    )
    with pytest.raises(InvalidTrussError, match="docker_server"):
        prepared(top)


def test_a_first_deployment_starts_with_its_target_at_the_predict_concurrency(tmp_path):
    config = parse_config("runtime: {predict_concurrency: 3}", tmp_path)
    assert first_settings(config).concurrency_target == 3
    text = "model_metadata: {headway: {concurrency_target: 5, queue_limit: 7}}"
    settings = first_settings(parse_config(text, tmp_path))
    assert (settings.concurrency_target, settings.queue_limit) == (5, 7)
    with pytest.raises(InvalidSettingError):
        first_settings(parse_config("model_metadata: {headway: {concurrency_target: 0}}", tmp_path))


def test_what_is_a_snapshot_already_is_not_copied_again(truss, prepared, tmp_path, monkeypatch):
    monkeypatch.setattr("headway.control.packages.trees.LARGE_FILE_BYTES", 1000)
    first = prepared(truss(data___weights="w" * 2000))
    assert prepared(first.directory).directory == first.directory
    assert len([path for path in (tmp_path / "data/snapshots").iterdir() if path.is_dir()]) == 1
