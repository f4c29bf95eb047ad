"""Every row of the table of dispositions, run through the translation; and the documentation, held against it."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from inference import translate
from inference.errors import GatewayError
from inference.exchange import Exchange
from inference.protocols.openai_chat.errors import code_of
from tests.inference.exchanges import ANTHROPIC, NATIVE, OPENAI, Asked
from tests.inference.protocols.dispositions import TABLES
from tests.inference.protocols.dispositions.row import Disposition, Row, is_part

DOCUMENT = Path(__file__).parents[3] / "docs" / "protocols.md"
PAIRS = dict(
    zip(TABLES, [(OPENAI, ANTHROPIC), (OPENAI, NATIVE), (ANTHROPIC, OPENAI), (ANTHROPIC, NATIVE)], strict=True)
)
MODELS = {ANTHROPIC: "claude-sonnet-4-5", OPENAI: "gpt-4o", NATIVE: "org/model"}
REFUSED, WARNED = Disposition.REFUSED, Disposition.WARNED
SENT = (Disposition.KEPT, Disposition.DROPPED, WARNED)


def cases(*dispositions: Disposition) -> pytest.MarkDecorator:
    """A test for each row of these dispositions."""
    chosen = [
        pytest.param(heading, row, id=f"{heading}: {row}")
        for heading, rows in TABLES.items()
        for row in rows
        if row.disposition in dispositions
    ]
    return pytest.mark.parametrize(("heading", "row"), chosen)


def begin(heading: str, row: Row, *, strict: bool = False) -> Exchange:
    client, backend = PAIRS[heading]
    base: dict[str, Any] = {"model": "asked", "messages": [{"role": "user", "content": "Hello"}]}
    if client == ANTHROPIC:
        base["max_tokens"] = 100
    asked = Asked(client, json.dumps(base | row.adds).encode())
    return translate.begin(asked, backend, row.model or MODELS[backend], strict=strict)


@cases(*SENT)
def test_what_is_not_refused_is_sent_as_the_table_says(heading: str, row: Row) -> None:
    exchange = begin(heading, row)
    decode = msgspec.msgpack.decode if PAIRS[heading][1] == NATIVE else msgspec.json.decode
    sent = decode(exchange.request)
    assert row.sent or row.disposition is WARNED, "The row says nothing of what is sent."
    assert row.sent is None or is_part(row.sent, sent), sent
    warned = dict(exchange.warnings)
    assert (row.named in warned) == (row.disposition is WARNED), warned
    assert row.disposition is WARNED or not warned, warned


@cases(REFUSED)
def test_what_is_refused_is_named(heading: str, row: Row) -> None:
    with pytest.raises(GatewayError) as caught:
        begin(heading, row)
    assert caught.value.param == row.named
    assert code_of(caught.value.kind) == (row.code or "unsupported_parameter")


@cases(WARNED)
def test_a_strict_route_refuses_what_others_warn_of(heading: str, row: Row) -> None:
    with pytest.raises(GatewayError) as caught:
        begin(heading, row, strict=True)
    assert caught.value.param


def documented(heading: str) -> list[tuple[str, str]]:
    """The first two columns of the table under this heading."""
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (?!field \||-)(.+?) \| (.+?) \|", section, flags=re.MULTILINE)
    return [(field.replace("`", ""), what) for field, what in lines]


@pytest.mark.parametrize("heading", TABLES)
def test_the_documentation_says_what_the_table_says(heading: str) -> None:
    assert documented(heading) == [(row.shown, str(row.disposition)) for row in TABLES[heading]]
