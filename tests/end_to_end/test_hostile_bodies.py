"""Bodies of 32 MB that mean harm: each is refused in the caller's shape, and the gateway goes on."""

import pytest

from tests.gateway import Gateway
from tests.inference.test_unambiguous import HOSTILE

TRANSLATED = {"/v1/chat/completions": b"claude-x", "/v1/messages": b"gpt-5", "/v1/messages/count_tokens": b"gpt-5"}


@pytest.mark.parametrize("path", TRANSLATED)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused(gateway: Gateway, path: str, name: str) -> None:
    body = HOSTILE[name]().replace(b'"model":"m"', b'"model":"%s"' % TRANSLATED[path], 1)
    answer = gateway.post(path, body)
    assert answer.status_code in (400, 413)
    assert answer.json()["error"]["type"] in ("invalid_request_error", "request_too_large")
    assert gateway.ready()["status"] == "ok"


def test_more_tools_than_anybody_has_are_refused(gateway: Gateway) -> None:
    tools = [{"name": f"t{number}", "input_schema": {"type": "object"}} for number in range(10_000)]
    asked = {"model": "gpt-5", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}], "tools": tools}
    answer = gateway.post("/v1/messages", asked)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
