"""The index of kept prefixes finds what a search through all of them would find."""

from hypothesis import given
from hypothesis import strategies as st

from inference.worker.prefix_index import WIDTH, Prefix, PrefixIndex, common, pack

SEQUENCES = st.lists(st.sampled_from([0, 1, 255, 256, 70_000]), min_size=1, max_size=8)


def kept(tokens: list[int], *, space: str = "one", trims: bool = True, size: int = 1) -> Prefix[str]:
    return Prefix(space, pack(tokens), str(tokens), size, trims)


@given(SEQUENCES, SEQUENCES)
def test_the_common_beginning_is_counted_in_whole_tokens(one: list[int], other: list[int]) -> None:
    same = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    expected = min(len(one), len(other)) if same is None else same
    assert common(pack(one), pack(other)) == WIDTH * expected


@given(st.lists(st.tuples(SEQUENCES, st.booleans()), max_size=20), SEQUENCES)
def test_what_is_found_serves_as_much_as_anything_kept(entries: list[tuple[list[int], bool]], asked: list[int]) -> None:
    index: PrefixIndex[str] = PrefixIndex()
    for tokens, trims in entries:
        index.put(kept(tokens, trims=trims))
    packed = pack(asked)
    served = [
        common(each.tokens, packed) for each in index if each.trims or common(each.tokens, packed) == len(each.tokens)
    ]
    found = index.find("one", packed)
    assert (found.length if found else 0) == max(served, default=0)
    assert index.size == len(index)


@given(st.lists(SEQUENCES, min_size=1, max_size=20))
def test_what_is_kept_goes_in_the_order_of_use(entries: list[list[int]]) -> None:
    index: PrefixIndex[str] = PrefixIndex()
    for tokens in entries:
        index.put(kept(tokens, trims=False))
    for prefix in index:
        index.use(prefix)
    order = list(index)
    assert [index.pop() for _ in order] == order
    assert (len(index), index.size, index.find("one", pack(entries[0]))) == (0, 0, None)


def test_a_beginning_that_cannot_be_cut_back_serves_only_whole() -> None:
    index: PrefixIndex[str] = PrefixIndex()
    for length in (2, 4, 8):
        index.put(kept(list(range(length)), trims=False))
    found = index.find("one", pack([0, 1, 2, 3, 4, 99]))
    assert found is not None
    assert found.length == 4 * WIDTH
    assert found.prefix.value == "[0, 1, 2, 3]"


def test_one_that_can_be_cut_back_takes_the_place_of_those_it_serves() -> None:
    index: PrefixIndex[str] = PrefixIndex()
    index.put(kept(list(range(10)), size=10))
    index.put(kept([*range(10), *range(50, 60)], size=20))
    assert [each.size for each in index] == [20]
    index.put(kept([*range(10), *range(70, 80)], size=20))
    assert index.size == 40
    # Most of the older one stands in the newer one.
    index.put(kept([*range(10), *range(50, 59), 1], size=20))
    assert [each.value[-3:] for each in index] == ["79]", " 1]"]


def test_spaces_know_nothing_of_each_other() -> None:
    index: PrefixIndex[str] = PrefixIndex()
    index.put(kept([1, 2, 3], space="one"))
    index.put(kept([1, 2, 3, 4], space="two"))
    assert index.find("three", pack([1, 2, 3])) is None
    found = index.find("one", pack([1, 2, 3, 4]))
    assert found is not None
    assert found.length == 3 * WIDTH
    index.drop("one")
    assert index.find("one", pack([1, 2, 3])) is None
    assert len(index) == 1
