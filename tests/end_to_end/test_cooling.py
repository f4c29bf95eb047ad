"""A provider that failed lately is left alone, and everything that explains the gateway says so."""

import pytest

from tests.answers import refusal
from tests.end_to_end.questions import fresh
from tests.end_to_end.test_safety import signed_in
from tests.gateway import Gateway, wait_until
from tests.upstreams import Upstream


@pytest.fixture
def cooling(gateway: Gateway, cloud: Upstream) -> str:
    """A model with a fallback whose credential was just refused."""
    model = fresh("safe")
    cloud.script(refusal(401))
    assert ask(gateway, model) == ("local", "2", "upstream_auth_failed")
    return model


def ask(gateway: Gateway, model: str) -> tuple[str, str, str | None]:
    """Who answered, after how many attempts, and why not the first choice."""
    asked = {"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
    headers = gateway.post("/v1/messages", asked).headers
    names = ("backend", "attempts", "fallback-reason")
    backend, attempts, reason = (headers.get(f"x-mlxmanager-{name}") for name in names)
    assert backend is not None
    assert attempts is not None
    return backend, attempts, reason


def told(gateway: Gateway, model: str) -> str:
    """What `/api/route` says of the first choice."""
    with signed_in(gateway) as browser:
        token = {"x-csrftoken": browser.cookies["csrftoken"]}
        target = browser.post("/api/route", json={"model": model}, headers=token).json()["targets"][0]
    verdicts: dict[str, str] = {check["what"]: check["verdict"] for check in target["checks"]}
    return verdicts["not cooling down"]


def change_something(gateway: Gateway) -> None:
    generation = gateway.ready()["parts"]["configuration"]["generation"]
    gateway.command("createclientkey", fresh("key"))
    wait_until(lambda: gateway.ready()["parts"]["configuration"]["generation"] > generation)


def test_a_refused_credential_is_left_alone_until_the_configuration_changes(
    gateway: Gateway, cloud: Upstream, cooling: str
) -> None:
    assert ask(gateway, cooling) == ("local", "1", "upstream_auth_failed")
    assert len(cloud.requests) == 1
    change_something(gateway)
    assert ask(gateway, cooling) == ("openai", "1", None)


def test_whoever_asks_how_things_stand_is_told(gateway: Gateway, cooling: str) -> None:
    assert f"openai {cooling}" in gateway.ready()["parts"]["cooling"]
    assert told(gateway, cooling) == "no"
    assert told(gateway, fresh("safe")) == "yes"


def test_the_command_asks_the_gateway_that_runs(gateway: Gateway, cooling: str) -> None:
    assert "not cooling down: no" in gateway.command("route", cooling).stdout
    assert "not cooling down: yes" in gateway.command("route", fresh("safe")).stdout


def test_without_a_gateway_nobody_knows(gateway: Gateway, cooling: str) -> None:
    nowhere = {"MLXMANAGER_PORT": "9"}
    assert "not cooling down: unknown" in gateway.command("route", cooling, environment=nowhere).stdout
