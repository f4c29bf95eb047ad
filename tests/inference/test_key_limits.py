"""What a client key with limits is let in with, on a clock that the test turns."""

import math
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.key_limits import MINUTE, KeyLimits, LimitReached, Standing
from routing.client import Client
from routing.snapshot import Snapshot

NEVER = math.inf


def key(number: int = 1, *, requests: int | None = None, tokens: int | None = None) -> Client:
    return Client(
        number,
        f"key {number}",
        number.to_bytes(32, "big"),
        requests_per_minute=requests,
        tokens_per_minute=tokens,
    )


@dataclass
class Turning:
    """Limits, with the clock and the configuration they go by."""

    now: float = 1000.0
    snapshot: Snapshot = field(default_factory=lambda: Snapshot(1))
    limits: KeyLimits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = KeyLimits(lambda: self.snapshot, clock=lambda: self.now)

    def configure(self, *clients: Client) -> None:
        self.snapshot = Snapshot(self.snapshot.generation + 1, clients=clients)

    def standing(self, client: Client) -> Standing:
        return self.limits.standing(client)

    def ask(self, client: Client, tokens: int = 0) -> float:
        """Seconds until it would be let in; 0: it was."""
        try:
            self.standing(client).admit(tokens)
        except LimitReached as reached:
            return reached.retry_after or 0.0
        return 0.0


@pytest.fixture
def turning() -> Turning:
    return Turning()


def left(standing: Standing) -> tuple[int | None, int | None]:
    now = standing.clock()
    requests, tokens = standing.requests, standing.tokens
    return None if requests is None else requests.left(now), None if tokens is None else tokens.left(now)


def test_a_minutes_worth_at_once_and_then_as_it_comes_back(turning: Turning) -> None:
    three = key(requests=3)
    assert [turning.ask(three) for _ in range(4)] == [0, 0, 0, 20]
    turning.now += 19.9
    assert turning.ask(three) == pytest.approx(0.1)
    turning.now += 0.1
    assert [turning.ask(three), turning.ask(three)] == [0, 20]
    turning.now += 3600
    assert [turning.ask(three) for _ in range(4)] == [0, 0, 0, 20]


def test_keys_have_limits_of_their_own(turning: Turning) -> None:
    first, second = key(1, requests=1), key(2, requests=1)
    assert [turning.ask(first), turning.ask(first), turning.ask(second)] == [0, 60, 0]


def test_a_limit_of_nothing_lets_nothing_in(turning: Turning) -> None:
    assert turning.ask(key(1, requests=0)) == NEVER
    assert turning.ask(key(2, tokens=0), 1) == NEVER
    # What costs no tokens is not kept out by a limit of them.
    assert turning.ask(key(2, tokens=0)) == 0


def test_what_is_refused_by_one_limit_is_not_charged_to_the_other(turning: Turning) -> None:
    both = key(requests=2, tokens=100)
    assert turning.ask(both, 60) == 0
    assert turning.ask(both, 60) == pytest.approx(12)
    assert left(turning.standing(both)) == (1, 40)
    assert turning.ask(both, 40) == 0
    assert left(turning.standing(both)) == (0, 0)
    # The longer wait counts: 30 seconds for a request, 54 for tokens.
    with pytest.raises(LimitReached, match="90 tokens") as refused:
        turning.standing(both).admit(90)
    assert refused.value.unit == "tokens"
    assert refused.value.retry_after == pytest.approx(54)


def test_real_usage_settles_the_estimate(turning: Turning) -> None:
    hundred = key(tokens=100)
    assert turning.ask(hundred, 50) == 0
    turning.standing(hundred).settle(-30)
    assert left(turning.standing(hundred)) == (None, 80)
    # More was written than the limit holds: later requests wait until the debt is gone.
    turning.standing(hundred).settle(180)
    assert turning.ask(hundred, 20) == pytest.approx(72)
    turning.now += 72
    assert turning.ask(hundred, 20) == 0


def test_nothing_is_given_back_beyond_a_full_minute(turning: Turning) -> None:
    hundred = key(tokens=100)
    turning.ask(hundred, 50)
    turning.now += 60
    turning.standing(hundred).settle(-50)
    assert turning.ask(hundred, 101) == NEVER
    assert [turning.ask(hundred, 100), turning.ask(hundred, 1)] == [0, pytest.approx(0.6)]


def test_what_holds_more_than_a_minute_allows_is_told_so(turning: Turning) -> None:
    with pytest.raises(LimitReached) as refused:
        turning.standing(key(tokens=100)).admit(101)
    assert refused.value.retry_after == NEVER
    assert refused.value.message == (
        "This request never fits: it holds about 101 tokens, and the client key key 1 has a limit of 100 tokens "
        "per minute."
    )


def test_a_changed_limit_holds_at_once_and_what_was_taken_stays_taken(turning: Turning) -> None:
    five = key(requests=5)
    assert [turning.ask(five) for _ in range(6)] == [0, 0, 0, 0, 0, 12]
    ten = replace(five, requests_per_minute=10)
    assert left(turning.standing(ten)) == (5, None)
    assert [turning.ask(ten) for _ in range(6)] == [0, 0, 0, 0, 0, 6]
    # Ten are taken of a limit of five: two minutes' worth.
    assert turning.ask(five) == pytest.approx(72)
    assert turning.ask(replace(five, requests_per_minute=0)) == NEVER
    assert turning.ask(replace(five, requests_per_minute=1)) == 0
    assert left(turning.standing(key(tokens=7))) == (None, 7)


def test_a_key_that_is_removed_is_forgotten(turning: Turning) -> None:
    first, second = key(1, requests=1), key(2, requests=1)
    turning.configure(first, second)
    assert [turning.ask(first), turning.ask(second)] == [0, 0]
    turning.configure(second)
    assert [turning.ask(second), len(turning.limits)] == [60, 1]
    turning.configure(first, second)
    assert turning.ask(first) == 0
    turning.configure(key(1), second)
    assert [turning.ask(second), len(turning.limits)] == [60, 1]


STEPS = st.lists(st.tuples(st.floats(0, 45), st.integers(1, 40)), min_size=1, max_size=60)


@given(limit=st.integers(1, 30), steps=STEPS)
def test_no_more_than_the_limit_and_what_comes_back(limit: int, steps: list[tuple[float, int]]) -> None:
    """Within any T seconds no more than limit × (1 + T / 60) tokens, however they are asked for."""
    turning, limited = Turning(), key(tokens=limit)
    let_in: list[tuple[float, int]] = []
    for pause, tokens in steps:
        turning.now += pause
        if turning.ask(limited, tokens) == 0:
            let_in.append((turning.now, tokens))
    for place, (began, _) in enumerate(let_in):
        taken = 0
        for moment, tokens in let_in[place:]:
            taken += tokens
            assert taken <= limit * (1 + (moment - began) / MINUTE) + 1e-4


@given(requests=st.integers(1, 2**31 - 1), tokens=st.integers(1, 2**31 - 1), steps=STEPS, debt=st.integers(0, 2**31))
def test_who_waits_as_long_as_told_gets_in_and_no_earlier(
    requests: int, tokens: int, steps: list[tuple[float, int]], debt: int
) -> None:
    turning, limited = Turning(now=123_456.789), key(requests=requests, tokens=tokens)
    turning.standing(limited).settle(debt)
    for pause, wanted in steps:
        turning.now += pause
        wait = turning.ask(limited, wanted)
        if wanted > tokens:
            assert wait == NEVER
        elif wait > 0:
            turning.now += wait - min(1e-3, wait / 2)
            assert turning.ask(limited, wanted) > 0
            # Whole seconds are told.
            turning.now = turning.now - wait + min(1e-3, wait / 2) + math.ceil(wait)
            assert turning.ask(limited, wanted) == 0
