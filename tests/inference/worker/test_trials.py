"""What an answer is held to is compiled in a process of its own first."""

import json

import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, GatewayError, Kind
from inference.worker.trials import TOO_LONG, Trials, run
from tests.local_models import ask, question
from tests.schemas import EXPLODING, record

LARGE_TOKEN = 151_657
TOO_MUCH = f"start: body\nbody: %json {json.dumps(EXPLODING)}"


async def test_a_grammar_that_explodes_is_refused() -> None:
    with pytest.raises(GatewayError) as caught:
        await Trials(queue_limit=1).check(TOO_MUCH, param="tools")
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tools")
    assert "too much to hold an answer to" in caught.value.message


async def test_a_grammar_may_hold_tokens_that_no_text_is_made_of() -> None:
    await Trials(queue_limit=1).check(f'start: <[3]> "é" <[{LARGE_TOKEN}]>', param="tools")


def test_every_problem_is_told_up_to_one_that_takes_too_long() -> None:
    good, bad = 'start: "a"', "start: nothing"
    told = run([good, bad, TOO_MUCH, good])
    assert (told[0], told[2:]) == ("", [TOO_LONG])
    assert "unknown name" in told[1]


async def test_schemas_that_are_too_much_as_the_model_writes_them_are_refused(local: LocalBackend) -> None:
    texts = {f"p{number}": {"type": "string", "minLength": 9000, "maxLength": 10000} for number in range(5)}
    tool = ir.Tool("write", record(**texts), strict=True)
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello", tools=(tool,)), model="test/other-calls")
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tools")
    assert "too much to hold an answer to" in caught.value.message
