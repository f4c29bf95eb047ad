"""`rotatekeys`: bring every stored provider key under the first Fernet key."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, CommandParser

from credentials import keyring, rotation
from credentials.management.tables import TablesCommand


class Command(TablesCommand):
    help = (
        "Re-encrypts every provider key under the first of MLXMANAGER_FERNET_KEYS. Safe under traffic; "
        "what was stopped is resumed by running it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--dry-run", action="store_true", help="Count what would be re-encrypted; write nothing.")
        only.add_argument(
            "--verify", action="store_true", help="Exit 0 only if every row reads under the first key alone."
        )

    def handle(self, *, dry_run: bool, verify: bool, **_: Any) -> None:  # Any: options we do not read.
        try:
            keyring.require()
            tally = rotation.survey() if dry_run or verify else rotation.rotate()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        except rotation.AlreadyRunning:
            raise CommandError("Another rotation is running; wait for it to end.") from None
        verb = "to re-encrypt" if dry_run or verify else "re-encrypted"
        self.stdout.write(f"{tally.current} under the first key, {tally.stale} {verb}.")
        if tally.unreadable:
            raise CommandError("Cannot be decrypted, enter these keys again: " + ", ".join(tally.unreadable))
        if verify and tally.stale:
            raise CommandError("Not every row reads under the first key: run rotatekeys before the old one is dropped.")
