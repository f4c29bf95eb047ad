"""Embeddings through OpenAI's own SDK, at an upstream."""

from typing import Any

import openai
import pytest

from tests.answers import events, plain
from tests.gateway import Gateway, wait_until
from tests.upstreams import Upstream

ODD = '{ "unknown":{"a":1,"a":2} ,"model":"MODEL","input":["caf\\u00e9", "é"],"encoding_format":"base64","stream":true}'
ANSWER = (
    b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAEA="}], "model":"gpt-real",'
    b'"usage":{"prompt_tokens":4,"total_tokens":4}  }'
)


def test_an_upstream_gets_and_gives_the_very_bytes(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(plain(ANSWER, headers=(("x-request-id", "req_up"),)))
    answer = gateway.post("/v1/embeddings", ODD.replace("MODEL", "renamed").encode())
    assert answer.content == ANSWER
    assert answer.headers["x-upstream-request-id"] == "req_up"
    assert cloud.requests[-1].target == "/v1/embeddings"
    assert cloud.requests[-1].body == ODD.replace("MODEL", "gpt-real-name").encode()
    wait_until(lambda: "input_tokens=4" in gateway.log)


@pytest.mark.parametrize("encoding", ["float", "base64", openai.NOT_GIVEN])
def test_the_sdk_reads_an_upstreams_vectors(openai_client: openai.OpenAI, encoding: Any) -> None:
    made = openai_client.embeddings.create(model="gpt-embedding", input=["a", "b"], encoding_format=encoding)
    assert [entry.index for entry in made.data] == [0, 1]
    assert all(entry.embedding for entry in made.data)


def test_a_stream_is_no_answer(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(events(b"data: {}\n\n"))
    answer = gateway.post("/v1/embeddings", {"model": "gpt-5", "input": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_invalid_response")
