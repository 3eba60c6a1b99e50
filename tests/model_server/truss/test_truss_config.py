"""What a config.yaml becomes, and what is said about one that cannot be served."""

from pathlib import Path

import pytest

from headway.model_server.truss.truss_config import (
    HealthChecks,
    InvalidTrussError,
    Transport,
    parse_config,
    read_truss,
)


def parse(text):
    return parse_config(text, Path("/truss"))


def test_an_empty_file_is_every_default():
    config = parse("")

    assert config.predict_concurrency == 1
    assert config.streaming_read_timeout == 60.0
    assert config.model_file == Path("/truss/model/model.py")
    assert config.python_version == "py313"
    assert config.transport == Transport("http")
    assert config.health_checks == HealthChecks()
    assert config.headway.gated == ("predict",)
    assert config.headway.on_disconnect == "cancel"
    assert config.headway.settings == {}
    assert config.warnings == ()
    assert config.docker_server is None


def test_the_model_sees_every_default_filled_in():
    expanded = parse("model_name: x").expanded

    assert expanded["model_name"] == "x"
    assert expanded["resources"] == {"cpu": "1", "memory": "2Gi", "accelerator": None, "use_gpu": False}
    assert expanded["runtime"]["transport"] == {"kind": "http"}
    assert expanded["runtime"]["is_websocket_endpoint"] is False
    assert expanded["runtime"]["health_checks"]["startup_threshold_seconds"] is None
    assert expanded["build"]["model_server"] == "TrussServer"
    assert expanded["spec_version"] == "2.0"


def test_unknown_keys_are_kept_on_every_level():
    expanded = parse("mine: [1]\nruntime: {mine: 2}\nresources: {mine: 3}").expanded

    assert expanded["mine"] == [1]
    assert expanded["runtime"]["mine"] == 2
    assert expanded["resources"]["mine"] == 3


def test_defaults_are_not_shared_between_configs():
    parse("").expanded["requirements"].append("numpy")

    assert parse("").expanded["requirements"] == []


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("runtime: {predict_concurrency: '4'}", ("runtime", "predict_concurrency"), 4),
        ("runtime: {predict_concurrency: true}", ("runtime", "predict_concurrency"), 1),
        ("runtime: {predict_concurrency: 4.0}", ("runtime", "predict_concurrency"), 4),
        ("runtime: null", ("runtime", "predict_concurrency"), 1),
        ("runtime: {enable_debug_logs: 'yes'}", ("runtime", "enable_debug_logs"), True),
        ("runtime: {num_workers: 1}", ("runtime", "num_workers"), 1),
        ("runtime: {transport: {}}", ("runtime", "transport"), {"kind": "http"}),
        ("runtime: {is_websocket_endpoint: true}", ("runtime", "transport", "kind"), "websocket"),
        ("resources: {accelerator: 'A10G:1'}", ("resources", "accelerator"), "A10G"),
        ("resources: {accelerator: 'H100:8'}", ("resources", "accelerator"), "H100:8"),
        ("resources: {accelerator: T4, use_gpu: false}", ("resources", "use_gpu"), True),
        ("resources: {use_gpu: true}", ("resources", "use_gpu"), False),
        ("resources: {memory: '1.5Gi', cpu: 500m}", ("resources", "memory"), "1.5Gi"),
        ("spec_version: 2.0", ("spec_version",), "2.0"),
        ("hf_cache: [{repo_id: a}]", ("model_cache", 0, "repo_id"), "a"),
        ("model_cache: [{repo_id: a}]", ("model_cache", 0, "use_volume"), False),
        ("weights: [{source: a, mount_location: /b}]", ("weights", 0, "allow_patterns"), None),
        ("live_reload: t", ("live_reload",), True),
        ("secrets: {a: null, b: x}", ("secrets",), {"a": None, "b": "x"}),
    ],
)
def test_values_are_read_as_truss_reads_them(text, path, value):
    found = parse(text).expanded
    for name in path:
        found = found[name]

    assert found == value
    assert type(found) is type(value)


def test_environment_variables_become_text():
    variables = parse("environment_variables: {a: true, b: 1, c: null, d: 1.5, e: x}").environment_variables

    assert variables == {"a": "true", "b": "1", "c": "None", "d": "1.5", "e": "x"}


@pytest.mark.parametrize(
    ("text", "field", "hint"),
    [
        ("model_name: 5", "model_name", '"5"'),
        ("resources: {cpu: 2}", "resources.cpu", '"2"'),
        ("resources: {cpu: fast}", "resources.cpu", "500m"),
        ("resources: {memory: 2GB}", "resources.memory", "2Gi"),
        ("resources: {accelerator: H99}", "resources.accelerator", "H100"),
        ("resources: {accelerator: 'T4:0'}", "resources.accelerator", "T4:1"),
        ("resources: null", "resources", "leave"),
        ("secrets: {a: 1}", "secrets.a", '"1"'),
        ("secrets: [a]", "secrets", "key: value"),
        ("requirements: null", "requirements", "leave"),
        ("requirements: numpy", "requirements", "- item"),
        ("requirements: [1.0]", "requirements[0]", '"1.0"'),
        ("environment_variables: null", "environment_variables", "leave"),
        ("python_version: '3.11'", "python_version", "py311"),
        ("runtime: {predict_concurrency: 0}", "runtime.predict_concurrency", "no predict"),
        ("runtime: {predict_concurrency: -1}", "runtime.predict_concurrency", "no predict"),
        ("runtime: {predict_concurrency: null}", "runtime.predict_concurrency", "digits"),
        ("runtime: {predict_concurrency: 1.5}", "runtime.predict_concurrency", "digits"),
        ("runtime: {predict_concurrency: .inf}", "runtime.predict_concurrency", "digits"),
        ("runtime: {predict_concurrency: many}", "runtime.predict_concurrency", "digits"),
        ("runtime: {streaming_read_timeout: 0}", "runtime.streaming_read_timeout", "chunks"),
        ("runtime: {num_workers: 2}", "runtime.num_workers", "predict_concurrency"),
        ("runtime: {transport: null}", "runtime.transport", "leave"),
        ("runtime: {transport: {kind: websockets}}", "runtime.transport.kind", "websocket"),
        ("runtime: {transport: {kind: grpc}}", "runtime.transport.kind", "http"),
        (
            "runtime: {transport: {kind: websocket, ping_timeout_seconds: .nan}}",
            "runtime.transport.ping_timeout_seconds",
            "20",
        ),
        ("runtime: {enable_debug_logs: perhaps}", "runtime.enable_debug_logs", "true or false"),
        ("runtime: {health_checks: {startup_threshold_seconds: -1}}", "startup_threshold_seconds", "seconds"),
        ("build: {no_cache: true}", "build.no_cache", "remove"),
        ("{requirements: [a], requirements_file: b}", "requirements_file", "one of them"),
        (
            "{model_cache: [{repo_id: a}], weights: [{source: a, mount_location: /b}]}",
            "weights",
            "one of them",
        ),
        ("docker_server: {server_port: 80}", "docker_server.predict_endpoint", "docker_server"),
        ("model_cache: [{revision: main}]", "model_cache[0].repo_id", "model_cache[0]"),
        ("runtime: {enable_debug_logs: 2}", "runtime.enable_debug_logs", "true or false"),
        ("base_image: {python_executable_path: bin/python}", "base_image.python_executable_path", "absolute"),
        ("- a", "config.yaml", "field: value"),
        ("a: [", "config.yaml", "indentation"),
        ("model_metadata: {headway: 3}", "model_metadata.headway", "key: value"),
        ("model_metadata: {headway: {concurency_target: 3}}", "concurency_target", "concurrency_target"),
        ("model_metadata: {headway: {gate: [predict]}}", "headway.gate", "gated"),
        ("model_metadata: {headway: {gated: [predikt]}}", "headway.gated[0]", "predict"),
        ("model_metadata: {headway: {on_disconnect: stop}}", "headway.on_disconnect", "cancel"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field_and_a_hint(text, field, hint):
    with pytest.raises(InvalidTrussError) as refused:
        parse(text)

    assert field in refused.value.message
    assert hint in refused.value.hint


def test_headway_options_are_read_from_the_metadata():
    options = parse(
        "model_metadata: {headway: {gated: [predict, chat_completions], on_disconnect: finish, queue_limit: 5}}"
    ).headway

    assert options.gated == ("predict", "chat_completions")
    assert options.on_disconnect == "finish"
    assert options.settings == {"queue_limit": 5}


def test_ping_settings_of_zero_are_the_default():
    transport = "{kind: websocket, ping_interval_seconds: 5, ping_timeout_seconds: 0}"

    assert parse(f"runtime: {{transport: {transport}}}").transport == Transport("websocket", 5.0, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2", "line 2: a stands twice"),
        ("runtime:\n  predict_concurrency: 1\n  predict_concurrency: 2", "line 3: predict_concurrency"),
        ("resources: {node_count: 2}", "resources.node_count"),
        ("trt_llm: {build: {}}", "trt_llm"),
        ("python_version: py39", "python_version"),
        ("environment_variables: {PORT: 1}", "environment_variables.PORT"),
        ("hf_cache: []", "hf_cache is an old name"),
    ],
)
def test_what_is_ignored_or_doubtful_is_told_once(text, told):
    (warning,) = parse(text).warnings

    assert told in warning


def test_of_a_repeated_key_the_last_value_counts():
    assert parse("model_name: a\nmodel_name: b").model_name == "b"


def test_merged_keys_are_not_repeated_ones():
    config = parse("base: &base {cpu: '2', memory: 1Gi}\nresources: {<<: *base, cpu: '3'}")

    assert config.expanded["resources"]["cpu"] == "3"
    assert config.expanded["resources"]["memory"] == "1Gi"
    assert config.warnings == ()


def truss(directory, text, *files):
    (directory / "config.yaml").write_text(text)
    for name in files:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("")
    return directory


def test_a_folder_is_read(tmp_path):
    truss(tmp_path, "external_package_dirs: [../shared]", "model/model.py", "../shared/pkg.py")

    config = read_truss(tmp_path)

    assert config.package_paths == (tmp_path / "packages", tmp_path / "../shared")


def test_a_lone_config_yml_is_refused_with_its_right_name(tmp_path):
    (tmp_path / "config.yml").write_text("")

    with pytest.raises(InvalidTrussError) as refused:
        read_truss(tmp_path)

    assert refused.value.hint == "rename config.yml to config.yaml"


def test_a_folder_that_is_no_truss_is_refused_with_the_one_that_may_be_meant(tmp_path):
    def hint(folder):
        with pytest.raises(InvalidTrussError) as refused:
            read_truss(folder)
        return refused.value.hint

    assert hint(tmp_path) == "name the folder that has a config.yaml; headway init DIR writes a new one"
    assert hint(tmp_path / "nowhere") == hint(tmp_path)
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "config.yaml").write_text("")
    assert hint(tmp_path) == f"there is one in {tmp_path / 'hello'}: name that folder"
    assert hint(tmp_path / "hello" / "config.yaml") == "name the folder that it lies in"


@pytest.mark.parametrize(
    ("text", "files", "missing"),
    [
        ("", (), "model/model.py"),
        ("model_module_dir: src", ("model/model.py",), "src/model.py"),
        ("external_package_dirs: [../nowhere]", ("model/model.py",), "../nowhere"),
        ("requirements_file: requirements.txt", ("model/model.py",), "requirements.txt"),
    ],
)
def test_a_file_that_is_named_and_missing_is_told(tmp_path, text, files, missing):
    with pytest.raises(InvalidTrussError, match=missing):
        read_truss(truss(tmp_path, text, *files))


def test_a_docker_server_needs_no_model_file(tmp_path):
    docker = (
        "docker_server: {start_command: serve, server_port: 80, predict_endpoint: /p, "
        "readiness_endpoint: /r, liveness_endpoint: /l}"
    )

    assert read_truss(truss(tmp_path, docker)).docker_server["server_port"] == 80


def test_a_config_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "config.yaml").write_bytes(b"model_name: \xff")

    with pytest.raises(InvalidTrussError, match="not UTF-8"):
        read_truss(tmp_path)
