"""`/health/ready`: who sees its parts, and what they tell."""

import httpx2
import pytest

from tests.gateway import Gateway

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
