"""Counts what one web process does. On the way of each request, so that it does little: look up, and add."""

from bisect import bisect_left
from collections import defaultdict

from inference import metrics
from inference.course import Course
from inference.ir import Usage
from inference.metrics import BOUNDS, SUM, Key, Metric

# The classes of statuses. Nothing was answered to a client that left first.
STATUSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
BUCKETS = (*map(str, BOUNDS), "+Inf", SUM)


class Counter:
    def __init__(self, metric: Metric) -> None:
        self._name = metric.name
        self._values: defaultdict[Key, float] = defaultdict(float)

    def add(self, labels: Key, amount: float = 1.0) -> None:
        self._values[labels] += amount

    def values(self) -> dict[Key, float]:
        return {(self._name, *labels): value for labels, value in self._values.items()}


class Histogram:
    def __init__(self, metric: Metric) -> None:
        self._name = metric.name
        self._rows: defaultdict[Key, list[float]] = defaultdict(lambda: [0.0] * len(BUCKETS))

    def add(self, labels: Key, seconds: float) -> None:
        row = self._rows[labels]
        row[bisect_left(BOUNDS, seconds)] += 1.0
        row[-1] += seconds

    def values(self) -> dict[Key, float]:
        """How many fell into each bucket alone, as far as any did."""
        return {
            (self._name, *labels, bucket): value
            for labels, row in self._rows.items()
            for bucket, value in zip(BUCKETS, row, strict=True)
            if value
        }


class Meter:
    def __init__(self) -> None:
        self.attempts = Counter(metrics.ATTEMPTS)
        self.fallbacks = Counter(metrics.FALLBACKS)
        self.limited = Counter(metrics.LIMITED)
        self.unlogged = Counter(metrics.UNLOGGED)
        self._requests = Counter(metrics.REQUESTS)
        self._durations = Histogram(metrics.DURATION)
        self._first_bytes = Histogram(metrics.FIRST_BYTE)
        self._input = Counter(metrics.INPUT_TOKENS)
        self._cached = Counter(metrics.CACHED_TOKENS)
        self._output = Counter(metrics.OUTPUT_TOKENS)

    def count(self, course: Course) -> None:
        """A request that has ended."""
        place = (course.endpoint, course.backend)
        self._requests.add((*place, STATUSES[course.status // 100], course.outcome))
        self._durations.add(place, course.duration)
        if 200 <= course.status < 300:
            self._first_bytes.add(place, course.first_byte - course.began)
        if course.usage is not None:
            self._spend(course.backend, course.usage)

    def _spend(self, backend: str, usage: Usage) -> None:
        place = (backend,)
        self._input.add(place, usage.input_tokens)
        self._output.add(place, usage.output_tokens)
        if usage.cached_tokens:
            self._cached.add(place, usage.cached_tokens)

    def values(self) -> dict[Key, float]:
        of_requests = (self._requests, self._durations, self._first_bytes, self.limited, self.unlogged)
        kept = (self.attempts, self.fallbacks, *of_requests)
        tokens = (self._input, self._cached, self._output)
        return {key: value for one in (*kept, *tokens) for key, value in one.values().items()}
