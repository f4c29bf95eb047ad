"""Log lines tell of an exception in either style, and never show a local variable."""

import json
import subprocess
import sys

import pytest

CODE = """
import logging, structlog
from inference import logs
logs.configure(level="INFO", style="{style}")
def fail():
    secret = "canary-" + "in-a-local-variable"
    raise ValueError("it broke")
for log in (logging.getLogger("a"), structlog.get_logger("b")):
    try:
        fail()
    except ValueError:
        log.exception("failed")
"""


def lines(style: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", CODE.format(style=style)], capture_output=True, text=True, check=True
    ).stderr


@pytest.mark.parametrize("style", ["console", "json"])
def test_an_exception_comes_with_its_trace_and_without_variables(style: str) -> None:
    text = lines(style)
    assert text.count("ValueError: it broke") == 2
    assert text.count("in fail") == 2
    assert "canary-in-a-local-variable" not in text


def test_json_lines_are_json() -> None:
    for line in lines("json").splitlines():
        assert {"event", "level", "logger", "timestamp", "exception"} <= json.loads(line).keys()
