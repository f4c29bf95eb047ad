"""What a translation has to weaken or leave out: told to the client, or refused where its route is strict."""

import re
from collections.abc import Iterator

from inference.errors import Untranslatable

LONGEST_HEADER = 1024
# A field may be named anything by a client, and these part the header's entries.
UNFIT = re.compile(r"[^!-~]|[,;]")


class Warnings:
    """Of one attempt. `strict`: the first warning is a refusal instead."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._told: dict[tuple[str, str], None] = {}

    def add(self, field: str, reason: str) -> None:
        """`field` is the client's own name for it, `reason` a word or a few joined by underscores.

        Raises Untranslatable where the route is strict.
        """
        if self._strict:
            raise Untranslatable(f"The backend that answers this model cannot keep this ({reason}).", param=field)
        self._told[field, reason] = None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._told)

    @property
    def header(self) -> str:
        """The value of `x-mlxmanager-warning`; empty for nothing to tell."""
        shown = ""
        for field, reason in self:
            entry = f"{UNFIT.sub('_', field)};reason={reason}"
            longer = f"{shown}, {entry}" if shown else entry
            if len(longer) <= LONGEST_HEADER:
                shown = longer
        return shown
