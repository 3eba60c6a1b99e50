"""Which arguments each method of a model gets, what kind it is, and which models are refused."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated

import pydantic
import pytest
from fastapi import Request, WebSocket

from headway.model_server.truss.signatures import Arguments, Kind, ModelDefinitionError, inspect_model

if TYPE_CHECKING:
    from nowhere import Missing

# Annotations are text in this file, so each case also shows that they are resolved.
# ruff: noqa: ARG001, ARG005


class Inputs(pydantic.BaseModel):
    x: int


class Chat(pydantic.BaseModel):
    messages: list[str]


def model(**methods):
    """An object whose class has these functions as methods."""
    return type("Model", (), methods)()


def nothing(self): ...
def inputs(self, x): ...
def request_only(self, request: Request): ...
def both(self, x, request: Request): ...
def typed_both(self, x: Inputs, request: Request): ...
def annotated_request(self, request: Annotated[Request, "note"]): ...
def only_for_checkers(self, x: Missing, request: starlette.requests.Request): ...  # noqa: F821
def rest(self, *args): ...
def keywords(self, **kwargs): ...


@pytest.mark.parametrize(
    ("predict", "arguments"),
    [
        (nothing, Arguments.NONE),
        (inputs, Arguments.INPUTS),
        (request_only, Arguments.REQUEST),
        (both, Arguments.INPUTS_AND_REQUEST),
        (typed_both, Arguments.INPUTS_AND_REQUEST),
        (annotated_request, Arguments.REQUEST),
        (only_for_checkers, Arguments.INPUTS_AND_REQUEST),
        (rest, Arguments.INPUTS),
        (keywords, Arguments.INPUTS),
    ],
)
def test_parameters_decide_what_is_passed(predict, arguments):
    assert inspect_model(model(predict=predict)).predict.arguments is arguments


def flag(self, x, flag=False): ...
def first_is_request(self, request: Request, x): ...
def two_requests(self, one: Request, two: Request): ...
def other_annotation(self, x, request: dict): ...
def three(self, x, y, request: Request): ...


@pytest.mark.parametrize("predict", [flag, first_is_request, two_requests, other_annotation])
def test_of_two_arguments_the_second_is_the_request(predict):
    with pytest.raises(ModelDefinitionError, match=r"annotated as `fastapi\.Request`") as refused:
        inspect_model(model(predict=predict))
    assert "def predict(self, inputs, request: fastapi.Request)" in refused.value.hint


def test_more_than_two_arguments_are_refused():
    with pytest.raises(ModelDefinitionError, match="takes 3 arguments"):
        inspect_model(model(predict=three))


async def coroutine(self, x): ...


def generator(self, x):
    yield x


async def async_generator(self, x):
    yield x


class Callable:
    async def __call__(self, x): ...


@pytest.mark.parametrize(
    ("predict", "kind"),
    [
        (inputs, Kind.SYNC),
        (coroutine, Kind.ASYNC),
        (generator, Kind.SYNC_GENERATOR),
        (async_generator, Kind.ASYNC_GENERATOR),
        (Callable(), Kind.ASYNC),
    ],
)
def test_the_function_decides_the_kind(predict, kind):
    assert inspect_model(model(predict=predict)).predict.kind is kind


@pytest.mark.parametrize("predict", [lambda x: x, functools.partial(lambda y, x: x, 1)])
def test_predict_may_be_an_attribute_of_the_instance(predict):
    instance = model()
    instance.predict = predict

    hook = inspect_model(instance).predict

    assert hook.arguments is Arguments.INPUTS
    assert hook.function(3) == 3


def typed(self, x: Inputs): ...
def typed_chat(self, body: Chat): ...
def unresolved(self, x: Missing): ...


def test_each_method_has_its_own_input_model():
    hooks = inspect_model(model(predict=typed, chat_completions=typed_chat, completions=inputs))

    assert hooks.predict.input_model is Inputs
    assert hooks.chat_completions.input_model is Chat
    assert hooks.completions.input_model is None
    assert hooks.embeddings is None


def test_a_predict_that_takes_the_request_leaves_inputs_to_the_others():
    hooks = inspect_model(model(predict=request_only, chat_completions=inputs))

    assert hooks.entry.arguments is Arguments.REQUEST
    assert hooks.chat_completions.arguments is Arguments.INPUTS


def test_the_entry_is_preprocess_when_there_is_one():
    hooks = inspect_model(model(predict=inputs, preprocess=typed))

    assert hooks.entry.name == "preprocess"
    assert hooks.entry.input_model is Inputs


def test_an_annotation_that_cannot_be_resolved_is_no_model():
    assert inspect_model(model(predict=unresolved)).predict.input_model is None


async def websocket(self, websocket: WebSocket): ...
def sync_websocket(self, websocket: WebSocket): ...
async def wide_websocket(self, websocket: WebSocket, request: Request): ...


def test_a_websocket_gets_its_connection():
    hook = inspect_model(model(websocket=websocket)).websocket

    assert (hook.arguments, hook.kind) == (Arguments.REQUEST, Kind.ASYNC)


@pytest.mark.parametrize(
    ("methods", "told"),
    [
        ({}, "neither `predict` nor `websocket`"),
        ({"predict": None}, "neither `predict` nor `websocket`"),
        ({"predict": 5}, "cannot be called"),
        ({"predict": inputs, "websocket": websocket}, "cannot have `predict`"),
        ({"preprocess": inputs, "websocket": websocket}, "cannot have `preprocess`"),
        ({"postprocess": inputs, "websocket": websocket}, "cannot have `postprocess`"),
        ({"websocket": sync_websocket}, "async method with one argument"),
        ({"websocket": wide_websocket}, "async method with one argument"),
        ({"predict": inputs, "is_healthy": inputs}, "`is_healthy` takes no argument"),
        ({"predict": request_only, "preprocess": inputs}, "`preprocess` returns would be lost"),
        ({"predict": inputs, "postprocess": request_only}, "`predict` returns would be lost"),
    ],
)
def test_a_model_that_breaks_a_rule_is_refused(methods, told):
    with pytest.raises(ModelDefinitionError, match=told):
        inspect_model(model(**methods))
