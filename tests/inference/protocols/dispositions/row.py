"""A row of the table: what a client adds to a plain request, and what the backend is sent for it."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ABSENT = object()
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # a 1x1 PNG
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCg=="


class Disposition(StrEnum):
    """The words that the documentation uses too."""

    KEPT = "kept"
    DROPPED = "dropped"
    WARNED = "warned"
    REFUSED = "refused"


@dataclass(frozen=True)
class Row:
    """`adds` goes into a plain request, over what is there. `sent` must be part of what the backend is sent.

    `shown` is the field as the documentation names it, and `field` as a warning or a refusal does, where that differs.
    """

    shown: str
    disposition: Disposition
    adds: dict[str, Any]
    sent: Any = None
    field: str = ""
    model: str = ""
    code: str = ""

    @property
    def named(self) -> str:
        return self.field or self.shown

    def __str__(self) -> str:
        return f"{self.shown} {json.dumps(self.adds)[:60]}"


def kept(shown: str, adds: dict[str, Any], sent: Any, **more: str) -> Row:
    return Row(shown, Disposition.KEPT, adds, sent, **more)


def dropped(shown: str, adds: dict[str, Any], sent: Any, **more: str) -> Row:
    return Row(shown, Disposition.DROPPED, adds, sent, **more)


def warned(shown: str, adds: dict[str, Any], sent: Any = None, **more: str) -> Row:
    return Row(shown, Disposition.WARNED, adds, sent, **more)


def refused(shown: str, adds: dict[str, Any], **more: str) -> Row:
    return Row(shown, Disposition.REFUSED, adds, **more)


def user(*parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def is_part(expected: Any, found: Any) -> bool:
    """Whether all that is expected is found: objects may hold more, lists may not. `...` is anything."""
    if expected is ...:
        return True
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key not in found if value is ABSENT else key in found and is_part(value, found[key])
            for key, value in expected.items()
        )
    if isinstance(expected, list):
        same = isinstance(found, list) and len(expected) == len(found)
        return same and all(is_part(one, other) for one, other in zip(expected, found, strict=True))
    return bool(expected == found)
