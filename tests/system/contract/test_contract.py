"""Each case of the table, over real HTTP, against a real replica."""

import httpx
import pytest

from system.contract.cases import CASES
from system.contract.server import IS_UPSTREAM
from system.contract.table import Answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.truss}: {case.name}")
def test_answers_as_the_contract_says(case, replicas):
    expected = case.upstream if IS_UPSTREAM and case.upstream else case.answer
    request = replicas[case.truss].http.build_request(
        case.method, case.path, content=case.body if case.method == "POST" else None
    )
    request.headers.update(case.headers)
    assert_answers(replicas[case.truss].http, request, expected)


def assert_answers(client: httpx.Client, request: httpx.Request, expected: Answer) -> None:
    response = client.send(request, stream=True)
    body, cut = b"", False
    try:
        for chunk in response.iter_raw():
            body += chunk
    except httpx.RemoteProtocolError:
        cut = True
    finally:
        response.close()
    assert response.status_code == expected.status, body
    assert cut == expected.cut, body
    assert expected.accepts_body(body), body
    for name, value in expected.headers.items():
        assert response.headers.get(name) == value, (name, dict(response.headers))
