"""`serve` as a process: the first run, what it leaves behind, its children, its end."""

import os
import signal
import stat
import subprocess

import httpx2

from tests.end_to_end.questions import CAPITAL
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

QUESTION = {"model": "demo", "messages": [{"role": "user", "content": CAPITAL}]}


def test_the_first_run_makes_secrets_that_only_the_owner_reads() -> None:
    with running_gateway() as gateway:
        assert stat.S_IMODE(gateway.home.stat().st_mode) == 0o700
        for name in ("secret_key", "fernet_keys"):
            assert stat.S_IMODE((gateway.home / name).stat().st_mode) == 0o600


def test_the_first_run_tells_its_secrets_once_and_a_second_run_none() -> None:
    with short_home() as home:
        with serving(home, MLXMANAGER_CLIENT_KEY="", MLXMANAGER_ADMIN_PASSWORD="") as gateway:
            told = home / "first-run.txt"
            assert stat.S_IMODE(told.stat().st_mode) == 0o600
            text = told.read_text()
            key = next(word for word in text.split() if word.startswith("mlxm_"))
            assert "ANTHROPIC_BASE_URL=" in text
            assert key not in gateway.log
            gateway.key = key
            assert "Paris" in gateway.post("/v1/chat/completions", QUESTION).text
        told.unlink()
        (home / "log").unlink()
        with serving(home, MLXMANAGER_CLIENT_KEY="", MLXMANAGER_ADMIN_PASSWORD="") as again:
            assert not told.exists()
            assert "mlxm_" not in again.log
            again.key = key
            assert again.post("/v1/chat/completions", QUESTION).status_code == 200


def test_what_an_owner_deletes_stays_deleted() -> None:
    with short_home() as home:
        with serving(home) as gateway:
            empty = home / "empty.toml"
            empty.write_text('[[mappings]]\nmodel_pattern = "other"\nbackend_type = "local"\n')
            gateway.command("applyconfig", str(empty), "--prune")
        with serving(home) as gateway:
            names = [
                model["id"] for model in httpx2.get(f"{gateway.url}/v1/models", headers=auth(gateway)).json()["data"]
            ]
            assert "demo" not in names


def test_a_killed_worker_is_back_and_answers() -> None:
    with running_gateway() as gateway:
        [worker] = gateway.children("runworker")
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: gateway.children("runworker") not in ([], [worker]))
        wait_until(lambda: gateway.ready()["parts"]["worker"]["status"] == "ok", seconds=20)
        assert "Paris" in gateway.post("/v1/chat/completions", QUESTION).text


def test_a_killed_web_process_is_back() -> None:
    with running_gateway() as gateway:
        [web] = gateway.children("mlxmanager.server")
        os.kill(web, signal.SIGKILL)
        # The listening socket is serve's own: a request waits in it rather than being refused.
        assert gateway.post("/v1/chat/completions", QUESTION).status_code == 200


def test_sigterm_ends_serve_and_its_children_with_0() -> None:
    with running_gateway() as gateway:
        children = gateway.children("")
        assert len(children) == 2
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(timeout=10) == 0
        assert not any(is_alive(pid) for pid in children)


def test_no_child_outlives_a_killed_serve() -> None:
    with running_gateway() as gateway:
        children = gateway.children("")
        gateway.process.kill()
        gateway.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in children), seconds=5)


def test_a_second_serve_in_the_same_home_says_who_holds_it() -> None:
    with running_gateway() as gateway:
        second = gateway.command("serve", check=False, environment={"MLXMANAGER_PORT": str(free_port())})
        assert second.returncode == 1
        assert f"pid {gateway.process.pid}" in second.stderr


def test_a_taken_port_stops_the_start_by_name() -> None:
    with running_gateway() as gateway, short_home() as home:
        port = gateway.url.rpartition(":")[2]
        second = run_command("serve", check=False, environment=clean_environment(home, MLXMANAGER_PORT=port))
        assert second.returncode == 1
        assert "MLXMANAGER_PORT" in second.stderr
        assert not (home / "secret_key").exists()


def test_keys_are_not_made_anew_while_credentials_need_the_old_ones() -> None:
    with short_home() as home:
        with serving(home) as gateway:
            gateway.configure('[[credentials]]\nbackend_type = "openai"\napi_key_env = "KEY"\n', KEY="sk-something")
        (home / "fernet_keys").unlink()
        environment = clean_environment(home, MLXMANAGER_PORT=str(free_port()))
        refused = run_command("serve", check=False, environment=environment)
        assert refused.returncode == 1
        assert "MLXMANAGER_FERNET_KEYS" in refused.stderr
        assert not (home / "fernet_keys").exists()


def test_serve_drains_a_running_stream_and_refuses_new_work() -> None:
    with running_gateway() as gateway:
        asked = QUESTION | {"stream": True, "messages": [{"role": "user", "content": "Tell me a story about a fox."}]}
        with httpx2.stream("POST", f"{gateway.url}/v1/chat/completions", json=asked, headers=auth(gateway)) as stream:
            lines = stream.iter_lines()
            next(lines)
            gateway.process.send_signal(signal.SIGTERM)
            rest = list(lines)
        assert "data: [DONE]" in rest
        assert gateway.process.wait(timeout=10) == 0


def auth(gateway: Gateway) -> dict[str, str]:
    return {"authorization": f"Bearer {gateway.key}"}


def is_alive(pid: int) -> bool:
    """A process that has ended but was not waited for yet counts as gone."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return state != "" and not state.startswith("Z")
