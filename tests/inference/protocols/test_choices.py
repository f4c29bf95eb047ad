"""Several answers to one conversation at the local worker: what it is asked, and what becomes of what it says."""

import json
from typing import Any

import mlx.core as mx
import msgspec
import pytest

from inference import ir, translate
from inference.errors import BackendError, GatewayError, Kind
from inference.exchange import Exchange
from inference.protocols import native
from inference.worker.sampling import Noise
from tests.inference.exchanges import NATIVE, OPENAI, ask, run

JOBS = msgspec.msgpack.Decoder(list[native.Job])
USAGE = ir.Usage(7, 2, 4, reasoning_tokens=1)


def begin(**fields: Any) -> Exchange:
    return translate.begin(ask(OPENAI, **{"n": 2} | fields), NATIVE, "target")


def says(index: int, *events: ir.Event, reason: ir.StopReason | None = None) -> bytes:
    end = [ir.Finished(reason, usage=USAGE)] if reason else []
    return native.render_choice(index, [*events, *end])


def chunks(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in stream.decode().split("\n\n") if line.startswith("data: {")]


def test_each_answer_is_a_job_with_a_seed_of_its_own() -> None:
    made = JOBS.decode(begin(n=3, seed=2**63 - 2, max_tokens=9).request)
    assert [job.request.sampling.seed for job in made] == [2**63 - 2, 2**63 - 1, 2**63]
    assert {(job.model, job.request.max_tokens) for job in made} == {("target", 9)}


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64 - 1])
def test_any_seed_draws_the_first_answer_as_it_does_alone(seed: int) -> None:
    first, second = JOBS.decode(begin(n=2, seed=seed).request)
    for job, same in ((first, seed), (second, seed + 1)):
        assert job.request.sampling.seed is not None
        drawn, expected = (Noise(each).take(1000) for each in (job.request.sampling.seed, same))
        assert mx.array_equal(drawn, expected)


def test_a_large_conversation_has_few_answers() -> None:
    """Each has it sent anew."""
    messages = [{"role": "user", "content": "x" * 2**20}]
    assert len(JOBS.decode(begin(n=60, messages=messages).request)) == 60
    with pytest.raises(GatewayError) as caught:
        begin(n=128, messages=messages)
    assert (caught.value.kind, caught.value.param) == (Kind.REQUEST_TOO_LARGE, "n")


def test_a_whole_answer_has_all_choices_and_counts_the_prompt_once() -> None:
    exchange = begin()
    call = (ir.ToolStarted("call_1", "f"), ir.ToolDelta("{}"))
    raw = says(1, ir.TextDelta("b"), reason="end_turn") + says(0, *call, reason="tool_use")
    answer = json.loads(exchange.plain(raw, is_stream=True))
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert [choice["finish_reason"] for choice in answer["choices"]] == ["tool_calls", "stop"]
    assert answer["choices"][1]["message"]["content"] == "b"
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (7, 4)
    assert exchange.usage == ir.Usage(7, 4, 4, reasoning_tokens=2)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_stream_tells_choices_apart_as_they_come_and_ends_once(size: int) -> None:
    raw = (
        says(0, ir.Started())
        + says(1, ir.Started(), ir.TextDelta("b1"))
        + says(0, ir.ThinkingDelta("hm"))
        + says(1, reason="max_tokens")
        + says(0, ir.TextDelta("a1"), reason="end_turn")
    )
    exchange = begin(stream=True, stream_options={"include_usage": True})
    out = run(exchange.stream(True), [raw[at : at + size] for at in range(0, len(raw), size)])
    assert out.count(b"[DONE]") == 1
    *told, last = chunks(out)
    assert [(c["index"], c["delta"], c["finish_reason"]) for chunk in told for c in chunk["choices"]] == [
        (1, {"role": "assistant", "content": ""}, None),
        (1, {"content": "b1"}, None),
        (0, {"role": "assistant", "content": ""}, None),
        (0, {"reasoning_content": "hm"}, None),
        (1, {}, "length"),
        (0, {"content": "a1"}, None),
        (0, {}, "stop"),
    ]
    assert all(chunk["usage"] is None for chunk in told)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 11)
    assert {chunk["id"] for chunk in [*told, last]} == {last["id"]}


def test_nothing_goes_out_before_there_is_content() -> None:
    stream = begin(stream=True).stream(True)
    assert stream.feed(says(0, ir.Started(), ir.Ping())) == b""
    assert b'"content":"a"' in stream.feed(says(0, ir.TextDelta("a")))
    assert stream.feed(says(1, ir.Started())).startswith(b":")


def test_a_choice_that_does_not_end_is_an_error() -> None:
    raw = says(0, ir.TextDelta("a"), reason="end_turn") + says(1, ir.TextDelta("b"))
    exchange = begin()
    stream = exchange.stream(True)
    stream.feed(raw)
    for end in (stream.end, lambda: exchange.plain(raw, is_stream=True)):
        with pytest.raises(BackendError) as caught:
            end()
        assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED
