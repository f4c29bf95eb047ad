"""Answers are the same whether their prompt's beginning was kept or not, for every kind of model."""

import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from inference import ir
from inference.footprints import CHUNK
from inference.installed import Installed
from inference.worker.engine import Reading, Token
from tests.engines import DEMO, GREEDY, KINDS, Bench, bench, make_model

# Among few tokens: random weights find all about as likely, and then the last bit of a logit could choose another.
SEEDED = ir.Sampling(temperature=0.8, top_k=8, seed=7)
PENALISED = ir.Sampling(temperature=0, frequency_penalty=1.0, presence_penalty=0.5)


@pytest.fixture(scope="module", params=["demo", *KINDS])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    kind: str = request.param
    return DEMO if kind == "demo" else make_model(kind, tmp_path_factory.mktemp("models") / kind)


@pytest.fixture
def roomy(model: Installed) -> Iterator[Bench]:
    with bench(model) as opened:
        yield opened


def tokens(count: int, seed: int) -> list[int]:
    numbers = random.Random(seed)
    return [numbers.randrange(3, 1000) for _ in range(count)]


def conversation(seed: int) -> list[tuple[list[int], tuple[int, int]]]:
    """The prompts of a conversation's turns, all with one of two system parts, each with its two borders."""
    numbers = random.Random(seed)
    system = tokens(numbers.choice([61, 300]), numbers.choice([1, 2]))
    turns = accumulate((tokens(numbers.randrange(1, 90), seed * 10 + turn) for turn in range(4)), initial=system)
    opening = [7, 8, 9]
    return [(turn + opening, (len(system), len(turn))) for turn in list(turns)[1:]]


@pytest.mark.parametrize("sampling", [GREEDY, SEEDED, PENALISED])
def test_conversations_are_answered_the_same(roomy: Bench, sampling: ir.Sampling) -> None:
    hits = 0
    for seed in range(4):
        for prompt, borders in conversation(seed):
            (plain,), _ = roomy.write(prompt, tenant=None, sampling=sampling)
            (answer,), (cached,) = roomy.write(prompt, borders=kept(roomy, borders), sampling=sampling)
            assert answer == plain
            hits += cached > 0
    assert hits > 8


def test_rows_with_other_beginnings_are_one_batch(roomy: Bench) -> None:
    prompts = [conversation(seed)[0][0] for seed in range(5)]
    plain = [roomy.write(prompt, tenant=None)[0][0] for prompt in prompts]
    roomy.write(*prompts[:2], borders=(61, 300))
    answers, cached = roomy.write(*prompts, prompts[0], prompts[0], borders=(61, 300))
    assert answers == [*plain, plain[0], plain[0]]
    assert cached[0] == cached[5] == cached[6] > 0
    assert len(set(cached)) > 1


@pytest.mark.parametrize("length", [33, 64, 255, 256, 257, 299])
def test_a_beginning_of_any_length_serves(length: int) -> None:
    whole = tokens(300, 5)
    prompt = whole[:length] + tokens(20, 6)
    with bench() as roomy:
        plain = roomy.write(prompt, tenant=None)
        roomy.write(whole)
        assert roomy.write(prompt) == (plain[0], [length])


def test_a_prompt_that_was_read_whole_leaves_its_last_token_to_be_read() -> None:
    prompt = tokens(100, 5)
    with bench() as roomy:
        first, second, third = (roomy.write(prompt) for _ in range(3))
        assert [first[1], second[1], third[1]] == [[0], [99], [99]]
        assert first[0] == second[0] == third[0]


def test_a_short_beginning_is_not_kept() -> None:
    with bench() as roomy:
        roomy.write(tokens(20, 5), most=4)
        assert roomy.write(tokens(20, 5), most=4)[1] == [0]
        assert roomy.prefixes.figures().memory == 0


def test_an_answer_is_kept_for_the_next_turn() -> None:
    prompt = tokens(100, 5)
    with bench() as roomy:
        (answer,), _ = roomy.write(prompt, most=20)
        turn = prompt + answer + tokens(10, 6)
        plain = roomy.write(turn, tenant=None)[0]
        assert roomy.write(turn) == (plain, [len(prompt) + len(answer)])


def test_rows_that_are_removed_leave_the_others_as_they_are(roomy: Bench) -> None:
    prompts = [conversation(seed)[2][0] for seed in range(4)]
    plain = [roomy.write(prompt, tenant=None)[0][0] for prompt in prompts]
    for steps in range(6):
        rows = [roomy.engine.insert(prompt, GREEDY, max_tokens=50, tenant="one").row for prompt in prompts]
        for _ in range(steps):
            roomy.engine.step()
        for row in rows:
            roomy.engine.remove(row)
        answers, cached = roomy.write(*prompts)
        assert answers == plain
    assert min(cached) > 0


def test_what_was_read_before_a_row_was_removed_is_kept() -> None:
    prompt = tokens(2000, 5)
    with bench() as roomy:
        row = roomy.engine.insert(prompt, GREEDY, max_tokens=5, tenant="one").row
        roomy.engine.step()
        roomy.engine.remove(row)
        assert 0 < roomy.write(prompt)[1][0] < 1999


def test_answers_are_the_same_while_prefixes_go(model: Installed) -> None:
    asked = [turn for seed in range(4) for turn in conversation(seed)]
    with bench(model) as roomy:
        plain = [roomy.write(prompt, tenant=None)[0][0] for prompt, _ in asked]
        roomy.write(asked[-1][0], borders=kept(roomy, asked[-1][1]))
        limit = 2 * roomy.prefixes.figures().memory
    with bench(model, limit=limit) as tight:
        for (prompt, borders), answer in zip(asked, plain, strict=True):
            answers, _ = tight.write(prompt, prompt, borders=kept(tight, borders))
            assert answers == [answer, answer]
            assert 0 < tight.prefixes.figures().memory <= limit
        assert tight.prefixes.figures().hits > 10


def test_the_penalties_of_a_row_know_the_tokens_it_did_not_read_again() -> None:
    prompt = tokens(80, 5)
    with bench() as roomy:
        plain = roomy.write(prompt, tenant=None, sampling=PENALISED, most=30)[0]
        roomy.write(prompt)
        assert roomy.write(prompt, sampling=PENALISED, most=30) == (plain, [79])


def test_progress_counts_what_was_read_before() -> None:
    prompt = tokens(1300, 5)
    with bench() as roomy:
        roomy.write(prompt[:600])
        roomy.engine.insert(prompt, GREEDY, max_tokens=1, tenant="one")
        assert roomy.engine.step() == [Reading(1, 600 + CHUNK, 1300)]


def kept(roomy: Bench, borders: tuple[int, int]) -> tuple[int, ...]:
    return borders if roomy.engine.needs_borders else ()


def test_a_model_that_cannot_go_back_reads_on_from_its_borders(tmp_path: Path) -> None:
    system, opening = tokens(70, 1), [7, 8, 9]
    first, second = system + tokens(40, 2), system + tokens(40, 3)
    with bench(make_model("lfm2", tmp_path / "lfm2")) as roomy:
        assert roomy.engine.needs_borders
        roomy.write(first + opening, borders=(70, 110))
        assert roomy.write(second + opening, borders=(70, 110))[1] == [70]
        assert roomy.write(first + tokens(30, 4) + opening, borders=(70, 140))[1] == [110]


def test_nothing_is_kept_where_no_memory_is_spare() -> None:
    prompt = list(range(5, 105))
    with bench(spare=0) as engine:
        for _ in range(2):
            assert engine.write(prompt)[1] == [0]
        assert engine.prefixes.size == 0


def test_the_end_of_an_answer_is_told_before_the_answer_is_kept() -> None:
    with bench() as roomy:
        roomy.engine.insert(tokens(100, 5), GREEDY, max_tokens=40, tenant="one")
        made: list[Token | Reading] = []
        while not made or not isinstance(made[-1], Token) or made[-1].end is None:
            made = list(roomy.engine.step())
        prompt_alone = roomy.prefixes.size
        roomy.catch_up()
        assert roomy.prefixes.size > prompt_alone


def test_what_waits_to_be_kept_goes_with_its_model() -> None:
    with bench() as roomy:
        roomy.engine.insert(tokens(100, 5), GREEDY, max_tokens=2, tenant="one")
        while roomy.waiting.empty():
            roomy.engine.step()
    roomy.catch_up()
    assert roomy.prefixes.size == 0
