"""The waiting line of the worker."""

from inference.worker.fairness import FairQueue


def queue(*items: tuple[str, str]) -> FairQueue[str]:
    made: FairQueue[str] = FairQueue()
    for tenant, item in items:
        made.put(tenant, item)
    return made


def drained(line: FairQueue[str]) -> list[str]:
    taken = []
    while len(line):
        taken.append(line.in_order()[0])
        assert line.take(taken[-1])
    return taken


def test_one_tenant_is_served_in_order() -> None:
    assert drained(queue(("a", "1"), ("a", "2"), ("a", "3"))) == ["1", "2", "3"]


def test_tenants_take_turns() -> None:
    line = queue(("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2"))
    assert drained(line) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_is_taken_out_of_turn_leaves_the_rest_in_order() -> None:
    line = queue(("a", "large 1"), ("a", "small 1"), ("b", "large 2"))
    assert line.take("small 1")
    assert not line.take("small 1")
    assert line.in_order() == ["large 2", "large 1"]


def test_what_is_unwanted_leaves_the_line() -> None:
    line = queue(("a", "1"), ("b", "2"), ("a", "3"))
    assert line.remove(lambda item: item in "12") == ["1", "2"]
    assert drained(line) == ["3"]
