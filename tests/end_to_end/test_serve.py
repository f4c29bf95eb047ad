"""`serve` as a process: the first run, what it leaves behind, its children, its end."""

import os
import signal
import sqlite3
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from tests.answers import HANG, events
from tests.end_to_end.conftest import PROVIDER_KEY, cloud_config
from tests.end_to_end.questions import CAPITAL, CHUNK
from tests.gateway import (
    Gateway,
    clean_environment,
    free_port,
    run_command,
    running_gateway,
    serving,
    short_home,
    wait_until,
)
from tests.scraping import scrape
from tests.upstreams import Upstream

QUESTION = {"model": "demo", "messages": [{"role": "user", "content": CAPITAL}]}
GENERATED = {"MLXMANAGER_CLIENT_KEY": "", "MLXMANAGER_ADMIN_PASSWORD": ""}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_the_first_run_makes_is_told_once_and_not_made_again() -> None:
    with short_home() as home:
        told = home / "first-run.txt"
        with serving(home, **GENERATED) as gateway:
            assert mode(home) == 0o700
            assert {mode(home / name) for name in ("secret_key", "fernet_keys", "first-run.txt")} == {0o600}
            assert "ANTHROPIC_BASE_URL=" in told.read_text()
            gateway.key = next(word for word in told.read_text().split() if word.startswith("mlxm_"))
            assert gateway.key not in gateway.log
            assert "Paris" in gateway.post("/v1/chat/completions", QUESTION).text
            remove_the_demo_and_add_a_credential(gateway)
        with sqlite3.connect(home / "db.sqlite3") as connection:
            assert connection.execute("SELECT last_used_at FROM client_keys").fetchone() != (None,)
        told.unlink()
        (home / "log").unlink()
        with serving(home, **GENERATED) as again:
            assert not told.exists()
            assert "mlxm_" not in again.log
            again.key = gateway.key
            assert again.post("/v1/chat/completions", QUESTION).status_code == 404
        (home / "fernet_keys").unlink()
        refused = run_command("serve", check=False, environment=clean_environment(home, MLXMANAGER_PORT="65000"))
        assert refused.returncode == 1
        assert "MLXMANAGER_FERNET_KEYS" in refused.stderr
        assert not (home / "fernet_keys").exists()


def remove_the_demo_and_add_a_credential(gateway: Gateway) -> None:
    path = gateway.home / "other.toml"
    path.write_text(
        '[[credentials]]\nbackend_type = "openai"\napi_key = "sk-something"\n'
        '[[mappings]]\nmodel_pattern = "other"\nbackend_type = "openai"\n'
    )
    gateway.command("applyconfig", str(path), "--prune")


def test_serve_drains_what_runs_and_ends_with_its_children_and_0(cloud: Upstream) -> None:
    with running_gateway() as gateway, ThreadPoolExecutor() as pool:
        gateway.configure(cloud_config(cloud), PROVIDER_KEY=PROVIDER_KEY)
        children = gateway.children("")
        assert len(children) == 2
        cloud.forget()
        cloud.script(HANG, events(CHUNK, endless=True, pause=0.05))
        silent = pool.submit(gateway.post, "/v1/messages", QUESTION | {"model": "gpt-5", "max_tokens": 5})
        cloud.wait_until(lambda: len(cloud.requests) == 1)
        endless, story = pool.submit(listen, gateway, "gpt-5"), pool.submit(listen, gateway, "demo")
        wait_until(lambda: scrape(gateway).of("attempts_total", outcome="answered") == 2)
        gateway.process.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx2.get(f"{gateway.url}/health/ready").status_code == 503)
        assert gateway.post("/v1/chat/completions", QUESTION).status_code == 503
        assert '"finish_reason":"stop"' in story.result()
        assert "no_backend_available" in endless.result()
        assert endless.result().endswith("data: [DONE]\n\n")
        assert silent.result().status_code == 503
        assert silent.result().json()["error"]["type"] == "overloaded_error"
        assert gateway.process.wait(timeout=10) == 0
        assert not any(is_alive(pid) for pid in children)


def listen(gateway: Gateway, model: str) -> str:
    asked = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Tell me a story about a fox."}]}
    return gateway.post("/v1/chat/completions", asked).text


def test_no_child_outlives_a_killed_serve() -> None:
    with running_gateway() as gateway:
        children = gateway.children("")
        gateway.process.kill()
        gateway.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in children), seconds=5)


def test_a_killed_worker_is_back_and_answers(gateway: Gateway) -> None:
    [worker] = gateway.children("runworker")
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: gateway.children("runworker") not in ([], [worker]))
    gateway.wait_for_worker()
    assert "Paris" in gateway.post("/v1/chat/completions", QUESTION).text


def test_a_killed_web_process_is_back_and_no_request_is_refused_meanwhile(gateway: Gateway) -> None:
    [web] = gateway.children("mlxmanager.server")
    os.kill(web, signal.SIGKILL)
    assert gateway.post("/v1/chat/completions", QUESTION).status_code == 200


def test_a_second_serve_in_the_same_home_says_who_holds_it(gateway: Gateway) -> None:
    second = gateway.command("serve", check=False, environment={"MLXMANAGER_PORT": str(free_port())})
    assert second.returncode == 1
    assert f"pid {gateway.process.pid}" in second.stderr


def test_a_taken_port_stops_the_start_by_name(gateway: Gateway) -> None:
    with short_home() as home:
        port = gateway.url.rpartition(":")[2]
        second = run_command("serve", check=False, environment=clean_environment(home, MLXMANAGER_PORT=port))
        assert second.returncode == 1
        assert "MLXMANAGER_PORT" in second.stderr
        assert not (home / "secret_key").exists()


def is_alive(pid: int) -> bool:
    """A process that has ended but was not waited for yet counts as gone."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return state != "" and not state.startswith("Z")
