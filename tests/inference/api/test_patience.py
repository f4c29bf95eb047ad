"""How long a client waits, and that it asks again: what of its SDK's headers is believed."""

import math

import pytest

from inference.api.patience import patience, retries

READ, WHOLE, AGAIN = "x-stainless-read-timeout", "x-stainless-timeout", "x-stainless-retry-count"


@pytest.mark.parametrize("name", [READ, WHOLE])
@pytest.mark.parametrize(("text", "seconds"), [("600", 600), ("2.5", 2.5), ("0.05", 0.05), (" 7 ", 7)])
def test_a_client_says_how_long_it_waits(name: str, text: str, seconds: float) -> None:
    assert patience({name: text}) == seconds


@pytest.mark.parametrize("name", [READ, WHOLE])
@pytest.mark.parametrize(
    "text", ["", "0", "0.0", "-1", "nan", "inf", "-inf", "None", "NOT_GIVEN", "1e999", "10 s", "\xff"]
)
def test_what_cannot_be_meant_is_no_limit(name: str, text: str) -> None:
    assert patience({name: text}) == math.inf


def test_of_two_the_shorter_counts() -> None:
    assert patience({READ: "5", WHOLE: "600"}) == 5
    assert patience({READ: "nonsense", WHOLE: "600"}) == 600
    assert patience({}) == math.inf


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("1", 1), ("12", 12), ("", 0), ("-1", 0), ("x", 0), ("9" * 5000, 0), ("²", 0)]
)
def test_a_client_says_that_it_asks_again(text: str, count: int) -> None:
    assert retries({AGAIN: text}) == count
