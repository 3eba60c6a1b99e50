"""The HTTP surface around the model."""

from system.contract.table import Answer, Case, Like, Source, fails, framework, ok


def _get(name: str, path: str, answer: Answer, truss: str = "echo", method: str = "GET", **more) -> Case:
    return Case(name=name, truss=truss, method=method, path=path, answer=answer, **more)


def _health(verdict: str, kind: str = "def") -> Source:
    return Source(
        model=f"class Model:\n    {kind} is_healthy(self):\n        {verdict}\n\n"
        "    def predict(self, inputs):\n        return inputs\n"
    )


NOT_READY = fails(503, "Model with name model is not ready.", 600)
SOURCES = {
    "healthy": _health("return True"),
    "healthy-by-none": _health("pass"),
    "healthy-by-truth": _health("return 'yes'", "async def"),
    "unhealthy": _health("return False"),
    "unhealthy-async": _health("return 0", "async def"),
    "unhealthy-by-exception": _health("raise ValueError('down')"),
}

ROUTES = [
    _get("liveness", "/", ok("true")),
    _get("readiness", "/v1/models/model", ok("{}")),
    _get("readiness under any name", "/v1/models/another", ok("{}")),
    _get("GET of the predict path is readiness", "/v1/models/model:predict", ok("{}")),
    _get("loaded", "/v1/models/model/loaded", ok("{}")),
    _get("SageMaker's ping", "/ping", ok("{}")),
    _get("an unknown path", "/nowhere", framework(404, "Not Found")),
    _get("a path below predict", "/v1/models/model:predict/more", framework(404, "Not Found")),
    _get("there are no docs pages", "/docs", framework(404, "Not Found")),
    _get("predict by PUT", "/v1/models/model:predict", framework(405, "Method Not Allowed"), method="PUT"),
    _get("chat completions by GET", "/v1/chat/completions", framework(405, "Method Not Allowed")),
    _get("hot reload by GET", "/hot-reload", framework(405, "Method Not Allowed")),
    _get("readiness by POST", "/v1/models/model", framework(405, "Method Not Allowed"), method="POST"),
    _get(
        "liveness by HEAD",
        "/",
        Answer(200, b""),
        method="HEAD",
        upstream=Answer(405, b"", {"allow": "GET"}),
        because="HEAD is answered wherever GET is, as HTTP wants it",
    ),
    _get("metrics moves to its slash", "/metrics", Answer(307, b"")),
    _get("metrics is Prometheus text", "/metrics/", Answer(200, Like(".*"))),
    _get("an OpenAPI page exists", "/openapi.json", ok(Like(r'\{.*"paths".*'))),
]

HEALTH = [
    _get("is_healthy true is ready", "/v1/models/model", ok("{}"), "healthy"),
    _get("is_healthy None is ready", "/v1/models/model", ok("{}"), "healthy-by-none"),
    _get("is_healthy counts by its truth", "/v1/models/model", ok("{}"), "healthy-by-truth"),
    *(
        _get(f"{truss} is not ready", "/v1/models/model", NOT_READY, truss)
        for truss in ("unhealthy", "unhealthy-async", "unhealthy-by-exception")
    ),
    *(
        _get(f"{path} ignores is_healthy", path, ok("{}"), "unhealthy")
        for path in ("/ping", "/v1/models/model/loaded")
    ),
    _get("liveness ignores is_healthy", "/", ok("true"), "unhealthy"),
    Case(name="predict ignores is_healthy", truss="unhealthy", body="1", answer=ok("1")),
]

CASES = ROUTES + HEALTH
