"""What of an operator's environment reaches models and builds."""

import pytest

from headway.passed_on import for_builds, for_headway, for_models, has_secret

NEEDED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME"),
    *("CUDA_HOME", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
    *("OPENBLAS_NUM_THREADS", "SSL_CERT_FILE", "https_proxy", "HTTPS_PROXY", "NO_PROXY", "HF_HOME"),
    *("OTEL_EXPORTER_OTLP_ENDPOINT", "NUM_LOAD_RETRIES_TRUSS"),
)
FOR_BUILDS = ("UV_INDEX_URL", "UV_FIND_LINKS", "PIP_INDEX_URL", "CC", "CFLAGS", "SSH_AUTH_SOCK", "CARGO_HOME")
OTHERS = (
    *(
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "DATABASE_URL",
        "HF_TOKEN",
        "OPENAI_API_KEY",
        "GITHUB_TOKEN",
        "PGPASSWORD",
    ),
    *(
        "KUBECONFIG",
        "CARGO_REGISTRY_TOKEN",
        "UV_PUBLISH_TOKEN",
        "path",
        "MY_PATH",
        "SSH_CONNECTION",
        "NOTIFY_SOCKET",
    ),
)
OWN = (
    *(
        "HEADWAY_API_KEY",
        "HEADWAY_DATABASE_URL",
        "HEADWAY_DATA_DIR",
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
    ),
    *("UV_PROJECT_ENVIRONMENT", "TRUSS_SECRET_other"),
)
ALL = dict.fromkeys((*NEEDED, *FOR_BUILDS, *OTHERS, *OWN), "x")


@pytest.fixture(autouse=True)
def no_settings_file(tmp_path):
    ALL["XDG_CONFIG_HOME"] = str(tmp_path)


def test_a_model_gets_what_it_needs_and_nothing_of_its_operator():
    assert set(for_models(environment=ALL)) == {*NEEDED, "XDG_CONFIG_HOME"}


def test_a_build_also_gets_where_packages_come_from():
    assert set(for_builds(ALL)) == {*NEEDED, *FOR_BUILDS, "XDG_CONFIG_HOME"}


def test_a_model_gets_the_secrets_that_it_declares_and_no_others():
    given = {**ALL, "TRUSS_SECRET_token": "t", "TRUSS_SECRET_token2": "t"}
    assert [one for one in for_models(["token"], given) if "SECRET" in one] == ["TRUSS_SECRET_token"]
    assert [one for one in for_builds(given) if one.startswith("TRUSS")] == []


def test_the_operator_may_pass_more_by_name_and_by_pattern(tmp_path):
    more = for_models(environment={**ALL, "HEADWAY_PASS_ENVIRONMENT": "AWS_*, HF_TOKEN"})
    assert set(more) - {*NEEDED, "XDG_CONFIG_HOME"} == {"AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "HF_TOKEN"}
    (tmp_path / "headway").mkdir()
    (tmp_path / "headway" / "config.toml").write_text('pass_environment = ["KUBE*"]', encoding="utf-8")
    assert "KUBECONFIG" in for_builds(ALL)


def test_a_settings_file_that_cannot_be_read_stops_nothing(tmp_path):
    (tmp_path / "headway").mkdir()
    (tmp_path / "headway" / "config.toml").write_text("port = [", encoding="utf-8")
    assert "HF_TOKEN" in for_models(environment={**ALL, "HEADWAY_PASS_ENVIRONMENT": "HF_TOKEN"})
    assert "HF_TOKEN" not in for_models(environment=ALL)


def test_what_only_headway_may_know_is_passed_on_to_nobody():
    everything = for_builds({**ALL, "HEADWAY_PASS_ENVIRONMENT": "*"})
    assert set(OTHERS) - {"UV_PUBLISH_TOKEN"} <= set(everything)
    assert set(OWN).isdisjoint(everything)


def test_headways_own_processes_get_all_and_what_is_added(monkeypatch):
    monkeypatch.setenv("HEADWAY_API_KEY", "hw_1")
    monkeypatch.setenv("HEADWAY_DATABASE_URL", "sqlite:///its_own")
    given = for_headway(HEADWAY_DATABASE_URL="sqlite:///told")
    assert given["HEADWAY_API_KEY"] == "hw_1"
    assert given["HEADWAY_DATABASE_URL"] == "sqlite:///told"


@pytest.mark.parametrize(
    ("variables", "has"), [({}, False), ({"TRUSS_SECRET_a": ""}, False), ({"TRUSS_SECRET_a": "x"}, True)]
)
def test_a_secret_has_a_value_by_a_variable_that_is_not_empty(variables, has):
    assert has_secret("a", variables) == has
