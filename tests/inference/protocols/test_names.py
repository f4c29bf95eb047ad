"""Tool names as vendors accept them."""

import pytest

from inference import ir
from inference.protocols.names import fit_name, offered_name, refitted

LONG = "mcp__" + "server_" * 20 + "tool"


@pytest.mark.parametrize("name", ["get_weather", "a-b_C9", "x" * 64])
def test_a_fit_name_stays(name: str) -> None:
    assert fit_name(name) == name


@pytest.mark.parametrize("longest", [64, 128])
@pytest.mark.parametrize("name", [LONG, LONG + "s", "dots.and spaces", "größe", ""])
def test_an_unfit_name_becomes_one_of_the_length_allowed(name: str, longest: int) -> None:
    fitted = fit_name(name, longest)
    assert fit_name(fitted, longest) == fitted
    assert len(fitted) <= longest
    assert fitted != fit_name(name + "x", longest)


def test_a_name_that_fits_the_longer_limit_stays_there() -> None:
    assert (fit_name("x" * 100, 128), len(fit_name("x" * 100))) == ("x" * 100, 64)


def test_names_lead_back_to_the_clients_own() -> None:
    tools = (ir.Tool(LONG, {}), ir.Tool("f", {}))
    assert refitted(tools) == {fit_name(LONG): LONG}


@pytest.mark.parametrize(
    ("name", "found"), [(LONG, LONG), (fit_name(LONG), LONG), ("f", "f"), ("g", None), (None, None)]
)
def test_a_tool_is_known_by_both_of_its_names(name: str | None, found: str | None) -> None:
    assert offered_name(name, (ir.Tool(LONG, {}), ir.Tool("f", {}))) == found
