"""The counter that every change of configuration raises, so that each process knows its snapshot is old."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import F

from credentials.audit import AUTHOR
from credentials.models import ConfigurationGeneration


@contextmanager
def change(author: str | None = None) -> Iterator[None]:
    """One change of configuration: one transaction, one step of the counter, one author in the history.

    `author` names who acts where no user is signed in. A block that marks its transaction for rollback
    (`transaction.set_rollback`) changes nothing, the counter neither.
    """
    token = AUTHOR.set(author)
    try:
        with transaction.atomic():
            yield
            if not transaction.get_connection().needs_rollback:
                ConfigurationGeneration.objects.update_or_create(
                    pk=1, defaults={"number": F("number") + 1}, create_defaults={"number": 1}
                )
    finally:
        AUTHOR.reset(token)


def current() -> int:
    """The counter as the database has it now; 0 before the first change."""
    return ConfigurationGeneration.objects.filter(pk=1).values_list("number", flat=True).first() or 0
