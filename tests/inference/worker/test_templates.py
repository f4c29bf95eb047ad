"""Chat templates are programs of strangers: what they do, they do to a process of their own, and within limits."""

import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateError

from inference.templating import LAST_CPU_SECONDS
from inference.worker.adapter import TokenizerWrapper
from inference.worker.templates import Renderer

CONVERSATION = [{"role": "user", "content": "Hello"}]
SANDBOX = "unsafe"

BOMBS = {
    "a long text": ("{{ 'a' * 10**9 }}", "too large"),
    "a longer one": ("{{ 'a' * 10**12 }}", "too large"),
    "a long list": ("{{ ([1] * 10**9)|length }}", "too large"),
    "a large number": ("{{ 10 ** (10 ** 9) }}", "too large"),
    "a loop in a loop": (
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "too",
    ),
    "a macro that calls itself": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError"),
    "many brackets": ("{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}", "RecursionError"),
    "another template": ("{% include '/etc/passwd' %}", "TypeError"),
    "a module": ("{% import 'os' as os %}", "TypeError"),
    "classes": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", SANDBOX),
    "globals": ("{{ cycler.__init__.__globals__.os.system('true') }}", SANDBOX),
    "a changed conversation": ("{{ messages.clear() }}", SANDBOX),
    "broken syntax": ("{% for %}", "Expected"),
}
# Where the kernel bounds a process's memory.
ON_LINUX = {
    "a wide format": ("{{ '%10000000000d'|format(1) }}", "memory"),
    "a wide line": ("{{ 'a'.center(10 ** 10) }}", "memory"),
    "doubling": (
        "{% set n = namespace(x='aaaa') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "memory",
    ),
    "much text": ("{% for i in range(10 ** 5) %}{{ 'y' * 10000 }}{% endfor %}", "too much"),
}
# One call that takes minutes, and in which no signal is handled.
ENDLESS = "{{ ([[1] * 20] * 100000)|sum(start=[]) }}"
if Path("/proc").exists():
    BOMBS |= ON_LINUX


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    made.warm()
    yield made
    made.close()


def render(renderer: Renderer, template: str, conversation: list[dict[str, str]] = CONVERSATION) -> str:
    arguments: dict[str, Any] = {"conversations": [conversation], "chat_template": template, "tools": None}
    (text,) = renderer.render(arguments)
    return text


def seconds_of_children() -> float:
    """Of the processors, for those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(("template", "reason"), BOMBS.values(), ids=BOMBS)
def test_a_hostile_template_is_an_error_and_the_next_is_rendered(
    renderer: Renderer, template: str, reason: str
) -> None:
    with pytest.raises(TemplateError, match=reason):
        render(renderer, template)
    assert render(renderer, "{{ messages[0].content }}") == "Hello"


def test_one_that_cannot_be_interrupted_ends_its_process_and_there_is_another(renderer: Renderer) -> None:
    before, spent = renderer.pid, seconds_of_children()
    with pytest.raises(TemplateError, match="too much time or memory"):
        render(renderer, ENDLESS)
    # With what it took to start it.
    assert seconds_of_children() - spent < LAST_CPU_SECONDS + 4
    assert render(renderer, "{{ messages[0].content }}") == "Hello"
    assert renderer.pid != before


@pytest.mark.parametrize("slow", [ENDLESS, BOMBS["a loop in a loop"][0] + "{# twice #}"])
def test_one_that_took_too_long_keeps_nobody_waiting_again(slow: str) -> None:
    renderer = Renderer()
    try:
        with pytest.raises(TemplateError, match="it takes too"):
            render(renderer, slow)
        began = time.monotonic()
        with pytest.raises(TemplateError, match="a moment ago"):
            render(renderer, slow)
        assert time.monotonic() - began < 0.1
        assert render(renderer, "{{ messages[0].content }}") == "Hello"
    finally:
        renderer.close()


def test_one_that_takes_much_memory_is_ended_from_outside_too() -> None:
    """As it has to be where the kernel sets no limit."""
    slow = "{% for i in range(90000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"
    renderer = Renderer(most_resident=1)
    try:
        began = time.monotonic()
        with pytest.raises(TemplateError, match="too much time or memory"):
            render(renderer, slow)
        assert renderer.pid is None
        assert time.monotonic() - began < 5
    finally:
        renderer.close()


def test_a_killed_process_is_replaced(renderer: Renderer) -> None:
    before = renderer.pid
    assert before is not None
    os.kill(before, 9)
    time.sleep(0.2)
    assert render(renderer, "{{ messages[0].content }}") == "Hello"


def test_it_renders_as_transformers_do(tokenizer: TokenizerWrapper) -> None:
    turns = [
        {"role": "system", "content": "Be brief. é 漢字 😀"},
        {"role": "user", "content": "Hello\n"},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"n": 1.5}}}]},
        {"role": "tool", "content": "null"},
    ]
    tools = [{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object"}}}]
    text: str = tokenizer.apply_chat_template(turns, tools=tools, tokenize=False, add_generation_prompt=True)
    assert text.startswith("<|im_start|>system\nBe brief. é 漢字 😀")
    assert '<tool_call>\n{"name": "f", "arguments": {"n": 1.5}}' in text
    assert text.endswith("<|im_start|>assistant\n")


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_its_process_knows_no_more_than_the_time_of_day(renderer: Renderer) -> None:
    render(renderer, "x")
    lines = Path(f"/proc/{renderer.pid}/environ").read_text().split("\0")
    names = {line.partition("=")[0] for line in lines if line}
    assert names <= {
        "TZ",
        "PYTHONPATH",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_VERBOSITY",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS",
    }
    assert b"mlx" not in Path(f"/proc/{renderer.pid}/maps").read_bytes()


def test_its_process_ends_with_the_one_that_asks() -> None:
    renderer = Renderer()
    render(renderer, "x")
    pid = renderer.pid
    renderer.close()
    listed = subprocess.run(["ps", "-p", str(pid)], capture_output=True, check=False)
    assert listed.returncode == 1
