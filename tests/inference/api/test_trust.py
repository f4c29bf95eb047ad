"""Who counts as asking on this machine."""

import pytest
from pytest_django import Settings

from inference.api.requests import ApiRequest
from inference.api.trust import is_from_here
from mlxmanager.application import make_gateway

PROMETHEUS = {
    "host": "127.0.0.1:8000",
    "user-agent": "Prometheus/3.5.0",
    "accept-encoding": "gzip",
    "x-prometheus-scrape-timeout-seconds": "10",
}


def asked(version: str = "1.1", peer: str = "127.0.0.1", **headers: str) -> ApiRequest:
    sent = PROMETHEUS | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "method": "GET",
        "path": "/metrics",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": (peer, 40000),
        "http_version": version,
    }
    return ApiRequest(scope, make_gateway())


async def test_who_asks_at_loopback_by_its_name_is_here() -> None:
    assert is_from_here(asked())
    assert is_from_here(asked(peer="::1", host="[::1]:8000"))
    assert is_from_here(asked(host="localhost"))


@pytest.mark.parametrize("name", ["forwarded", "via", "x_real_ip", "x_forwarded_for", "x_forwarded_proto"])
async def test_what_a_proxy_says_it_forwards_is_not(name: str) -> None:
    assert not is_from_here(asked(**{name: ""}))


async def test_what_comes_as_nginx_asks_by_default_is_not() -> None:
    assert not is_from_here(asked("1.0", connection="close"))


async def test_other_peers_and_names_are_not() -> None:
    assert not is_from_here(asked(peer="192.168.1.7"))
    assert not is_from_here(asked(host="llm.example.org"))
    assert not is_from_here(asked(host="127.0.0.1.example.org"))


async def test_where_a_proxy_is_set_up_nobody_is(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://llm.example.org"
    assert not is_from_here(asked())
