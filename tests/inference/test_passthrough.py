"""Exchanges within one protocol: every byte stays as it came."""

import json

import pytest

from inference import ir, translate
from inference.errors import BackendError, Kind
from tests.inference import recordings
from tests.inference.exchanges import ANTHROPIC, CONTENTS, ERRORS, HEADS, OPENAI, Asked, ask, run


@pytest.mark.parametrize("name", recordings.NAMES)
@pytest.mark.parametrize("size", [1, 2, 7, 4096])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_stream_of_the_clients_protocol_keeps_every_byte(name: str, size: int, ends: bytes) -> None:
    protocol = OPENAI if name.startswith("openai") else ANTHROPIC
    odd = b': comment\n\nevent: news\nid: 7\nretry: 5\ndata: { "x" : "\\u00e9 \xc3\xa9" }\n\n'
    stream = (odd + recordings.read(name)).replace(b"\n", ends)
    out = run(translate.begin(ask(protocol), protocol, "target").stream(True), recordings.cut(stream, size))
    assert out == stream


def test_a_stream_of_the_clients_protocol_may_be_cut_at_every_byte() -> None:
    stream = recordings.read("openai_empty.sse")
    for place in range(len(stream)):
        relay = translate.begin(ask(OPENAI), OPENAI, "target").stream(True)
        assert run(relay, [stream[:place], stream[place:]]) == stream


@pytest.mark.parametrize("name", recordings.NAMES)
def test_only_whole_events_are_relayed(name: str) -> None:
    protocol = OPENAI if name.startswith("openai") else ANTHROPIC
    stream = recordings.read(name)
    terminal = stream.index(b"event: message_stop" if protocol == ANTHROPIC else b'"finish_reason":"')
    for end in range(0, terminal, 11):
        relay = translate.begin(ask(protocol), protocol, "target").stream(True)
        out = relay.feed(stream[:end]) + relay.release()
        assert stream.startswith(out)
        assert not out or out.endswith(b"\n\n")
        with pytest.raises(BackendError):
            relay.end()


@pytest.mark.parametrize("ending", [b"data: [DONE]", b"data: [DONE]\n", b"\n"])
def test_a_last_event_without_blank_line_is_relayed(ending: bytes) -> None:
    stream = recordings.read("openai_text.sse").removesuffix(b"data: [DONE]\n\n") + ending
    assert run(translate.begin(ask(OPENAI), OPENAI, "target").stream(True), [stream]) == stream


def test_an_upstreams_error_behind_content_is_relayed_as_it_is() -> None:
    stream = HEADS[ANTHROPIC] + CONTENTS[ANTHROPIC] + ERRORS[ANTHROPIC]
    relay = translate.begin(ask(ANTHROPIC), ANTHROPIC, "target").stream(True)
    assert run(relay, recordings.cut(stream, 9)) == stream


def test_an_upstreams_error_behind_a_released_head_is_relayed_as_it_is() -> None:
    relay = translate.begin(ask(ANTHROPIC), ANTHROPIC, "target").stream(True)
    assert relay.feed(HEADS[ANTHROPIC]) + relay.release() == HEADS[ANTHROPIC]
    assert run(relay, [ERRORS[ANTHROPIC]]) == ERRORS[ANTHROPIC]


def test_words_about_errors_and_ends_are_no_errors_and_ends() -> None:
    words = json.dumps({"error": {"x": 1}, "finish_reason": "stop", "data: [DONE]": "\nevent: message_stop"})
    text = json.dumps({"choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]})
    chunk = f"data: {text}\n\n".encode()
    relay = translate.begin(ask(OPENAI), OPENAI, "target").stream(True)
    assert relay.feed(chunk) == chunk
    with pytest.raises(BackendError):
        relay.end()


def test_a_request_keeps_every_byte_but_the_model() -> None:
    body = b'{ "messages":[{"role":"user","content":"\\u00e9"}],"model" :"asked", "x":1e2,"x":[ ],"temperature":0.70 }'
    asked = Asked(OPENAI, body)
    assert translate.begin(asked, OPENAI, "asked").request is body
    assert translate.begin(asked, OPENAI, "target").request == body.replace(b'"asked"', b'"target"')


@pytest.mark.parametrize("protocol", [OPENAI, ANTHROPIC])
def test_a_whole_answer_keeps_every_byte(protocol: str) -> None:
    counts = b'{"input_tokens":3,"prompt_tokens":3,"output_tokens":4,"completion_tokens":4}'
    body = b' { "id":"x", "usage" :' + counts + b',"y":1e2 } \n'
    exchange = translate.begin(ask(protocol), protocol, "target")
    assert exchange.plain(body, is_stream=False) is body
    assert exchange.usage == ir.Usage(3, 4)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>", Kind.UPSTREAM_INVALID_RESPONSE),
        (b"", Kind.UPSTREAM_INVALID_RESPONSE),
        (b"[]", Kind.UPSTREAM_INVALID_RESPONSE),
        (b'{"error":{"message":"x","type":"overloaded_error"}}', Kind.UPSTREAM_OVERLOADED),
    ],
)
def test_a_good_status_does_not_make_an_answer(body: bytes, kind: Kind) -> None:
    with pytest.raises(BackendError) as caught:
        translate.begin(ask(OPENAI), OPENAI, "target").plain(body, is_stream=False)
    assert caught.value.kind is kind


def test_thinking_that_we_signed_never_reaches_anthropic() -> None:
    own = b'{"type":"thinking", "thinking":"hm","signature":"gw1."}'
    native = b'{ "type":"thinking","thinking":"h\\u006d","signature":"c2ln" }'
    turns = b'{"content":[%b],"role":"assistant"},{"role":"user", "content":"\\u00e9"}'
    body = b'{"model":"asked","messages":[' + turns + b'],"x":1e2 }'
    sent = translate.begin(Asked(ANTHROPIC, body % (own + b" , " + native)), ANTHROPIC, "asked").request
    assert json.loads(sent) == json.loads(body % native)
    assert native in sent
    assert b'"\\u00e9"' in sent


def test_a_turn_of_nothing_but_our_thinking_is_left_out() -> None:
    own = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "gw1."}]}
    user = {"role": "user", "content": "x"}
    sent = translate.begin(ask(ANTHROPIC, messages=[user, own, user]), ANTHROPIC, "asked").request
    assert json.loads(sent)["messages"] == [user, user]


@pytest.mark.parametrize(
    "messages", ["gw1.", ["gw1."], [{"role": "gw1."}], [{"content": "gw1."}], [{"content": ["gw1."]}]]
)
def test_a_request_that_merely_mentions_our_signature_passes(messages: object) -> None:
    asked = ask(ANTHROPIC, messages=messages)
    assert json.loads(translate.begin(asked, ANTHROPIC, "asked").request) == json.loads(asked.body)
