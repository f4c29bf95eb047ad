"""Token counts that are kept for a minute."""

from inference.api.count_cache import HOLDS, MOST, CountCache
from inference.executor import Answer
from routing.route import Target


def answer(number: int) -> Answer:
    return Answer(b'{"input_tokens":%d}' % number, (), Target("local", "m"), 0, None)


def test_a_count_is_kept_for_a_minute() -> None:
    now = 1000.0
    counts = CountCache(lambda: now)
    counts.put("a", answer(1))
    now += HOLDS - 1
    assert counts.get("a") == answer(1)
    now += 1
    assert counts.get("a") is None
    assert counts.get("b") is None


def test_the_oldest_goes_first() -> None:
    counts = CountCache()
    for number in range(MOST):
        counts.put(number, answer(number))
    counts.put(0, answer(5))
    counts.put("new", answer(6))
    assert counts.get(0) == answer(5)
    assert counts.get(1) is None
    assert counts.get(2) == answer(2)
