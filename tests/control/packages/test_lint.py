"""What is told of a Truss before it runs: one list, whoever asks for it."""

import getpass
import textwrap
from pathlib import Path

import pytest

from headway.backends.isolation.bubblewrap import NoSandboxError
from headway.backends.isolation.sandbox import Sandbox
from headway.control.packages import machine as machine_module
from headway.control.packages import on_machine
from headway.control.packages.findings import Level, warnings_of
from headway.control.packages.interpreters import Interpreter
from headway.control.packages.lint import lint
from headway.control.packages.machine import Machine, has_secret, missing_system_packages, this_machine
from headway.control.packages.on_machine import first_program

MODEL = "class Model:\n    def predict(self, x):\n        return x\n"
SERVER = "server_port: 80, predict_endpoint: /, readiness_endpoint: /, liveness_endpoint: /"


@pytest.fixture
def found(tmp_path, monkeypatch):
    """The findings of a Truss on a small machine, without those that every Truss has."""
    monkeypatch.setattr(on_machine, "pick_interpreter", lambda _: (Interpreter(tmp_path, "3.12.1"), ()))
    top, path = tmp_path / "truss", tmp_path / "bin"
    path.mkdir()
    (path / "serve-it").write_text("#!/bin/sh\n", encoding="utf-8")
    (path / "serve-it").chmod(0o755)

    def write(config="", model=MODEL, *, name=None, settings=None, files=(), **known):
        for place, text in {"config.yaml": config, "model/model.py": model, **dict(files)}.items():
            (top / place).parent.mkdir(parents=True, exist_ok=True)
            (top / place).write_text(textwrap.dedent(text), encoding="utf-8")
        machine = Machine(tmp_path / "data", tmp_path / "hub", str(path), "ada", **known)
        findings = lint(top, machine, name=name, settings=settings).findings
        return [one for one in findings if "runs on Python" not in one.message]

    return write


def texts(findings, level=Level.WARNING):
    assert {one.level for one in findings} <= {level}, findings
    return [one.text for one in findings]


def test_of_a_plain_truss_only_its_python_is_told(found):
    assert found() == []


def test_which_python_runs_the_model_is_told(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "config.yaml").write_text("", encoding="utf-8")
    [note] = lint(tmp_path, this_machine(tmp_path)).findings
    assert (note.level, "runs on Python 3." in note.message) == (Level.NOTE, True)
    (tmp_path / "config.yaml").write_text("python_version: py39", encoding="utf-8")
    told = warnings_of(lint(tmp_path, this_machine(tmp_path)).findings)
    assert any("python_version py39 is not on this machine; the model runs on" in one for one in told)


def test_build_commands_are_told_with_who_runs_them(found, tmp_path):
    [told] = texts(found("build_commands: [make all, 'rm -rf build']"))
    assert told.startswith("build_commands run on this machine as ada, in a copy of the Truss")
    assert told.endswith("make all; rm -rf build")
    assert this_machine(tmp_path).user == getpass.getuser()


def test_a_start_command_is_told_with_who_runs_it_and_what_is_missing(found):
    [told] = texts(found(f"docker_server: {{start_command: serve-it --port 80, {SERVER}}}"))
    assert told == "docker_server: start_command runs on this machine as ada, not in an image"
    _, missing = texts(found(f"docker_server: {{start_command: other-thing --port 80, {SERVER}}}"))
    assert "there is no program other-thing on this machine, and every start will fail" in missing
    *_, note = found(
        f"requirements: [other]\ndocker_server: {{start_command: other-thing --port 80, {SERVER}}}"
    )
    assert (note.level, "has to come with the requirements" in note.message) == (Level.NOTE, True)


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("vllm serve m", "vllm"),
        ("A=1 B='2 3' exec vllm serve", "vllm"),
        ("sh -c 'exec vllm serve --port ${PORT}'", "vllm"),
        ('/bin/bash -ec "X=1 vllm serve"', "vllm"),
        ("bash -c 'cd /x && ./run'", "bash"),
        ("sh run.sh", "sh"),
        ("$PROGRAM x", None),
        ("'unfinished", None),
        ("", None),
        ("./run.sh", "./run.sh"),
    ],
)
def test_the_program_of_a_start_command_is_found_in_its_words(command, program):
    assert first_program(command) == program


def test_a_relative_program_is_one_of_the_truss(found):
    config = f"docker_server: {{start_command: ./run.sh --port 80, {SERVER}}}"
    assert any("no program ./run.sh" in one.message for one in found(config))
    found(config, files=[("run.sh", "#!/bin/sh\n")])


def test_a_base_images_python_that_is_not_here_is_told(found):
    config = "base_image: {image: some/image, python_executable_path: /opt/nowhere/python}"
    assert any("/opt/nowhere/python is not on this machine" in one for one in texts(found(config)))


@pytest.mark.parametrize(
    ("config", "gpus", "level", "told"),
    [
        ("", ("0",), Level.NOTE, "sees no GPU of 0"),
        ("resources: {accelerator: T4}", (), Level.WARNING, "has no GPU, so no replica has a place"),
        (
            "resources: {accelerator: T4}",
            ("0", "1"),
            Level.NOTE,
            "one GPU is set aside for each replica, of any kind",
        ),
        (
            "resources: {accelerator: 'T4:2'}",
            ("0", "1"),
            Level.WARNING,
            "one GPU is set aside for each replica, not 2",
        ),
    ],
)
def test_which_gpu_is_set_aside_is_told(found, config, gpus, level, told):
    [finding] = found(config, gpus=gpus)
    assert (finding.level, told in finding.message) == (level, True)


def test_secrets_without_a_value_are_told(found, tmp_path, monkeypatch):
    config = "secrets: {filed: null, empty: null, in_variable: null, given: literal, none: null}"
    (tmp_path / "filed").write_text("v", encoding="utf-8")
    (tmp_path / "empty").touch()
    monkeypatch.setenv("TRUSS_SECRET_in_variable", "v")
    told = texts(found(config, secrets_dir=tmp_path))
    assert [one.split()[1] for one in told] == ["empty", "none"]
    assert "headway secrets set none" in told[1]
    assert not has_secret("../filed", tmp_path / "truss")
    assert not has_secret("\0", tmp_path)


def test_models_of_hubs_without_a_folder_are_told(found):
    [told] = texts(found("model_cache: [{repo_id: ada/tiny, use_volume: true}]"))
    assert "ada/tiny has no volume_folder, so nothing is linked" in told
    [told] = texts(found("model_cache: [{repo_id: ada/tiny, use_volume: true, volume_folder: tiny}]"))
    assert "is not at" in told


def test_nothing_is_downloaded(found, monkeypatch):
    monkeypatch.setattr("headway.control.packages.downloads.download", None)
    assert found("external_data: [{url: 'http://127.0.0.1:9/x', local_data_path: x}]") == []


def test_data_that_cannot_be_had_is_an_error(found):
    [error] = found("external_data: [{url: 'file:///no/such', local_data_path: x}]")
    assert (error.level, "there is no such file" in error.message) == (Level.ERROR, True)


@pytest.mark.parametrize("engine", ["trt_llm", "bis_llm"])
def test_a_truss_that_is_only_an_engine_is_told_so(found, engine):
    config = f"{engine}: {{build: {{}}}}\nmodel_module_dir: nowhere"
    [error] = found(config)
    assert error.level is Level.ERROR
    assert error.message.startswith(f"{engine}: the Truss is only a")


def test_paths_of_the_image_are_told_where_they_stand(found):
    model = '''\
        """Reads /app/data."""
        import router

        class Model:
            """/secrets are read."""

            @router.get("/app/route")
            def predict(self, x):
                "/app in words"
                return open("/app/data/words.txt"), f"/secrets/{x}", "s3://bucket/app/x", "/appendix", "/dev/null"
        '''
    config = """\
        environment_variables: {WORDS: "/packages/words"}
        build_commands: ["cp /app/a /app/b", "cp ${HOME}/app/a /usr/app"]
        """
    told = [one for one in found(config, model, files=[("packages/own.py", "PLACE = '/app'\n")]) if one.hint]
    assert [(one.place, one.message.split()[0]) for one in told] == [
        ("config.yaml: build_commands", "/app/a"),
        ("config.yaml: build_commands", "/app/b"),
        ("config.yaml: environment_variables.WORDS", "/packages/words"),
        ("model/model.py:10", "/app/data/words.txt"),
        ("model/model.py:10", "/secrets"),
        ("packages/own.py:1", "/app"),
    ]
    assert "relative" in told[0].hint
    assert told[0].text.startswith("build_commands: /app/a is not on this machine; ")


def test_paths_of_the_image_in_a_start_command_are_told(found):
    config = f"docker_server: {{start_command: serve-it --config=/app/data/c.yaml --port 80, {SERVER}}}"
    assert any("/app/data/c.yaml is not on this machine" in one for one in texts(found(config)))


def test_of_very_many_paths_some_are_told(found):
    model = MODEL + "".join(f"P{n} = '/app/{n}'\n" for n in range(50))
    told = texts(found(model=model))
    assert len(told) == 11
    assert told[-1].endswith("and 40 more paths of Truss's image")


def test_code_that_is_nested_deeply_but_valid_is_read(found):
    sum_ = " + ".join(["'/app/x'"] + ["''"] * 900)
    assert len(found(model=f"{MODEL}X = {sum_}\n")) == 1


def test_system_packages_are_told_where_that_can_be_seen(found, monkeypatch):
    monkeypatch.setattr(on_machine, "missing_system_packages", lambda _: None)
    assert "cannot see" in texts(found("system_packages: [ffmpeg]"))[0]
    monkeypatch.setattr(on_machine, "missing_system_packages", lambda _: ["ffmpeg"])
    assert "not on this machine: ffmpeg" in texts(found("system_packages: [ffmpeg, git]"))[0]
    monkeypatch.setattr(machine_module.shutil, "which", lambda *_, **__: None)
    assert missing_system_packages(["ffmpeg"]) is None


def test_a_name_that_does_not_fit_is_told_unless_another_was_chosen(found):
    assert "--name" in texts(found("model_name: my model"))[0]
    assert found("model_name: my model", name="mine") == []


def test_settings_that_were_chosen_count(found):
    config = "runtime: {predict_concurrency: 4}\nmodel_metadata: {headway: {concurrency_target: 2}}"
    assert "is below predict_concurrency" in texts(found(config))[0]
    assert found(config, settings={"concurrency_target": 4}) == []


APART = "model_metadata: {headway: {isolation: %s}}\nbuild_commands: [touch /app/x]\n"
USES_APP = MODEL + "\nOPENED = '/app/data/x'\n"


def test_in_a_sandbox_paths_of_the_image_are_there_and_commands_are_not_this_machines(found, monkeypatch):
    monkeypatch.setattr(
        machine_module, "sandbox_here", lambda *_: Sandbox(Path("/bin/bwrap"), can_layer=True)
    )
    told = texts(found(APART % "sandbox", USES_APP), Level.NOTE)
    assert told[0] == "isolation: the model runs in a sandbox, by /bin/bwrap"
    assert "build_commands run in a sandbox as ada" in told[1]
    assert told == texts(found(APART % "auto", USES_APP), Level.NOTE)


def test_what_a_sandbox_lacks_is_told_with_what_becomes_of_the_model(found, monkeypatch):
    missing = NoSandboxError("there is no bubblewrap on this machine", hint="install it")
    monkeypatch.setattr(machine_module, "sandbox_here", lambda *_: missing)
    must, may = ([one.text for one in found(APART % wanted, USES_APP)] for wanted in ("sandbox", "auto"))
    assert "isolation is sandbox, and no replica can start: there is no bubblewrap" in must[0]
    assert "the model runs without a sandbox, for there is no bubblewrap on this machine" in may[0]
    assert all("install it" in one for one in (must[0], may[0]))
    assert any("/app/data/x is not on this machine" in one for one in may)


def test_an_unknown_isolation_is_refused_with_the_nearest(found):
    [error] = found("model_metadata: {headway: {isolation: sandbx}}")
    assert error.level is Level.ERROR
    assert "did you mean sandbox?" in error.text
