"""What the metrics tell of the local worker and of restarts."""

from inference import metrics
from inference.metrics import Key
from inference.protocols import wire
from inference.worker_state import WorkerState


def figures(state: WorkerState) -> dict[Key, float]:
    """Of a worker that does not work nothing is known but that."""
    values: dict[Key, float] = {(metrics.WORKER_UP.name,): float(state.status is not None)}
    if state.status is not None:
        values |= of_worker(state.status) | of_models(state.status)
    restarts = {"worker": state.own.count, "web": state.of_web}
    return values | {(metrics.RESTARTS.name, process): float(count) for process, count in restarts.items()}


def of_worker(status: wire.Status) -> dict[Key, float]:
    prefixes = status.prefixes
    values = {
        metrics.ACTIVE: status.active,
        metrics.WAITING: status.waiting,
        metrics.LOADING: status.loading is not None,
        metrics.MEMORY: status.memory,
        metrics.BUDGET: status.budget,
        metrics.STEPS: status.steps,
        metrics.READ: status.read,
        metrics.WRITTEN: status.written,
        metrics.PREFIX_HITS: prefixes.hits,
        metrics.PREFIX_MISSES: prefixes.misses,
        metrics.PREFIX_MEMORY: prefixes.memory,
        metrics.PREFIX_DISK: prefixes.disk,
    }
    return {(metric.name,): float(value) for metric, value in values.items()}


def of_models(status: wire.Status) -> dict[Key, float]:
    values: dict[Key, float] = {}
    for model in status.models:
        values[metrics.MODEL_MEMORY.name, model.name] = model.size
        values[metrics.MODEL_ACTIVE.name, model.name] = model.active
    return values
