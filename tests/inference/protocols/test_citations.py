"""The pages an Anthropic answer cites, as OpenAI clients get them."""

import json
from typing import Any

import pytest

from inference import ir, sse
from inference.protocols import anthropic_messages, openai_chat
from inference.protocols.codec import Answering
from inference.protocols.folding import fold, unfold
from tests.inference.protocols.test_sdks import USER, WHOLE, openai_client, openai_stream

ANSWERING = Answering(request_id="req_1", model="asked", created=1790000000, include_usage=True)


def page(name: str) -> dict[str, Any]:
    url = f"https://example.org/{name}"
    return {"type": "web_search_result_location", "url": url, "title": name, "cited_text": "x", "encrypted_index": "y"}


BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": "Hé 👋, "},
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    {"type": "text", "text": "it rains.", "citations": [page("a"), {"type": "char_location", "document_index": 0}]},
    {"type": "text", "text": " And ", "citations": None},
    {"type": "text", "text": "blows 👋.", "citations": [page("b"), page("c")]},
]
TEXT = "Hé 👋, it rains. And blows 👋."
SPANS = [("a", "it rains."), ("b", "blows 👋."), ("c", "blows 👋.")]


def event(name: str, **fields: Any) -> bytes:
    return sse.encode(name, json.dumps({"type": name, **fields}).encode())


def streamed(*, first: bool) -> bytes:
    """`first`: a block's citations come before its text."""
    parts = [event("message_start", message={"id": "msg_1", "usage": {}})]
    for index, block in enumerate(BLOCKS):
        text = block.get("text", "")
        cut = len(text) // 2
        deltas: list[dict[str, Any]] = [
            {"type": "text_delta", "text": piece} for piece in (text[:cut], text[cut:]) if piece
        ]
        cited = [{"type": "citations_delta", "citation": citation} for citation in block.get("citations") or ()]
        parts.append(event("content_block_start", index=index, content_block=block | {"text": "", "citations": []}))
        parts += [
            event("content_block_delta", index=index, delta=delta)
            for delta in (cited + deltas if first else deltas + cited)
        ]
        parts.append(event("content_block_stop", index=index))
    parts += [event("message_delta", delta={"stop_reason": "end_turn"}, usage={}), event("message_stop")]
    return b"".join(parts)


def parsed(stream: bytes) -> list[ir.Event]:
    parser = anthropic_messages.stream_parser()
    return [*parser.feed(stream), *parser.close()]


def spans(message: dict[str, Any]) -> list[tuple[str, str]]:
    found = [annotation["url_citation"] for annotation in message["annotations"]]
    assert all(annotation["type"] == "url_citation" for annotation in message["annotations"])
    text = message["content"]
    assert all(cited["url"].endswith(cited["title"]) for cited in found)
    return [(cited["title"], text[cited["start_index"] : cited["end_index"]]) for cited in found]


def test_a_whole_answer_tells_which_of_its_words_are_drawn_from_where() -> None:
    body = json.dumps({"id": "msg_1", "content": BLOCKS, "stop_reason": "end_turn"}).encode()
    shown = openai_chat.render_completion(anthropic_messages.parse_completion(body), ANSWERING)
    message = json.loads(shown)["choices"][0]["message"]
    assert message["content"] == TEXT
    assert spans(message) == SPANS
    assert not any("index" in annotation for annotation in message["annotations"])


@pytest.mark.parametrize("first", [False, True])
def test_a_stream_tells_it_once_with_its_end(first: bool) -> None:
    stream = openai_chat.stream_renderer(ANSWERING).render(parsed(streamed(first=first)))
    choices = [json.loads(data)["choices"] for data in sse.parse(stream) if data != "[DONE]"]
    found = [choice[0]["delta"] for choice in choices if choice and "annotations" in choice[0]["delta"]]
    assert len(found) == 1
    assert [annotation["index"] for annotation in found[0]["annotations"]] == [0, 1, 2]
    assert spans({"content": TEXT} | found[0]) == SPANS


@pytest.mark.parametrize("first", [False, True])
def test_a_stream_folds_to_the_same_spans(first: bool) -> None:
    completion = fold(parsed(streamed(first=first)))
    assert spans(json.loads(openai_chat.render_completion(completion, ANSWERING))["choices"][0]["message"]) == SPANS
    assert fold(unfold(completion)) == completion


def test_openais_client_assembles_them() -> None:
    answer = openai_stream(openai_chat.stream_renderer(ANSWERING).render(parsed(streamed(first=True))))
    assert spans(answer.choices[0].message.to_dict()) == SPANS


def test_openais_client_reads_them() -> None:
    completion = fold(parsed(streamed(first=False)))
    with openai_client(openai_chat.render_completion(completion, ANSWERING), WHOLE) as client:
        message = client.chat.completions.create(model="m", messages=USER).choices[0].message
    assert message.annotations is not None
    assert spans(message.to_dict()) == SPANS


def test_an_answer_that_cites_without_end_keeps_no_more_than_anybody_reads() -> None:
    parser = anthropic_messages.stream_parser()
    block = {"type": "text", "text": "x", "citations": [page("a")] * 600}
    stream = b"".join(event("content_block_start", index=index, content_block=block) for index in range(4))
    events = parser.feed(event("message_start", message={"id": "m"}) + stream + event("message_stop"))
    assert sum(isinstance(found, ir.Cited) for found in events) == 1000
