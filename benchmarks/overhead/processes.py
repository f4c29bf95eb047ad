"""The gateways that are measured, each a process (or two) of its own, and what the kernel says of them. Linux alone."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processor
from benchmarks.faults.gateways.litellm import ENVIRONMENT
from benchmarks.faults.gateways.process import running, scratch
from tests.gateway import CLIENT_KEY, ROOT, START_SECONDS, Gateway, end, free_port, running_gateway, wait_until
from tests.scraping import scrape

# A file of so many entries would take minutes to apply: each row has its history.
OTHERS = """
from credentials.generation import change
from credentials.models import ClientKey
from routing.models import BackendMapping
keys = [ClientKey(name=f"other-{{number}}") for number in range({number})]
for number, key in enumerate(keys):
    key.accept(f"a-client-key-of-the-benchmark-{{number}}")
kinds = "other-{{}}", "other-{{}}-*", "gpt-*-other-{{}}"
patterns = [kinds[number % len(kinds)].format(number) for number in range({number})]
with change("benchmark"):
    ClientKey.objects.bulk_create(keys)
    BackendMapping.objects.bulk_create(
        [BackendMapping(model_pattern=pattern, backend_type="openai", priority=1) for pattern in patterns]
    )
"""
# How often a web process looks for a new configuration.
POLL_SECONDS = 0.5
LITELLM_KEY = "sk-a-client-key-of-the-benchmark"


@dataclass(frozen=True, slots=True)
class Place:
    """A gateway: where it listens, the key its clients show, and the processes that answer them."""

    name: str
    url: str
    key: str
    pids: tuple[int, ...]

    def cpu(self) -> float:
        """Seconds."""
        taken = processor.seconds(self.pids)
        assert taken is not None, "Linux tells"
        return taken

    def memory(self) -> float:
        """MiB, of which pages shared with others count in part."""
        return sum(map(memory, self.pids))


def memory(pid: int) -> float:
    told = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert told is not None
    return int(told[1]) / 1024


@contextmanager
def raw_relay(upstream: int) -> Iterator[Place]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.overhead.raw_relay", str(port), f"http://127.0.0.1:{upstream}"]
    process = subprocess.Popen(command, cwd=ROOT)
    place = Place("raw relay", f"http://127.0.0.1:{port}", "any", (process.pid,))
    try:
        wait_until(lambda: listens(port), seconds=30)
        yield place
    finally:
        end(process)


def listens(port: int) -> bool:
    opened = f":{port:04X} 00000000:0000 0A"
    return opened in Path("/proc/net/tcp").read_text()


@contextmanager
def product(upstream: int, *, others: int = 0, web: int = 1) -> Iterator[Gateway]:
    """With so many mappings and client keys besides, which no request uses, and so many web processes."""
    with running_gateway(MLXMANAGER_LOG_LEVEL="info", MLXMANAGER_WEB_PROCESSES=str(web)) as gateway:
        wait_until(lambda: scrape(gateway).of("web_processes") == web, seconds=START_SECONDS)
        gateway.configure(configuration(upstream))
        if others:
            gateway.command("shell", "-c", OTHERS.format(number=others))
            gateway.wait_for_configuration()
        # One process has told that it has it; each looks for itself.
        time.sleep(2 * POLL_SECONDS)
        yield gateway


def place_of(gateway: Gateway, name: str = "mlxmanager") -> Place:
    return Place(name, gateway.url, CLIENT_KEY, tuple(gateway.children("mlxmanager.server")))


def configuration(upstream: int) -> str:
    parts = []
    for kind, pattern, path in (("openai", "gpt-*", "/v1"), ("anthropic", "claude-*", "")):
        base = f"http://127.0.0.1:{upstream}{path}"
        parts.append(f'[[credentials]]\nbackend_type = "{kind}"\nbase_url = "{base}"\napi_key = "sk-up"')
        parts.append(f'[[mappings]]\nmodel_pattern = "{pattern}"\nbackend_type = "{kind}"')
    return "\n".join(parts)


@contextmanager
def litellm(upstream: int, models: Mapping[str, str], *, program: str) -> Iterator[Place]:
    """`models` are the names that will be asked for, each with the protocol of its upstream."""
    port = free_port()
    settings = {
        "model_list": [litellm_model(name, protocol, upstream) for name, protocol in models.items()],
        "litellm_settings": {
            "callbacks": [],
            "num_retries": 0,
            "telemetry": False,
            "use_chat_completions_url_for_anthropic_messages": True,
        },
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "general_settings": {"master_key": LITELLM_KEY, "disable_spend_logs": True, "disable_error_logs": True},
    }
    with scratch() as folder:
        (folder / "config.yaml").write_text(json.dumps(settings))  # JSON is YAML.
        options = ["--host", "127.0.0.1", "--port", str(port), "--config", "config.yaml"]
        command = [program, *options, "--num_workers", "1", "--telemetry", "False"]
        url = f"http://127.0.0.1:{port}"
        with running(command, folder, ready=f"{url}/health/liveliness", environment=ENVIRONMENT) as pids:
            yield Place("LiteLLM", url, LITELLM_KEY, tuple(pids()))


def litellm_model(name: str, protocol: str, upstream: int) -> dict[str, object]:
    base = f"http://127.0.0.1:{upstream}" + ("/v1" if protocol == "openai" else "")
    return {
        "model_name": name,
        "litellm_params": {"model": f"{protocol}/{name}", "api_base": base, "api_key": "sk-up"},
    }
