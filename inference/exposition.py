"""Values to Prometheus's text format, version 0.0.4."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from inference.metrics import BOUNDS, METRICS, SUM, Key, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (*map(str, BOUNDS), "+Inf")
ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def render(values: Mapping[Key, float]) -> str:
    by_name: defaultdict[str, dict[Key, float]] = defaultdict(dict)
    for (name, *labels), value in values.items():
        by_name[name][tuple(labels)] = value
    return "".join(f"{line}\n" for metric in METRICS for line in lines(metric, by_name[metric.name]))


def lines(metric: Metric, values: Mapping[Key, float]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.type}"
    if metric.type == "histogram":
        yield from buckets(metric, values)
    else:
        for labels, value in sorted(values.items()):
            yield sample(metric.name, metric.labels, labels, value=value)


def buckets(metric: Metric, values: Mapping[Key, float]) -> Iterator[str]:
    """Each bucket with all that are below it, as the format has it."""
    for labels in sorted({key[:-1] for key in values}):
        count = 0.0
        for bound in BUCKETS:
            count += values.get((*labels, bound), 0.0)
            yield sample(f"{metric.name}_bucket", (*metric.labels, "le"), (*labels, bound), value=count)
        yield sample(f"{metric.name}_sum", metric.labels, labels, value=values.get((*labels, SUM), 0.0))
        yield sample(f"{metric.name}_count", metric.labels, labels, value=count)


def sample(name: str, labels: Sequence[str], given: Sequence[str], *, value: float) -> str:
    pairs = ",".join(f'{label}="{text.translate(ESCAPES)}"' for label, text in zip(labels, given, strict=True))
    shown = int(value) if value.is_integer() else value
    return f"{name}{{{pairs}}} {shown}" if pairs else f"{name} {shown}"
