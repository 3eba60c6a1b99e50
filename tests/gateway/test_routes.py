"""From a path to whom it is for, and what never leads anywhere."""

from urllib.parse import unquote

import pytest

from headway.gateway.routes import Verb, parse


@pytest.mark.parametrize(
    ("target", "model", "environment", "deployment", "verb", "upstream"),
    [
        ("/models/m/predict", "m", "production", None, Verb.PREDICT, "/v1/models/model:predict"),
        ("/models/m/predict?a=b", "m", "production", None, Verb.PREDICT, "/v1/models/model:predict?a=b"),
        ("/models/m/environments/dev/predict", "m", "dev", None, Verb.PREDICT, "/v1/models/model:predict"),
        (
            "/models/m/deployments/d1/predict",
            "m",
            "production",
            "d1",
            Verb.PREDICT,
            "/v1/models/model:predict",
        ),
        ("/v1/models/m:predict", "m", "production", None, Verb.PREDICT, "/v1/models/model:predict"),
        (
            "/models/my%20model/predict",
            "my model",
            "production",
            None,
            Verb.PREDICT,
            "/v1/models/model:predict",
        ),
        ("/models/m/predict/", "m", "production", None, Verb.PREDICT, "/v1/models/model:predict"),
        ("/models/m/predict/?a=b", "m", "production", None, Verb.PREDICT, "/v1/models/model:predict?a=b"),
        ("/v1/models/m:predict/", "m", "production", None, Verb.PREDICT, "/v1/models/model:predict"),
        ("/models/m/environments/e/websocket/", "m", "e", None, Verb.WEBSOCKET, "/v1/websocket"),
        ("/models/m/deployments/d/wake/", "m", "production", "d", Verb.WAKE, ""),
        ("/models/m/sync/", "m", "production", None, Verb.SYNC, "/"),
        ("/models/m/sync/a/", "m", "production", None, Verb.SYNC, "/a/"),
        ("/models/m/websocket", "m", "production", None, Verb.WEBSOCKET, "/v1/websocket"),
        ("/models/m/wake", "m", "production", None, Verb.WAKE, ""),
        ("/models/m/sync", "m", "production", None, Verb.SYNC, "/"),
        ("/models/m/sync/v1/chat/completions", "m", "production", None, Verb.SYNC, "/v1/chat/completions"),
        ("/models/m/environments/e/sync/a?b", "m", "e", None, Verb.SYNC, "/a?b"),
        ("/models/m/deployments/d/sync/a%20b", "m", "production", "d", Verb.SYNC, "/a%20b"),
        ("/models/m/sync/a/../b", "m", "production", None, Verb.SYNC, "/b"),
        ("/models/m/sync//a//b", "m", "production", None, Verb.SYNC, "/a/b"),
        ("/models/m/sync/../../../x", "m", "production", None, Verb.SYNC, "/x"),
        ("/models/m/sync/a%20b/./c", "m", "production", None, Verb.SYNC, "/a%20b/c"),
        ("/models/m/sync/metricsx", "m", "production", None, Verb.SYNC, "/metricsx"),
        ("/models/m/sync/x/metrics", "m", "production", None, Verb.SYNC, "/x/metrics"),
    ],
)
def test_paths(target, model, environment, deployment, verb, upstream):
    address = parse(target.encode())
    assert address is not None
    assert (address.model, address.environment, address.deployment) == (model, environment, deployment)
    assert (address.verb, address.upstream_path) == (verb, upstream.encode())


@pytest.mark.parametrize(
    "target",
    [
        "/", "", "*", "/predict", "/models", "/models/", "/models//predict", "/models/m", "/models/m/",
        "/models/m/predict//", "/models//m/predict", "/models/m//predict", "/v1/models/m:predict//", "/models/m/wake//",
        "/models/m/predictx", "/models/m/syncx", "/models/m/n/predict", "//models/m/predict",
        "/models/m/environments/predict",
        "/models/m/environments/e/deployments/d/predict", "/v1/models/m/n:predict", "http://h/models/m/predict",
        "/models/m/predict#x", "/models/\xe9/predict",
    ],
)  # fmt: skip
def test_what_leads_nowhere(target):
    assert parse(target.encode("latin-1")) is None


TRICKS = [
    "{}", "{}/", "{}/below", "{}?query", "{}#fragment", "/{}", "//{}", "/.{}", "/..{}", "/x/..{}", "/x/%2e%2e{}",
    "/x/%2E%2E{}",
    "/%2e{}", "/x/y/../..{}", "/x%2f..{}", "/%2f{}", "%2f{}", "{}/.", "{}/x/..", "{}%2f", "{}//", "{}/%2e", "{}%00",
    "{}%0d%0a",
    "{}%23", "/x/..%5c{}", "/%5c{}", "/x/..%09{}",
]  # fmt: skip
SPELLINGS = [
    "/hot-reload",
    "/metrics",
    "/held",
    "/control",
    "/METRICS",
    "/Held",
    "/%6detrics",
    "/hel%64",
    "/%63ontrol",
    "/%256detrics",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("trick", TRICKS)
def test_private_paths_are_out_of_reach_however_they_are_written(spelling, trick):
    address = parse(b"/models/m/sync" + trick.format(spelling).encode())
    if address is None:
        return
    path = address.upstream_path.decode()
    # What passes is another path to whoever decodes it once, and to whoever does not.
    assert "#" not in path
    assert "%25" not in path
    for private in ("/hot-reload", "/metrics", "/held", "/control"):
        for seen in (path, _decoded(path)):
            bare = seen.partition("?")[0].lower().rstrip("/")
            assert bare != private
            assert not bare.startswith(private + "/")
            assert "/.." not in bare


def _decoded(path: str) -> str:
    return unquote(path)
