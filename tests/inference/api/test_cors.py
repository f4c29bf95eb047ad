"""Which pages in a browser may call `/v1`. No database is asked here, so a request itself gets no further than that."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from pytest_django import Settings

from inference.api.endpoint import Endpoint
from mlxmanager.application import make_gateway

PAGE = "https://app.example.org"
PATHS = pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/models"])
ASKED = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,anthropic-dangerous-direct-browser-access,x-stainless-os",
}


async def browser(settings: Settings, origins: list[str]) -> AsyncIterator[httpx2.AsyncClient]:
    settings.CORS_ORIGINS = origins
    app = Endpoint(make_gateway())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
async def listed(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async for client in browser(settings, [PAGE, "http://localhost:3000"]):
        yield client


@pytest.fixture
async def unlisted(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async for client in browser(settings, []):
        yield client


def told(response: httpx2.Response) -> set[str]:
    return {name for name in response.headers if name.startswith("access-control-") or name == "vary"}


@PATHS
async def test_a_browser_may_ask_without_a_key(listed: httpx2.AsyncClient, path: str) -> None:
    answer = await listed.options(path, headers=ASKED | {"origin": PAGE})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert answer.headers["access-control-allow-headers"] == ASKED["access-control-request-headers"]
    assert answer.headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in answer.headers


@PATHS
@pytest.mark.parametrize("origin", ["https://evil.example.org", "null", "", "https://app.example.org.evil.example"])
async def test_another_page_is_told_nothing(listed: httpx2.AsyncClient, path: str, origin: str) -> None:
    for answer in (
        await listed.options(path, headers=ASKED | {"origin": origin}),
        await listed.get(path, headers={"origin": origin}),
    ):
        assert answer.status_code == 503
        assert told(answer) == {"vary"}


async def test_a_page_reads_errors_too_with_all_their_headers(listed: httpx2.AsyncClient) -> None:
    answer = await listed.post("/v1/messages", headers={"origin": PAGE}, json={})
    assert answer.status_code == 503
    assert answer.headers["access-control-allow-origin"] == PAGE
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"x-request-id", "request-id", "retry-after"} <= set(exposed)
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_page_still_has_to_call_us_by_our_name(listed: httpx2.AsyncClient) -> None:
    answer = await listed.options("/v1/models", headers=ASKED | {"origin": PAGE, "host": "rebound.example.org"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "host_not_allowed")


async def test_an_odd_list_of_headers_is_not_repeated(listed: httpx2.AsyncClient) -> None:
    asked = ASKED | {"origin": PAGE, "access-control-request-headers": "x;y<z>"}
    answer = await listed.options("/v1/models", headers=asked)
    assert (answer.status_code, "access-control-allow-headers" in answer.headers) == (200, False)


async def test_who_asks_no_browsers_question_needs_a_key(listed: httpx2.AsyncClient) -> None:
    assert (await listed.options("/v1/models", headers={"origin": PAGE})).status_code == 503


@PATHS
async def test_where_no_origin_is_listed_there_is_nothing_of_all_this(unlisted: httpx2.AsyncClient, path: str) -> None:
    for answer in (
        await unlisted.options(path, headers=ASKED | {"origin": PAGE}),
        await unlisted.get(path, headers={"origin": PAGE}),
    ):
        assert answer.status_code == 503
        assert told(answer) == set()
