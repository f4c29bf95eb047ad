"""The metrics by name: what each counts, and by what it is told apart. docs/metrics.md explains them."""

from dataclasses import dataclass
from typing import Literal

# A metric's name and the values of its labels. In a histogram then comes the upper bound of a bucket, or SUM.
type Key = tuple[str, ...]

SUM = "sum"

# Upper bounds of the buckets, in seconds.
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


def counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"mlxmanager_{name}_total", "counter", text, labels)


def gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"mlxmanager_{name}", "gauge", text, labels)


def histogram(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"mlxmanager_{name}", "histogram", text, labels)


# Counted as requests are answered.
REQUESTS = counter("requests", "Requests under /v1 that have ended.", "endpoint", "backend", "status", "outcome")
DURATION = histogram("request_duration_seconds", "From a request's head to its end.", "endpoint", "backend")
FIRST_BYTE = histogram(
    "request_first_byte_seconds", "From a request's head to the first byte of a good answer.", "endpoint", "backend"
)
ATTEMPTS = counter("attempts", "Attempts at a backend, a request's first and all further ones.", "backend", "outcome")
FALLBACKS = counter("fallbacks", "Requests that were answered by a fallback.", "backend", "reason")
LIMITED = counter("limited_requests", "Requests that a limit of their client key refused.", "limit")
INPUT_TOKENS = counter("input_tokens", "Tokens of prompts; estimated where a backend does not tell.", "backend")
CACHED_TOKENS = counter("cached_input_tokens", "Tokens of prompts that had been read before.", "backend")
OUTPUT_TOKENS = counter("output_tokens", "Tokens of answers; estimated where a backend does not tell.", "backend")

UNLOGGED = counter("request_log_dropped", "Requests that the log lacks because the database took no more of them.")

# Looked up in each web process.
IN_PROGRESS = gauge("requests_in_progress", "Requests that are being answered.")
STREAMS = gauge("open_streams", "Streams that are open to clients.")
COOLDOWNS = gauge("cooldowns_active", "Targets that are left alone, for each web process that does.", "backend")
WEB_PROCESSES = gauge("web_processes", "Web processes that run.")

# Of the local worker, whose own counters begin anew with each start.
RESTARTS = counter("restarts", "How often a process has ended and was started again.", "process")
WORKER_UP = gauge("worker_up", "1 while the local worker works.")
ACTIVE = gauge("worker_active_requests", "Requests that local models work at.")
WAITING = gauge("worker_waiting_requests", "Requests that wait for a local model.")
LOADING = gauge("worker_loading", "1 while a model is being loaded.")
MEMORY = gauge("worker_memory_bytes", "Memory that MLX holds.")
BUDGET = gauge("worker_memory_budget_bytes", "Memory that local models may take.")
MODEL_MEMORY = gauge("worker_model_bytes", "Weights of a model in memory.", "model")
MODEL_ACTIVE = gauge("worker_model_active_requests", "Requests that a model in memory works at.", "model")
STEPS = counter("worker_steps", "Steps of local models.")
READ = counter("worker_prompt_tokens", "Tokens of prompts that local models have read.")
WRITTEN = counter("worker_generated_tokens", "Tokens that local models have written.")
PREFIX_HITS = counter("worker_prefix_hits", "Prompts whose beginning had been read before.")
PREFIX_MISSES = counter("worker_prefix_misses", "Prompts whose beginning had not been read before.")
PREFIX_MEMORY = gauge("worker_prefix_memory_bytes", "What is kept of prompts in memory.")
PREFIX_DISK = gauge("worker_prefix_disk_bytes", "What is kept of prompts on disk.")

METRICS = (
    REQUESTS,
    DURATION,
    FIRST_BYTE,
    ATTEMPTS,
    FALLBACKS,
    LIMITED,
    INPUT_TOKENS,
    CACHED_TOKENS,
    OUTPUT_TOKENS,
    UNLOGGED,
    IN_PROGRESS,
    STREAMS,
    COOLDOWNS,
    WEB_PROCESSES,
    RESTARTS,
    WORKER_UP,
    ACTIVE,
    WAITING,
    LOADING,
    MEMORY,
    BUDGET,
    MODEL_MEMORY,
    MODEL_ACTIVE,
    STEPS,
    READ,
    WRITTEN,
    PREFIX_HITS,
    PREFIX_MISSES,
    PREFIX_MEMORY,
    PREFIX_DISK,
)
