"""`/metrics`: who may see it, and that it counts what happens."""

import os
import signal
from collections.abc import Callable

import httpx2
import pytest

from inference.metrics import METRICS
from tests.answers import Answer, events, refusal
from tests.end_to_end.questions import CAPITAL, CHUNK, fresh
from tests.gateway import START_SECONDS, Gateway, running_gateway, wait_until
from tests.scraping import Scrape, scrape
from tests.upstreams import Upstream

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
FORWARDED = pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via", "x-real-ip", "x-forwarded-host"])


def asked(model: str, *, stream: bool = False) -> dict[str, object]:
    return {
        "model": model,
        "stream": stream,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": CAPITAL}],
    }


class Counting:
    """What has grown since the block began."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.before = scrape(gateway)

    def of(self, name: str, **labels: str) -> float:
        return scrape(self.gateway).of(name, **labels) - self.before.of(name, **labels)


def make_key(gateway: Gateway, name: str, *options: str) -> dict[str, str]:
    key = gateway.command("createclientkey", name, *options).stdout.strip()
    gateway.wait_for_configuration()
    return {"authorization": f"Bearer {key}"}


# Who may see it.


def test_it_is_prometheus_text_with_every_metric(gateway: Gateway) -> None:
    answer = httpx2.get(f"{gateway.url}/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.type}\n" in answer.text
    head = httpx2.head(f"{gateway.url}/metrics/")
    assert (head.status_code, head.content) == (200, b"")


@FORWARDED
def test_a_proxy_on_this_machine_does_not_make_its_clients_local(gateway: Gateway, header: str) -> None:
    sent = {header: "for=203.0.113.7"}
    refused = httpx2.get(f"{gateway.url}/metrics", headers=sent)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "mlxmanager_" not in refused.text


def test_a_page_that_binds_its_name_to_this_machine_sees_nothing(gateway: Gateway) -> None:
    sent = {"host": "attacker.example.org"}
    assert httpx2.get(f"{gateway.url}/metrics", headers=sent).status_code == 401


def test_from_elsewhere_an_administrators_key_is_needed(gateway: Gateway) -> None:
    elsewhere = {"x-forwarded-for": "203.0.113.7", "host": "probe.example.org"}
    plain = {"authorization": f"Bearer {gateway.key}"}
    admin = make_key(gateway, "scraper", "--is-admin")
    url = f"{gateway.url}/metrics"
    assert httpx2.get(url, headers=elsewhere | plain).status_code == 403
    assert httpx2.get(url, headers=elsewhere | {"authorization": "Bearer mlxm_wrong"}).status_code == 401
    assert "mlxmanager_worker_up 1\n" in httpx2.get(url, headers=elsewhere | admin).text


def test_nothing_can_be_sent_there(gateway: Gateway) -> None:
    answer = httpx2.post(f"{gateway.url}/metrics", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


# What is counted.


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_answered_request_is_counted_with_its_times_and_tokens(
    gateway: Gateway, cloud: Upstream, stream: bool
) -> None:
    counting = Counting(gateway)
    gateway.post(MESSAGES, asked("claude-sonnet", stream=stream))
    place = {"endpoint": MESSAGES, "backend": "anthropic"}
    assert counting.of("requests_total", **place, status="2xx", outcome="answered") == 1
    assert counting.of("request_duration_seconds_count", **place) == 1
    assert counting.of("request_first_byte_seconds_count", **place) == 1
    first, whole = (counting.of(f"request_{name}_seconds_sum", **place) for name in ("first_byte", "duration"))
    assert 0 < first <= whole < 10
    assert counting.of("attempts_total", backend="anthropic", outcome="answered") == 1
    assert counting.of("input_tokens_total", backend="anthropic") > 0
    assert counting.of("output_tokens_total", backend="anthropic") > 0


def test_a_refused_request_is_counted_by_what_was_wrong_with_it(gateway: Gateway) -> None:
    counting = Counting(gateway)
    gateway.post(CHAT, asked("unheard-of"))
    gateway.post(CHAT, asked("demo"), authorization="Bearer wrong")
    gateway.post("/v1/nowhere", {})
    nobody = {"backend": "none", "status": "4xx"}
    assert counting.of("requests_total", **nobody, endpoint=CHAT, outcome="model_not_found") == 1
    assert counting.of("requests_total", **nobody, endpoint=CHAT, outcome="invalid_api_key") == 1
    assert counting.of("requests_total", **nobody, endpoint="other", outcome="unknown_url") == 1
    assert counting.of("attempts_total") == 0


def test_a_fallback_is_counted_with_the_failure_before_it(gateway: Gateway, cloud: Upstream) -> None:
    counting = Counting(gateway)
    cloud.script(refusal(500))
    gateway.post(CHAT, asked(fresh("safe")))
    assert counting.of("attempts_total", backend="openai", outcome="upstream_error") == 1
    assert counting.of("attempts_total", backend="local", outcome="answered") == 1
    assert counting.of("fallbacks_total", backend="local", reason="upstream_error") == 1
    assert counting.of("requests_total", endpoint=CHAT, backend="local", status="2xx", outcome="answered") == 1


def test_a_failed_request_is_counted_at_the_backend_that_failed(gateway: Gateway, cloud: Upstream) -> None:
    counting = Counting(gateway)
    gateway.post(CHAT, asked(fresh("closed")))
    place = {"endpoint": CHAT, "backend": "openai"}
    assert counting.of("requests_total", **place, status="5xx", outcome="upstream_unreachable") == 1
    assert counting.of("request_first_byte_seconds_count", **place) == 0


def test_a_target_left_alone_is_counted_while_it_is(gateway: Gateway, cloud: Upstream) -> None:
    counting = Counting(gateway)
    cloud.script(refusal(401))
    gateway.post(CHAT, asked(fresh("gpt")))
    assert counting.of("cooldowns_active", backend="openai") == 1
    gateway.end_cooldowns()
    assert counting.of("cooldowns_active", backend="openai") == 0


def test_a_stream_is_open_until_its_client_leaves(gateway: Gateway, cloud: Upstream) -> None:
    counting = Counting(gateway)
    cloud.script(events(CHUNK, endless=True, pause=0.02))
    headers = {"authorization": f"Bearer {gateway.key}"}
    with httpx2.stream("POST", f"{gateway.url}{CHAT}", json=asked("gpt-5", stream=True), headers=headers) as answer:
        parts = answer.iter_bytes()
        next(parts)
        assert counting.of("open_streams") == 1
        assert counting.of("requests_in_progress") == 1
    left: Callable[[], float] = lambda: counting.of("requests_total", status="2xx", outcome="client_gone")  # noqa: E731
    wait_until(lambda: left() == 1)
    assert counting.of("open_streams") == counting.of("requests_in_progress") == 0


def test_a_stream_that_breaks_is_counted_with_what_broke_it(gateway: Gateway, cloud: Upstream) -> None:
    counting = Counting(gateway)
    cloud.script(events(CHUNK, CHUNK, ending="reset"))
    assert '"error"' in gateway.post(CHAT, asked("gpt-5", stream=True)).text
    place = {"endpoint": CHAT, "backend": "openai", "status": "2xx"}
    assert counting.of("requests_total", **place) == 1
    assert counting.of("requests_total", **place, outcome="answered") == 0


def test_a_client_that_leaves_before_the_answer_has_no_status(gateway: Gateway, cloud: Upstream) -> None:
    counting = Counting(gateway)
    cloud.script(Answer(raw=b"", ending="hang"))
    headers = {"authorization": f"Bearer {gateway.key}"}
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{gateway.url}{CHAT}", json=asked("gpt-5"), headers=headers, timeout=0.3)
    wait_until(lambda: counting.of("requests_total", status="none", outcome="client_gone") == 1)
    assert counting.of("attempts_total", backend="openai", outcome="cancelled") == 1


# What the worker tells.


def worker(gateway: Gateway, name: str, **labels: str) -> float:
    return scrape(gateway).of(f"worker_{name}", **labels)


def test_the_workers_models_and_memory_are_shown(gateway: Gateway) -> None:
    gateway.post(CHAT, asked("demo"))
    assert worker(gateway, "up") == 1
    wait_until(lambda: worker(gateway, "model_bytes", model="mlxmanager/demo") > 0)
    shown = scrape(gateway)
    assert 0 < shown.of("worker_memory_bytes") < shown.of("worker_memory_budget_bytes")
    assert shown.of("worker_model_active_requests", model="mlxmanager/demo") == 0
    assert shown.of("worker_active_requests") == shown.of("worker_waiting_requests") == 0


def test_no_name_that_a_client_made_up_becomes_a_label(gateway: Gateway) -> None:
    gateway.post(CHAT, asked("made-up-by-a-client"))
    assert "made-up" not in httpx2.get(f"{gateway.url}/metrics").text


def test_without_a_worker_all_else_is_shown(gateway: Gateway) -> None:
    counting = Counting(gateway)
    [pid] = gateway.children("runworker")
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: worker(gateway, "up") == 0)
    shown = scrape(gateway)
    assert not any("worker_memory" in name for name, _ in shown)
    assert shown.of("requests_total") >= counting.before.of("requests_total")
    wait_until(lambda: counting.of("restarts_total", process="worker") == 1)
    gateway.wait_for_worker()


# Several web processes.


def test_all_web_processes_are_counted_together_whoever_answers() -> None:
    with running_gateway(MLXMANAGER_WEB_PROCESSES="2") as gateway:
        wait_until(lambda: scrape(gateway).of("web_processes") == 2, seconds=START_SECONDS)
        total = 0.0
        for _ in range(12):
            gateway.post(CHAT, asked("unheard-of"))
            seen = scrape(gateway)
            assert seen.of("requests_total") >= total
            total = seen.of("requests_total")
        wait_until(lambda: scrape(gateway).of("requests_total", outcome="model_not_found") == 12)
        os.kill(gateway.children("mlxmanager.server")[0], signal.SIGKILL)
        wait_until(lambda: has_restarted(scrape(gateway)), seconds=START_SECONDS)
        assert scrape(gateway).of("requests_total", outcome="model_not_found") == 12


def has_restarted(seen: Scrape) -> bool:
    return seen.of("restarts_total", process="web") == 1 and seen.of("web_processes") == 2
