"""Reads the environment: every setting by its name, from `NAME` or the file `NAME_FILE` names.

A wrong value stops the start with the setting's name and what it accepts.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB)?", re.IGNORECASE)
UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
TRUTHS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def text(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file that NAME_FILE names; blank counts as unset."""
    value = os.environ.get(name, "").strip()
    path = os.environ.get(f"{name}_FILE", "").strip()
    if value and path:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; set one of them.")
    if path:
        value = content(Path(path), f"{name}_FILE names")
    return value or default


def content(path: Path, whose: str) -> str:
    """The text in a file. What is wrong with one is told without any of it."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it holds no text"
    raise ImproperlyConfigured(f"{whose} {path}, which cannot be read: {reason}.")


def parsed[T, D](name: str, default: D, parse: Callable[[str], T], accepts: str) -> T | D:
    """`parse` raises ValueError for what it does not accept."""
    value = text(name)
    if not value:
        return default
    try:
        return parse(value)
    except (ValueError, KeyError):
        raise ImproperlyConfigured(f"{name} is {value!r}; it accepts {accepts}.") from None


def boolean(name: str, default: bool) -> bool:
    return parsed(name, default, lambda value: TRUTHS[value.lower()], "true or false")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    def parse(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError
        return number

    return parsed(name, default, parse, f"a whole number from {least} to {most}")


def seconds[D](name: str, default: D) -> float | D:
    def parse(value: str) -> float:
        number = float(value)
        if not 0 < number < float("inf"):
            raise ValueError
        return number

    return parsed(name, default, parse, "a number of seconds above 0")


def size[D](name: str, default: D) -> int | D:
    """Bytes, or a number with KB, MB, GB (powers of 1024)."""

    def parse(value: str) -> int:
        match = SIZE.fullmatch(value)
        if match is None:
            raise ValueError
        number = int(float(match[1]) * UNITS[(match[2] or "B").upper()])
        if number <= 0:
            raise ValueError
        return number

    return parsed(name, default, parse, "a number of bytes, or one such as 32MB or 12GB")


def choice(name: str, default: str, accepted: tuple[str, ...]) -> str:
    def parse(value: str) -> str:
        if value.lower() not in accepted:
            raise ValueError
        return value.lower()

    return parsed(name, default, parse, " or ".join(accepted))


def words(name: str) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name).split(",") if word.strip()]
