"""What must not happen: a key that shows itself, a page that borrows a browser's session, a way into the network."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.answers import plain, refusal
from tests.end_to_end.conftest import PROVIDER_KEY
from tests.end_to_end.questions import fresh
from tests.gateway import ADMIN_PASSWORD, Gateway
from tests.upstreams import Upstream

ASKED = {"model": "gpt-5", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}


def test_the_provider_key_is_in_the_upstream_requests_header_and_nowhere_else(
    gateway: Gateway, cloud: Upstream
) -> None:
    assert PROVIDER_KEY not in everything_a_client_or_admin_sees(gateway, cloud)
    for received in cloud.requests:
        name = "authorization" if "chat" in received.target else "x-api-key"
        assert PROVIDER_KEY in (received.header(name) or "")
        others = [value for given, value in received.headers if given.lower() != name]
        assert PROVIDER_KEY not in " ".join(others) + received.target + received.body.decode()
        assert gateway.key not in str(received)
    assert PROVIDER_KEY not in gateway.log
    assert gateway.key not in gateway.log
    for path in gateway.home.rglob("*"):
        if path.is_file():
            assert PROVIDER_KEY.encode() not in path.read_bytes(), path
    assert PROVIDER_KEY not in processes_and_their_environments(gateway)


def everything_a_client_or_admin_sees(gateway: Gateway, cloud: Upstream) -> str:
    texts = []
    for beginning in ("gpt", "claude"):
        for path in ("/v1/chat/completions", "/v1/messages"):
            for answer in (None, refusal(401, f"wrong key {PROVIDER_KEY}".encode()), refusal(400), plain(b"{")):
                if answer is not None:
                    cloud.script(answer)
                got = gateway.post(path, ASKED | {"model": fresh(beginning)})
                texts.append(f"{got.headers} {got.text}")
    with signed_in(gateway) as browser:
        for page in (
            "credentials/cloudcredential/",
            "credentials/cloudcredential/1/change/",
            "routing/backendmapping/",
        ):
            shown = browser.get(f"/admin/{page}")
            assert shown.status_code == 200
            texts.append(shown.text)
        texts.append(browser.get("/api/credentials").text)
    texts.append(gateway.command("dumpdata").stdout)
    texts.append(gateway.command("route", "gpt-5").stdout)
    return "\n".join(texts)


@contextmanager
def signed_in(gateway: Gateway) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, follow_redirects=True) as browser:
        sign_in(browser)
        yield browser


def sign_in(browser: httpx2.Client) -> None:
    browser.get("/admin/login/")
    form = {"username": "admin", "password": ADMIN_PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    form["next"] = "/admin/"
    assert "Log out" in browser.post("/admin/login/", data=form).text


def processes_and_their_environments(gateway: Gateway) -> str:
    listed = subprocess.run(["ps", "axww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    environments = []
    for pid in [gateway.process.pid, *gateway.children("")]:
        path = Path(f"/proc/{pid}/environ")
        if path.exists():
            environments.append(path.read_bytes().decode(errors="replace"))
    return listed.replace(str(os.getpid()), "") + "".join(environments)


def test_the_worker_knows_no_key_at_all(gateway: Gateway) -> None:
    [worker] = gateway.children("runworker")
    path = Path(f"/proc/{worker}/environ")
    if not path.exists():
        pytest.skip("only Linux shows a process's environment")
    environment = path.read_text()
    assert "MLXMANAGER_" not in environment
    assert gateway.key not in environment


def test_a_session_cookie_opens_nothing_under_v1(gateway: Gateway) -> None:
    with signed_in(gateway) as browser:
        assert browser.get("/v1/models").status_code == 401


def test_a_private_upstream_is_refused_unless_it_is_listed(gateway: Gateway) -> None:
    answer = gateway.post("/v1/chat/completions", ASKED | {"model": "private-x"})
    assert answer.status_code == 502
    assert "MLXMANAGER_PRIVATE_UPSTREAMS" in answer.json()["error"]["message"]


def test_a_redirect_is_not_followed(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(plain(b"{}", status=302, headers=(("location", f"{cloud.url}/v1/elsewhere"),)))
    answer = gateway.post("/v1/chat/completions", ASKED)
    assert answer.status_code == 502
    assert [received.target for received in cloud.requests] == ["/v1/chat/completions"]


def test_what_a_client_sends_beside_its_request_stays_here(gateway: Gateway, cloud: Upstream) -> None:
    headers = {"cookie": "a=canary", "x-forwarded-for": "canary", "x-custom": "canary", "openai-organization": "canary"}
    assert gateway.post("/v1/chat/completions", ASKED, **headers).status_code == 200
    assert "canary" not in str(cloud.requests[-1].headers)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/demo", "/v1/chat/completions", "/v1/messages", "/v1/any"])
def test_nothing_under_v1_answers_without_a_key(gateway: Gateway, method: str, path: str) -> None:
    assert httpx2.request(method, f"{gateway.url}{path}").status_code == 401
