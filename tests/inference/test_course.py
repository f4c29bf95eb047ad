"""What is noted of a request on its way: its attempts, and what its answer cost, also where nobody told."""

import base64
from typing import Any

import pytest

from inference.course import Attempt, Course
from inference.errors import GatewayError
from inference.guess import prompt_tokens
from inference.incoming import Incoming
from inference.ir import Usage
from inference.relay import Relay
from routing.client import Client
from routing.route import Target
from tests import vendor_answers
from tests.answers import Answer, events, plain, refusal
from tests.inference.exchanges import ANTHROPIC, CONTENTS, HEADS, OPENAI
from tests.inference.executing import CLOUD, executing, incoming, read, route, target
from tests.inference.protocols.test_endings import chunk
from tests.upstreams import Upstream

PROMPT = 50
PAIRS = pytest.mark.parametrize(("client", "backend"), CLOUD)


def asked(protocol: str, *, stream: bool) -> Incoming:
    request = incoming(protocol, stream=stream)
    request.course.prompt = PROMPT
    return request


async def course_of(request: Incoming, *answers: Answer, upstream: Upstream, backend: str) -> Course:
    """After the request was answered, or refused, by as many targets as there are answers."""
    upstream.script(*answers)
    targets = [target(upstream, backend, model=f"target-{number}") for number in range(len(answers))]
    async with executing() as executor:
        try:
            await read(await executor.execute(request, route(*targets)))
        except GatewayError:
            assert request.course.usage is None
    return request.course


@PAIRS
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_the_usage_is_what_the_backend_tells(upstream: Upstream, client: str, backend: str, stream: bool) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if stream and client == OPENAI else {}
    request = incoming(client, stream=stream, **options)
    request.course.prompt = PROMPT
    async with executing() as executor:
        await read(await executor.execute(request, route(target(upstream, backend))))
    usage = request.course.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (vendor_answers.INPUT_TOKENS, vendor_answers.OUTPUT_TOKENS)
    assert not request.course.is_estimated


async def test_a_stream_whose_upstream_tells_no_usage_is_estimated_by_its_events(upstream: Upstream) -> None:
    words = [CONTENTS[OPENAI]] * 20
    answer = events(HEADS[OPENAI], *words, chunk(finish_reason="stop"), b"data: [DONE]\n\n")
    course = await course_of(asked(OPENAI, stream=True), answer, upstream=upstream, backend=OPENAI)
    assert course.usage is not None
    assert course.usage.input_tokens == PROMPT
    assert 20 <= course.usage.output_tokens <= 23
    assert course.is_estimated


async def test_an_answer_whose_upstream_tells_no_usage_is_estimated_by_its_size(upstream: Upstream) -> None:
    said = plain(b'{"choices":[{"message":{"role":"assistant","content":"' + b"word " * 100 + b'"}}]}')
    course = await course_of(asked(OPENAI, stream=False), said, upstream=upstream, backend=OPENAI)
    assert course.usage is not None
    assert course.usage.input_tokens == PROMPT
    assert 100 <= course.usage.output_tokens <= 150
    assert course.is_estimated


async def test_a_stream_that_is_left_cost_what_was_sent_of_it(upstream: Upstream) -> None:
    upstream.script(events(HEADS[ANTHROPIC], *[CONTENTS[ANTHROPIC]] * 200, pause=0.005))
    request = asked(ANTHROPIC, stream=True)
    async with executing() as executor:
        answer = await executor.execute(request, route(target(upstream, ANTHROPIC)))
        assert isinstance(answer.body, Relay)
        for _ in range(30):
            await anext(answer.body)
        await answer.body.aclose()
        await answer.body.aclose()
    usage = request.course.usage
    assert usage is not None
    assert 30 <= usage.output_tokens < 100
    assert request.course.is_estimated


async def test_where_no_tokens_are_spent_none_are_estimated(upstream: Upstream) -> None:
    request = incoming(OPENAI, stream=False)
    course = await course_of(request, plain(b'{"choices":[]}'), upstream=upstream, backend=OPENAI)
    assert course.usage is None


async def test_each_attempt_is_noted_with_its_target_and_outcome(upstream: Upstream) -> None:
    answer = plain(vendor_answers.openai_chat({"model": "m", "messages": [{"role": "user", "content": "Hello"}]}))
    course = await course_of(asked(OPENAI, stream=False), refusal(500), answer, upstream=upstream, backend=OPENAI)
    assert [(one.backend, one.model, one.outcome) for one in course.attempts] == [
        ("openai", "target-0", "upstream_error"),
        ("openai", "target-1", "answered"),
    ]
    assert all(isinstance(one, Attempt) and 0 <= one.ms < 5000 for one in course.attempts)


async def test_a_failed_attempt_has_a_line_in_the_log_and_the_request_one_at_its_end(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = plain(
        vendor_answers.openai_chat({"model": "m", "messages": [{"role": "user", "content": "Hello"}]}),
        headers=(("x-request-id", "req_theirs"),),
    )
    request = asked(OPENAI, stream=False)
    course = await course_of(request, refusal(500), answer, upstream=upstream, backend=OPENAI)
    course.client, course.model, course.target = Client(1, "laptop", b""), "gpt-5", Target("openai", "target-1")
    course.answer(200)
    course.end()
    failed, ended = (line.partition("] ")[2] for line in capsys.readouterr().err.splitlines())
    assert failed.startswith("attempt failed [mlxmanager.course] ")
    assert "backend=openai target=target-0 outcome=upstream_error ms=" in failed
    assert ended.startswith("request [mlxmanager.course] client=laptop endpoint=other model=gpt-5 stream=False ")
    assert "backend=openai target=target-1 upstream_id=req_theirs attempts=2 status=200 outcome=answered ms=" in ended
    assert ended.endswith(f"input_tokens={vendor_answers.INPUT_TOKENS} output_tokens={vendor_answers.OUTPUT_TOKENS}")


def test_a_request_without_a_valid_key_has_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    Course().end()
    assert capsys.readouterr().err == ""


def test_what_a_backend_told_of_a_whole_answer_counts_whatever_its_size() -> None:
    course = Course(prompt=PROMPT)
    course.spend(Usage(7, 9), written=100)
    assert (course.usage, course.is_estimated) == (Usage(7, 9), False)


def test_a_picture_is_not_taken_for_as_many_words() -> None:
    picture = base64.b64encode(bytes(1_000_000))
    words = b'{"messages":[{"role":"user","content":"' + b"word " * 1000 + b'"}]}'
    shown = words.replace(b"]}", b',{"url":"data:image/png;base64,' + picture + b'"}]}')
    assert 1000 <= prompt_tokens(words) <= 1300
    assert prompt_tokens(words) + 1000 <= prompt_tokens(shown) <= prompt_tokens(words) + 2000
