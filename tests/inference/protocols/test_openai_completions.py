"""Legacy completions at the local worker: what it is asked, and what becomes of what it says."""

import json
from typing import Any

import msgspec
import pytest

from inference import ir, translate
from inference.errors import BackendError, Kind
from inference.exchange import Exchange
from inference.protocols import native
from tests.inference.exchanges import NATIVE, Asked, run

JOBS = msgspec.msgpack.Decoder(list[native.Job])


def begin(**fields: Any) -> Exchange:
    body = json.dumps({"model": "asked", "prompt": "Once"} | fields).encode()
    return translate.begin(Asked("openai_completions", body), NATIVE, "target")


def jobs(**fields: Any) -> list[native.Job]:
    return JOBS.decode(begin(**fields).request)


def says(index: int, *texts: str, reason: ir.StopReason | None = None, usage: ir.Usage | None = None) -> bytes:
    events: list[ir.Event] = [ir.TextDelta(text) for text in texts]
    if reason is not None:
        events.append(ir.Finished(reason, usage=usage or ir.Usage(3, 2)))
    return native.render_choice(index, events)


def chunks(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in stream.decode().split("\n\n") if line.startswith("data: {")]


def test_each_answer_is_a_job_of_its_own_prompt_by_prompt() -> None:
    made = jobs(prompt=["a", [1, 2]], n=2, seed=5, max_tokens=7, stop=["x", "y"], temperature=0.5, echo=True)
    assert [job.prompt for job in made] == ["a", "a", (1, 2), (1, 2)]
    assert [job.request.sampling.seed for job in made] == [5, 6, 5, 6]
    assert {(job.model, job.echo, job.request.max_tokens, job.request.stop) for job in made} == {
        ("target", True, 7, ("x", "y"))
    }
    assert {job.request.sampling.temperature for job in made} == {0.5}


def test_the_largest_seed_has_a_next_one() -> None:
    assert [job.request.sampling.seed for job in jobs(seed=2**64 - 1, n=2)] == [2**64 - 1, 0]


def test_without_a_seed_every_answer_is_drawn_anew() -> None:
    assert [job.request.sampling.seed for job in jobs(n=2)] == [None, None]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("context_window", "length"),
        ("refusal", "content_filter"),
    ],
)
def test_an_answers_end_is_told_in_words_that_completions_have(reason: ir.StopReason, shown: str) -> None:
    body = begin().plain(says(0, "a", reason=reason), is_stream=True)
    assert json.loads(body)["choices"] == [{"text": "a", "index": 0, "logprobs": None, "finish_reason": shown}]


def likely(index: int, text: str, *logprobs: float) -> bytes:
    tokens = tuple(ir.Token(text.encode() if not place else b"", value) for place, value in enumerate(logprobs))
    return native.render_choice(index, [ir.TextDelta(text, tokens), ir.Finished("end_turn", usage=ir.Usage(3, 2))])


def test_the_best_of_what_was_drawn_are_chosen_for_each_prompt_by_their_tokens_mean() -> None:
    exchange = begin(prompt=["a", "b"], best_of=3, n=2)
    drawn = [
        likely(0, "long", -1, -1, -1),
        likely(1, "short", -2),
        likely(2, "likely", -1, -0.5),
        says(3, reason="end_turn"),
        likely(4, "b1", -5),
        likely(5, "b2", -4),
    ]
    body = json.loads(exchange.plain(b"".join(drawn), is_stream=True))
    assert [(one["index"], one["text"], one["logprobs"]) for one in body["choices"]] == [
        (0, "likely", None),
        (1, "long", None),
        (2, "b2", None),
        (3, "b1", None),
    ]
    assert body["usage"]["completion_tokens"] == 12
    assert {job.request.logprobs for job in jobs(best_of=3)} == {0}
    assert {job.request.logprobs for job in jobs(best_of=3, n=3)} == {None}


def test_counts_are_added_up_and_a_prompts_only_once() -> None:
    exchange = begin(prompt=["a", "b"], n=2)
    usages = [ir.Usage(3, 1, 2), ir.Usage(3, 10, 3), ir.Usage(5, 100), ir.Usage(5, 1000)]
    exchange.plain(
        b"".join(says(index, "x", reason="end_turn", usage=usage) for index, usage in enumerate(usages)), is_stream=True
    )
    assert exchange.usage == ir.Usage(8, 1111, 2)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_stream_tells_answers_apart_as_they_come(size: int) -> None:
    raw = b"".join(
        [says(1, "b1"), says(0, "a1", "a2"), says(1, "", reason="max_tokens"), says(0, "a3", reason="end_turn")]
    )
    stream = begin(prompt=["a", "b"], stream=True, stream_options={"include_usage": True}).stream(True)
    out = run(stream, [raw[at : at + size] for at in range(0, len(raw), size)])
    assert out.endswith(b"data: [DONE]\n\n")
    *told, last = chunks(out)
    assert [(c["index"], c["text"], c["finish_reason"]) for chunk in told for c in chunk["choices"]] == [
        (1, "b1", None),
        (0, "a1a2", None),
        (1, "", "length"),
        (0, "a3", "stop"),
    ]
    assert all(chunk["usage"] is None for chunk in told)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 10)
    assert stream.usage == ir.Usage(6, 4)


def test_nothing_goes_out_before_there_is_text() -> None:
    stream = begin(stream=True).stream(True)
    assert stream.feed(native.render_choice(0, [ir.Started(), ir.Ping()])) == b""
    assert b'"text":"a"' in stream.feed(says(0, "a"))
    assert stream.feed(native.render_choice(0, [ir.Ping()])).startswith(b":")
    assert stream.release() == b""


def test_a_client_that_waits_long_learns_that_its_answer_has_begun() -> None:
    stream = begin(stream=True).stream(True)
    assert stream.release().startswith(b":")
    assert stream.release() == b""


def test_an_answer_that_does_not_end_is_an_error() -> None:
    raw = says(0, "a", reason="end_turn") + says(1, "b")
    exchange = begin(prompt=["a", "b"])
    stream = exchange.stream(True)
    stream.feed(raw)
    for end in (stream.end, lambda: exchange.plain(raw, is_stream=True)):
        with pytest.raises(BackendError) as caught:
            end()
        assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED


def test_a_broken_stream_ends_with_an_error_and_no_finish() -> None:
    stream = begin(stream=True).stream(True)
    stream.feed(says(0, "a"))
    ending = stream.fail(BackendError(Kind.LOCAL_WORKER_UNAVAILABLE, "gone"))
    assert b"local_worker_unavailable" in ending
    assert ending.endswith(b"data: [DONE]\n\n")
    assert b"finish_reason" not in ending
