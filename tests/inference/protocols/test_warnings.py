"""What a translation tells that it weakened."""

import pytest

from inference.errors import Kind, Untranslatable
from inference.protocols.warnings import LONGEST_HEADER, Warnings


def test_each_field_is_told_with_its_reasons() -> None:
    warnings = Warnings()
    for field, reason in [("seed", "unsupported"), ("messages", "a"), ("messages", "b"), ("seed", "unsupported")]:
        warnings.add(field, reason)
    assert warnings.header == "seed;reason=unsupported, messages;reason=a, messages;reason=b"


@pytest.mark.parametrize("field", ["a\r\nset-cookie: x", "a;b,c", "größe", "a\x00"])
def test_a_field_that_a_client_named_stays_one_word_of_a_header(field: str) -> None:
    warnings = Warnings()
    warnings.add(field, "unknown")
    name, _, reason = warnings.header.partition(";")
    assert reason == "reason=unknown"
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set(" ,;")


def test_a_header_holds_whole_entries_only() -> None:
    warnings = Warnings()
    for number in range(200):
        warnings.add(f"field_{number}", "unknown")
    assert len(warnings.header) <= LONGEST_HEADER
    assert warnings.header.endswith(";reason=unknown")


def test_a_field_too_long_to_be_told_hides_no_other() -> None:
    warnings = Warnings()
    for field in ("seed", "x" * LONGEST_HEADER, "top_k"):
        warnings.add(field, "unsupported")
    assert warnings.header == "seed;reason=unsupported, top_k;reason=unsupported"


def test_a_strict_route_refuses_the_first() -> None:
    with pytest.raises(Untranslatable) as caught:
        Warnings(strict=True).add("seed", "unsupported")
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_PARAMETER, "seed")
