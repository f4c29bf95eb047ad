"""What a command learns from a gateway that runs beside it, from whatever listens at its address."""

import json
from typing import Any

import pytest

from inference.running_gateway import cooling_targets
from tests.answers import plain
from tests.upstreams import Upstream

COOLING = {"status": "unavailable", "parts": {"cooling": ["openai gpt-5"]}}


@pytest.mark.parametrize("status", [200, 503])
def test_a_gateway_tells_whether_it_is_ready_or_not(upstream: Upstream, status: int) -> None:
    upstream.script(plain(COOLING, status=status))
    assert cooling_targets("127.0.0.1", upstream.port) == ["openai gpt-5"]


def test_one_that_listens_everywhere_is_asked_from_near(upstream: Upstream) -> None:
    upstream.script(plain(COOLING))
    assert cooling_targets("0.0.0.0", upstream.port) == ["openai gpt-5"]


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"parts":null}', {"status": "ok"}, {"parts": {"cooling": 1}}])
def test_whatever_else_listens_there_tells_nothing(upstream: Upstream, said: Any) -> None:
    upstream.script(plain(said if isinstance(said, bytes) else json.dumps(said).encode()))
    assert cooling_targets("127.0.0.1", upstream.port) is None


def test_where_nobody_listens_nobody_tells() -> None:
    assert cooling_targets("127.0.0.1", 9) is None
