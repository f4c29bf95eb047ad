"""Who changed the configuration: the history tables, with the author where nobody is signed in."""

from contextvars import ContextVar

from simple_history.models import HistoricalRecords

AUTHOR: ContextVar[str | None] = ContextVar("author", default=None)


class ConfigurationHistory(HistoricalRecords):  # type: ignore[misc]  # The library is untyped.
    """A signed-in user is recorded by the library; a command or a client key stands in the reason."""

    def get_change_reason_for_object(self, *_: object) -> str | None:
        return AUTHOR.get()
