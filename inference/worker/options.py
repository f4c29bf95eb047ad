"""What the operator has set for single models: how long each stays in memory, and how much it may be asked."""

from collections.abc import Iterable

from inference.protocols import wire

# How long an unused model stays, in seconds, where its options do not say.
IDLE_TTL = 900.0


class Options:
    def __init__(self) -> None:
        self._options: dict[str, wire.ModelOptions] = {}

    def configure(self, options: Iterable[wire.ModelOptions]) -> list[str]:
        """The models that are to be loaded ahead, as far as this is news."""
        before, self._options = self._options, {one.name: one for one in options}
        return [one.name for one in self._options.values() if one.preload and before.get(one.name) != one]

    def is_pinned(self, name: str) -> bool:
        options = self._options.get(name)
        return options is not None and options.pinned

    def idle_ttl(self, name: str) -> float:
        """Seconds that the model stays unused."""
        options = self._options.get(name)
        if options is not None and options.pinned:
            return float("inf")
        given = options.idle_ttl if options is not None else None
        return IDLE_TTL if given is None else given

    def load(self, name: str) -> wire.LoadOptions:
        """How the model is to be loaded."""
        options = self._options.get(name)
        return wire.AS_IT_IS if options is None else options.load

    def max_context(self, name: str) -> int | None:
        options = self._options.get(name)
        return None if options is None else options.max_context
