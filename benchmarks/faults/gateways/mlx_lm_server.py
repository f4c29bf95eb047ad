"""mlx-lm's own server, with the demo model; from this environment."""

import importlib.metadata
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.faults.check import Address, Served
from benchmarks.faults.gateways.process import running, scratch
from tests.gateway import ROOT, free_port


@contextmanager
def mlx_lm_server(_: Sequence[Served]) -> Iterator[Address]:
    port = free_port()
    folder_of_model = str(ROOT / "inference" / "demo_model")
    options = ["--model", folder_of_model, "--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-m", "mlx_lm", "server", *options]
    url = f"http://127.0.0.1:{port}"
    with scratch() as folder:
        (folder / "hub").mkdir()
        environment = {"HF_HUB_CACHE": str(folder / "hub")}
        with running(command, folder, ready=f"{url}/health", environment=environment) as pids:
            version = f"mlx-lm {importlib.metadata.version('mlx-lm')}"
            yield Address(url, "any", version, folder_of_model, pids)
