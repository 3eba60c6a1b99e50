"""What the client reads when the model's code raises."""

import json

from system.contract.table import Answer, Case, Like, crashed, fails


def _case(name: str, result: str, answer: Answer, **more) -> Case:
    return Case(name=name, truss="outputs", body=json.dumps({"result": result}), answer=answer, **more)


CASES = [
    _case("an exception is a 500 that keeps its text in the log", "value error", crashed()),
    _case(
        "an unknown key in the model's own dict is an exception like any other", "no such result", crashed()
    ),
    _case("NotImplementedError is an exception like any other", "not implemented", crashed()),
    _case("StopIteration from a plain function is an exception like any other", "stop iteration", crashed()),
    _case("HTTPException sets status and detail", "teapot", fails(418, "short and stout", 600)),
    _case("a dict as detail", "structured error", fails(422, {"field": "x", "why": ["bad"]}, 600)),
    _case("a list as detail", "listed error", fails(422, ["bad", "worse"], 600)),
    _case(
        "a detail that is a number is an unhandled error",
        "numbered error",
        fails(500, Like("Unhandled exception: TypeError: .*"), 500),
    ),
    _case("without a detail the status's own phrase", "default detail", fails(404, "Not Found", 600)),
    _case(
        "headers of an HTTPException reach the client",
        "retry later",
        fails(429, "busy", 600, retry_after="5"),
        upstream=fails(429, "busy", 600, retry_after=None),
        because="upstream builds its error answer anew and drops them",
    ),
    _case("Starlette's own HTTPException is an exception like any other", "starlette error", crashed()),
    _case(
        "SystemExit is a bare 500",
        "exit",
        Answer(
            500,
            "Internal Server Error",
            {"content-type": "text/plain; charset=utf-8", "x-baseten-error-code": None},
        ),
    ),
    _case("and the process lives on after SystemExit", "integer", Answer(200, "7")),
]
