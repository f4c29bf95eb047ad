"""What a configuration file is made of: kinds of entries, each with what makes a row of one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from pydantic import BaseModel


@dataclass(slots=True)
class Difference:
    """`lines` is what changed, a row each; `made_keys` are the keys made for new client keys, by name."""

    lines: list[str] = field(default_factory=list)
    made_keys: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind[Entry: BaseModel, Row: models.Model]:
    """`table` is its name in the file. `apply` brings the row an entry is about to what it says, and gives it back."""

    table: str
    entry: type[Entry]
    model: type[Row]
    apply: Callable[[Entry, Difference], Row]


# Any: each entry in a list of kinds was checked where it was made.
type AnyKind = Kind[Any, Any]
