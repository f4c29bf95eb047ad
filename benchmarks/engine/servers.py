"""The two servers of the comparison, each with the same folder of weights: this product, and mlx-lm's own."""

import importlib.metadata
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engine.client import Server
from benchmarks.faults.gateways.process import running, scratch
from tests.gateway import Gateway, free_port, running_gateway

MODEL = "bench/model"

# The worker loads OpenBLAS by itself, where it is there; without it the other would be several times slower on Linux.
BLAS = {"LD_PRELOAD": "libopenblas.so.0", "OPENBLAS_NUM_THREADS": "1"} if sys.platform == "linux" else {}


@contextmanager
def gateway(models: Path) -> Iterator[Gateway]:
    """This product, with the model that lies in the folder of models under its name."""
    with running_gateway(MLXMANAGER_MODELS_DIR=str(models), MLXMANAGER_LOG_LEVEL="info") as started:
        yield started


def ours(started: Gateway) -> Server:
    return Server("MLX Manager", started.url, started.key, MODEL)


@contextmanager
def mlx_lm_server(model: Path) -> Iterator[Server]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["--model", str(model), "--host", "127.0.0.1", "--port", str(port), "--log-level", "WARNING"]
    with scratch() as folder:
        (folder / "hub").mkdir()
        environment = {"HF_HUB_CACHE": str(folder / "hub"), **BLAS}
        command = [sys.executable, "-m", "mlx_lm", "server", *options]
        with running(command, folder, ready=f"{url}/health", environment=environment):
            yield Server(f"mlx_lm.server {importlib.metadata.version('mlx-lm')}", url, "any", str(model))
