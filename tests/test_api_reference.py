"""The page of the API's calls is what the API says of itself, and what it says makes a pleasant client."""

import importlib.util
from pathlib import Path

import pytest

from headway.api.schema import openapi

TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def calls():
    return {call["operationId"]: call for methods in openapi()["paths"].values() for call in methods.values()}


def test_the_page_is_as_the_api():
    spec = importlib.util.spec_from_file_location("reference_for_test", TOP / "tools/build/api_reference.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    page = reference.PAGE.read_text(encoding="utf-8")
    assert page == reference.written(page), "python tools/build/api_reference.py writes it anew"


def test_each_call_has_a_short_name_of_its_own_that_a_function_can_have(calls):
    assert len(calls) == sum(len(methods) for methods in openapi()["paths"].values())
    assert [name for name in calls if not name.isidentifier() or len(name) > 30] == []


def test_predict_says_what_it_answers(calls):
    answers = calls["predict"]["responses"]["200"]["content"]
    assert {"application/json", "application/octet-stream"} <= answers.keys()
