"""`/health/ready`: who sees its parts, and what they tell."""

from typing import Any

import httpx2
import pytest

from tests.end_to_end.questions import CAPITAL
from tests.gateway import Gateway, wait_until

FORWARDED = pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via", "x-real-ip", "x-forwarded-host"])


def ready(gateway: Gateway, **headers: str) -> dict[str, object]:
    answer: dict[str, object] = httpx2.get(f"{gateway.url}/health/ready", headers=headers, timeout=10).json()
    return answer


@FORWARDED
def test_a_proxy_on_this_machine_does_not_make_its_clients_local(gateway: Gateway, header: str) -> None:
    assert ready(gateway, **{header: "for=203.0.113.7"}) == {"status": "ok"}


def test_a_page_that_binds_its_name_to_this_machine_sees_no_parts(gateway: Gateway) -> None:
    assert ready(gateway, host="attacker.example.org") == {"status": "ok"}


def test_with_a_key_they_are_seen_from_anywhere(gateway: Gateway) -> None:
    seen = ready(gateway, host="probe.example.org", authorization=f"Bearer {gateway.key}")
    assert "parts" in seen


def test_they_tell_of_the_worker_what_its_page_does(gateway: Gateway) -> None:
    asked = {"model": "demo", "messages": [{"role": "user", "content": CAPITAL}]}
    before = part(gateway)["tokens"]
    usage = gateway.post("/v1/chat/completions", asked).json()["usage"]
    wait_until(lambda: part(gateway)["tokens"]["written"] >= before["written"] + usage["completion_tokens"])
    seen = part(gateway)
    assert seen["tokens"]["written_per_second"] > 0
    assert seen["tokens"]["read"] > before["read"]
    assert [seen["pid"]] == gateway.children("runworker")
    assert 0 < seen["memory"] < seen["budget"]
    assert seen["models"]["mlxmanager/demo"]["memory"] > 10**6
    assert set(seen["prefixes"]) == {"hits", "misses", "memory", "disk"}


def part(gateway: Gateway) -> dict[str, Any]:
    seen: dict[str, Any] = gateway.ready()["parts"]["worker"]
    return seen
