"""Prometheus's text format, as its documentation has it."""

import pytest

from inference import metrics
from inference.course import Course
from inference.exposition import render
from inference.meter import Meter
from inference.metrics import METRICS, Metric
from routing.route import Target


def shown(text: str, metric: Metric) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(metric.name)]


def test_a_metric_nobody_has_counted_is_named_all_the_same() -> None:
    lines = render({}).splitlines()
    assert lines[:2] == [
        "# HELP mlxmanager_requests_total Requests under /v1 that have ended.",
        "# TYPE mlxmanager_requests_total counter",
    ]
    assert len(lines) == 2 * len(METRICS)


def test_what_a_label_says_cannot_break_its_line() -> None:
    text = render({(metrics.MODEL_MEMORY.name, 'a"b\\c\nd'): 5.0})
    assert shown(text, metrics.MODEL_MEMORY) == ['mlxmanager_worker_model_bytes{model="a\\"b\\\\c\\nd"} 5']


def test_a_value_has_neither_more_nor_fewer_digits_than_it_needs() -> None:
    text = render({(metrics.ACTIVE.name,): 3.0, (metrics.MEMORY.name,): 12345678901.0, (metrics.LOADING.name,): 0.25})
    assert shown(text, metrics.ACTIVE) == ["mlxmanager_worker_active_requests 3"]
    assert shown(text, metrics.MEMORY)[0] == "mlxmanager_worker_memory_bytes 12345678901"
    assert shown(text, metrics.LOADING) == ["mlxmanager_worker_loading 0.25"]


def test_a_bucket_holds_all_that_are_below_its_bound() -> None:
    place = (metrics.DURATION.name, "/v1/messages", "local")
    text = render({(*place, "0.05"): 2.0, (*place, "1.0"): 3.0, (*place, "+Inf"): 1.0, (*place, "sum"): 702.5})
    lines = shown(text, metrics.DURATION)
    name, labels = metrics.DURATION.name, 'endpoint="/v1/messages",backend="local"'
    counts = {line.split('le="')[1].split('"')[0]: int(line.split()[-1]) for line in lines if "_bucket" in line}
    assert (counts["0.01"], counts["0.05"], counts["0.5"], counts["1.0"], counts["600.0"]) == (0, 2, 2, 5, 5)
    assert counts["+Inf"] == 6
    assert lines[-2:] == [f"{name}_sum{{{labels}}} 702.5", f"{name}_count{{{labels}}} 6"]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    assert metric.name.startswith("mlxmanager_")
    assert metric.name.endswith("_total") == (metric.type == "counter")
    assert metric.type != "histogram" or metric.name.endswith("_seconds")


def test_a_request_that_was_cut_off_before_any_answer_is_not_counted_as_answered() -> None:
    meter = Meter()
    meter.count(Course(endpoint="/v1/messages"))
    [line] = shown(render(meter.values()), metrics.REQUESTS)
    assert 'status="none",outcome="cancelled"' in line


def test_a_request_is_counted_once_and_timed_to_its_end_and_its_first_byte() -> None:
    meter = Meter()
    good, bad = Course(endpoint="/v1/messages", target=Target("local", "demo")), Course(outcome="invalid_api_key")
    good.answer(200)
    bad.answer(401)
    meter.count(good)
    meter.count(bad)
    text = render(meter.values())
    assert sorted(shown(text, metrics.REQUESTS)) == [
        'mlxmanager_requests_total{endpoint="/v1/messages",backend="local",status="2xx",outcome="answered"} 1',
        'mlxmanager_requests_total{endpoint="other",backend="none",status="4xx",outcome="invalid_api_key"} 1',
    ]
    counts = [line for line in text.splitlines() if "_count{" in line]
    assert counts == [
        'mlxmanager_request_duration_seconds_count{endpoint="/v1/messages",backend="local"} 1',
        'mlxmanager_request_duration_seconds_count{endpoint="other",backend="none"} 1',
        'mlxmanager_request_first_byte_seconds_count{endpoint="/v1/messages",backend="local"} 1',
    ]
