"""Where client and upstream speak one protocol, bytes go through untouched, save the model name on the way out."""

from dataclasses import dataclass

import httpx2
import pytest

from tests.answers import events, plain, refusal
from tests.gateway import Gateway
from tests.upstreams import Upstream

# Odd on purpose: spacing, escapes, an unknown field, a duplicate key where only the upstream may judge it.
REQUEST = (
    '{ "unknown" : {"a":1,"a":2,"n":1.0e2} ,\n\t"model":"MODEL","messages":[{"role":"user",'
    '"content":"caf\\u00e9 \\/ é 漢字 🙂"}] ,"max_tokens":5,"metadata":{"model":"other"}  }'
)
OPENAI_STREAM = (
    ': hello\r\n\r\ndata: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-real","choices":'
    '[{"index":0,"delta":{"role":"assistant","content":"é漢🙂"},"finish_reason":null}],"obfuscation":"xY"}\n\n'
    'event: news\nid: 7\ndata: {"unknown":true}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-real","choices":'
    '[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
ANTHROPIC_STREAM = (
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",'
    '"model":"claude","content":[],"stop_reason":null,"stop_sequence":null,'
    '"usage":{"input_tokens":1,"output_tokens":1}}   }\n\n'
    'event: weather\ndata: {"type":"weather","sky":"雲"}\n\n'
    'event: content_block_start\ndata: {"type":"content_block_start",'
    '"index":0,"content_block":{"type":"text","text":""}}\n\n'
    'event: content_block_delta\ndata: {"type":"content_block_delta",'
    '"index":0,"delta":{"type":"text_delta","text":"é漢🙂"}}\n\n'
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0 }\n\n'
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    '"usage":{"output_tokens":3}}\n\n'
    'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


@dataclass(frozen=True)
class Case:
    path: str
    alias: str
    real: str
    stream: str

    def request(self, *, stream: bool = False) -> bytes:
        text = REQUEST.replace("MODEL", self.alias)
        return (text.replace('"max_tokens"', '"stream":true,"max_tokens"') if stream else text).encode()


BOTH = pytest.mark.parametrize(
    "case",
    [
        Case("/v1/chat/completions", "renamed", "gpt-real-name", OPENAI_STREAM),
        Case("/v1/messages", "renamed-claude", "claude-real-name", ANTHROPIC_STREAM),
    ],
    ids=["openai", "anthropic"],
)


@BOTH
def test_a_request_goes_out_as_it_came_save_the_model(gateway: Gateway, cloud: Upstream, case: Case) -> None:
    assert gateway.post(case.path, case.request()).status_code == 200
    assert cloud.requests[-1].body == REQUEST.replace("MODEL", case.real).encode()


@BOTH
def test_an_answer_comes_back_as_it_was_given(gateway: Gateway, cloud: Upstream, case: Case) -> None:
    body = ('{ "id":"x" , "unknown":[1, 2.50,"\\u00e9é"],"model":"' + case.real + '","choices":[]\n}').encode()
    cloud.script(plain(body))
    assert gateway.post(case.path, case.request()).content == body


@BOTH
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 4096])
def test_a_stream_comes_back_as_it_was_given_however_it_is_cut(
    gateway: Gateway, cloud: Upstream, case: Case, size: int
) -> None:
    raw = case.stream.encode()
    cloud.script(events(*(raw[i : i + size] for i in range(0, len(raw), size))))
    assert gateway.post(case.path, case.request(stream=True)).content == raw


@BOTH
def test_an_upstream_refusal_comes_back_as_it_was_given(gateway: Gateway, cloud: Upstream, case: Case) -> None:
    body = b'{"type":"error", "error":{"type":"invalid_request_error","message":"no","odd":1}}'
    cloud.script(refusal(400, body))
    answer = gateway.post(case.path, case.request())
    assert (answer.status_code, answer.content) == (400, body)
    assert answer.headers["x-request-id"].startswith("req_")


def test_a_stream_without_its_end_gets_an_error_event(gateway: Gateway, cloud: Upstream) -> None:
    raw = OPENAI_STREAM.encode()
    whole = raw[: raw.index(b"event: news")]
    cloud.script(events(whole, b'data: {"half'))
    answer = gateway.post("/v1/chat/completions", {"model": "gpt-5", "messages": [], "stream": True})
    assert answer.content.startswith(whole)
    assert b"half" not in answer.content
    assert b"upstream_stream_truncated" in answer.content


def test_headers_say_who_answered(gateway: Gateway) -> None:
    answer: httpx2.Response = gateway.post("/v1/chat/completions", REQUEST.replace("MODEL", "renamed").encode())
    assert answer.headers["x-mlxmanager-backend"] == "openai"
    assert answer.headers["x-mlxmanager-model"] == "gpt-real-name"
    assert answer.headers["x-mlxmanager-attempts"] == "1"
    assert answer.headers["x-mlxmanager-mapping"].isdigit()
    assert "x-mlxmanager-fallback-reason" not in answer.headers
