"""How one fault is told to OpenAI's and Anthropic's clients, and what is understood of a model's own words."""

import pytest

from headway.core.dialects import Dialect, Fault, dialect_of, fault_of, worded

FAULT = Fault(404, "there is no model 'a'", "model_not_found", "did you mean b?", "model")


def test_openai_s_clients_are_told_message_type_parameter_and_code():
    assert worded(Dialect.OPENAI, FAULT, "id") == {
        "error": {
            "message": "there is no model 'a' (did you mean b?)",
            "type": "not_found_error",
            "param": "model",
            "code": "model_not_found",
        }
    }


def test_anthropic_s_clients_are_told_type_and_message_with_the_request_s_id():
    assert worded(Dialect.ANTHROPIC, FAULT, "id") == {
        "type": "error",
        "error": {"type": "not_found_error", "message": "there is no model 'a' (did you mean b?)"},
        "request_id": "id",
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (405, "invalid_request_error"),
        (413, "request_too_large"),
        (415, "invalid_request_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
    ],
)
def test_a_status_has_one_type_in_both(status, kind):
    fault = Fault(status, "no")
    assert worded(Dialect.OPENAI, fault, "")["error"]["type"] == kind
    assert worded(Dialect.ANTHROPIC, fault, "")["error"] == {"type": kind, "message": "no"}


@pytest.mark.parametrize(
    ("detail", "fault"),
    [
        ("too long", Fault(400, "too long")),
        ({"message": "too long", "code": "long"}, Fault(400, "too long", "long")),
        ({"message": "a", "hint": "b", "param": "c", "code": 4}, Fault(400, "a", None, "b", "c")),
        ({"error": {"message": "a", "type": "x"}}, Fault(400, "a")),
        ({"error": "a"}, Fault(400, "a")),
        ({"loc": ["body"]}, Fault(400, '{"loc": ["body"]}')),
        ([{"msg": "über"}], Fault(400, '[{"msg": "über"}]')),
        (None, Fault(400, "null")),
    ],
)
def test_a_model_s_detail_is_told_in_its_own_words(detail, fault):
    assert fault_of(400, detail) == fault


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        (b"/v1/chat/completions", Dialect.OPENAI),
        (b"/v1/models", Dialect.OPENAI),
        (b"/v1/messages", Dialect.ANTHROPIC),
        (b"/v1/messages/count_tokens", Dialect.ANTHROPIC),
        (b"/v1/messages2", Dialect.HEADWAY),
        (b"/v1/models/model:predict", Dialect.HEADWAY),
        (b"/", Dialect.HEADWAY),
    ],
)
def test_a_path_says_whose_client_asks(path, dialect):
    assert dialect_of(path) is dialect
