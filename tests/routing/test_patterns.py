"""Globs: one special character, no surprises, and an index that agrees with walking the list."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import patterns


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("gpt-5", "gpt-5"),
        ("gpt-*", "gpt-5-mini"),
        ("gpt-*", "gpt-"),
        ("*", "anything/at all"),
        ("*", ""),
        ("mlx-community/*", "mlx-community/a/b"),
        ("*-4bit", "mlx-community/Qwen3-4bit"),
        ("a*b*c", "a--b--b--c"),
        ("a**b", "ab"),
        ("opus[1m]", "opus[1m]"),
        ("what?", "what?"),
        ("line*", "line\nbreak"),
    ],
)
def test_a_pattern_matches(pattern: str, name: str) -> None:
    assert patterns.matches(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("gpt-5", "gpt-5-mini"),
        ("gpt-*", "GPT-5"),
        ("opus[1m]", "opus1"),
        ("opus[1m]", "opusm"),
        ("what?", "whats"),
        ("a*a", "a"),
        ("ab*bc", "abc"),
        ("a*b*c", "acb"),
        ("", "x"),
        ("gpt.5", "gptx5"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, name: str) -> None:
    assert not patterns.matches(pattern, name)


def test_the_more_specific_pattern_comes_first() -> None:
    ordered = sorted(["*", "gpt-*", "*-mini", "gpt-5", "gpt-5-*"], key=patterns.specificity)
    assert ordered == ["gpt-5", "gpt-5-*", "gpt-*", "*", "*-mini"]


TEXT = st.text("ab*/", max_size=6)


@given(st.lists(TEXT, max_size=12), st.text("ab/", max_size=8))
def test_the_index_finds_what_walking_the_list_finds(entries: list[str], name: str) -> None:
    index = patterns.Index(entries, lambda entry: entry)
    assert index.first(name) == next((entry for entry in entries if patterns.matches(entry, name)), None)


def test_many_stars_do_not_take_long() -> None:
    assert not patterns.matches("*a" * 50 + "b", "a" * 20_000)


@pytest.mark.parametrize("pattern", ["*-{}", "model-{}-*", "m*-{}"])
def test_one_among_many_globs_is_found_without_walking_them(pattern: str) -> None:
    globs = [pattern.format(number) for number in range(10_000)]
    index = patterns.Index(globs, lambda glob: glob)
    began = time.process_time()
    found = [index.first(f"model-{number}-{number}") for number in range(2_000)]
    assert time.process_time() - began < 1
    assert found == globs[:2_000]
