"""A worker is judged by its steps: by what it says it is doing, and for how long nothing has come of it."""

from dataclasses import dataclass

import pytest

from inference.backends.pulse import LOADING_SECONDS, READING_SECONDS, WRITING_SECONDS, Pulse
from inference.protocols import wire


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def status(steps: int, *, active: int = 1, reading: int = 0, loading: str | None = None) -> wire.Status:
    return wire.Status(steps, 0.0, active, 0, loading, 0, (), 0, reading=reading)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock)


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        (status(5), WRITING_SECONDS),
        (status(5, reading=1), READING_SECONDS),
        (status(5, active=0, loading="some/model"), LOADING_SECONDS),
    ],
    ids=["writing", "reading", "loading"],
)
def test_one_step_may_take_as_long_as_it_is_of(pulse: Pulse, clock: Clock, said: wire.Status, limit: float) -> None:
    pulse.hear(said)
    clock.now = limit - 1
    pulse.hear(said)
    assert pulse.trouble() is None
    clock.now = limit + 1
    pulse.hear(said)
    assert f"{limit:g} s" in (pulse.trouble() or "")


def test_a_step_is_a_sign_of_life(pulse: Pulse, clock: Clock) -> None:
    for number in range(100):
        clock.now += WRITING_SECONDS - 1
        pulse.hear(status(number))
        assert pulse.trouble() is None


def test_rest_is_no_trouble(pulse: Pulse, clock: Clock) -> None:
    pulse.hear(status(5, active=0))
    clock.now = 10 * LOADING_SECONDS
    assert pulse.trouble() is None
    pulse.hear(status(5, active=0))
    pulse.hear(status(5))
    assert pulse.trouble() is None


def test_an_end_of_loading_is_a_sign_of_life(pulse: Pulse, clock: Clock) -> None:
    pulse.hear(status(5, loading="some/model"))
    clock.now = LOADING_SECONDS - 1
    pulse.hear(status(5))
    assert pulse.trouble() is None
