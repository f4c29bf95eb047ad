"""How fast tokens are written, over the last seconds."""

import pytest

from inference.worker.throughput import SPAN, Throughput


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def write(throughput: Throughput, clock: Clock, *, seconds: int, each: int) -> list[float]:
    """The speed after each second."""
    speeds = []
    for _ in range(seconds):
        clock.now += 1
        throughput.add(read=0, written=each)
        speeds.append(throughput.speed())
    return speeds


def test_an_even_pace_is_the_speed_from_the_first_second_on() -> None:
    clock = Clock()
    assert write(Throughput(clock), clock, seconds=30, each=40) == pytest.approx([40] * 30)


def test_what_was_written_before_the_span_does_not_count() -> None:
    clock = Clock()
    throughput = Throughput(clock)
    write(throughput, clock, seconds=60, each=1000)
    falling = write(throughput, clock, seconds=int(SPAN) + 1, each=0)
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == pytest.approx(900)
    assert falling[-1] == 0
    assert throughput.written == 60_000


def test_asking_often_changes_nothing() -> None:
    clock = Clock()
    throughput = Throughput(clock)
    for _ in range(200):
        clock.now += 0.05
        throughput.add(read=3, written=2)
        speed = throughput.speed()
    assert speed == pytest.approx(40)
    assert throughput.read == 600
