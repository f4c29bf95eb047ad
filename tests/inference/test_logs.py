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


SUSPICIOUS = """
import asyncio
import django
from django.test import AsyncClient
django.setup()
print(asyncio.run(AsyncClient().get("/admin/", headers={"host": "evil.example"})).status_code)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def lines(style: str) -> str:
    return run(CODE.format(style=style)).stderr


@pytest.mark.parametrize("style", ["console", "json"])
def test_an_exception_comes_with_its_trace_and_without_variables(style: str) -> None:
    text = lines(style)
    assert text.count("ValueError: it broke") == 2
    assert text.count("in fail") == 2
    assert "canary-in-a-local-variable" not in text


def test_json_lines_are_json() -> None:
    for line in lines("json").splitlines():
        assert {"event", "level", "logger", "timestamp", "exception"} <= json.loads(line).keys()


def test_a_value_neither_ends_the_line_nor_looks_like_two() -> None:
    code = """
import structlog
from inference import logs
logs.configure(level="INFO", style="console")
structlog.get_logger("b").info("asked", model="a\\nb", near="c d=e", ms=3)
"""
    written = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert written.endswith(r" [info    ] asked [b] model='a\nb' near='c d=e' ms=3" + "\n")


def test_a_line_below_the_level_is_not_written() -> None:
    code = """
import logging, structlog
from inference import logs
logs.configure(level="WARNING", style="json")
structlog.get_logger("b").info("quiet")
logging.getLogger("a").info("quiet")
structlog.get_logger("b").warning("loud")
"""
    written = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert [json.loads(line)["event"] for line in written.splitlines()] == ["loud"]


def test_a_foreign_host_leaves_a_line_and_no_trace() -> None:
    asked = run(SUSPICIOUS)
    assert asked.stdout.split() == ["400"]
    assert "evil.example" in asked.stderr
    assert "Traceback" not in asked.stderr
