"""LiteLLM's proxy, one worker, without a database; a program from an environment of its own."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.faults.check import Address, Place, Served
from benchmarks.faults.gateways.process import running, scratch
from tests.gateway import free_port

KEY = "sk-a-client-key-of-the-faults"
ENVIRONMENT = {
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_DONT_SHOW_FEEDBACK_BOX": "true",
}


@contextmanager
def litellm(served: Sequence[Served], *, program: str) -> Iterator[Address]:
    port = free_port()
    with scratch() as folder:
        (folder / "config.yaml").write_text(json.dumps(configuration(served)))  # JSON is YAML.
        options = ["--host", "127.0.0.1", "--port", str(port), "--config", "config.yaml"]
        whole = [program, *options, "--num_workers", "1", "--telemetry", "False"]
        url = f"http://127.0.0.1:{port}"
        with running(whole, folder, ready=f"{url}/health/liveliness", environment=ENVIRONMENT) as pids:
            yield Address(url, KEY, version(program), None, pids)


def version(program: str) -> str:
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=120)
    return f"litellm {shown.stdout.split()[-1]}"


def configuration(served: Sequence[Served]) -> dict[str, Any]:
    """Its kindest settings: it mends what it knows how to, and retries nothing. To drop parameters would pass less."""
    models = [model(one.name, one.first) for one in served]
    models += [model(f"{one.name}-second", one.second) for one in served if one.second is not None]
    return {
        "model_list": models,
        "litellm_settings": {
            "callbacks": [],
            "num_retries": 0,
            "request_timeout": 60,
            "drop_params": False,
            "modify_params": True,
            "telemetry": False,
            "use_chat_completions_url_for_anthropic_messages": True,
        },
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "fallbacks": [{one.name: [f"{one.name}-second"]} for one in served if one.second is not None],
        },
        "general_settings": {"master_key": KEY, "disable_spend_logs": True, "disable_error_logs": True},
    }


def model(name: str, place: Place) -> dict[str, Any]:
    base = f"{place.base}/v1" if place.protocol == "openai" else place.base
    upstream = {"model": f"{place.protocol}/{place.model}", "api_base": base, "api_key": "sk-upstream"}
    return {"model_name": name, "litellm_params": upstream}
