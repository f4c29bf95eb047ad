"""`applyconfig FILE`: bring the configuration to what a TOML file says, all of it or nothing."""

from pathlib import Path
from typing import Any

from django.core.management import CommandError, CommandParser
from django.db import transaction

from credentials import generation
from credentials.management.tables import TablesCommand
from inference.configuration_kinds import KINDS
from routing import applying, config_file


class Command(TablesCommand):
    help = (
        "Brings credentials, mappings, model profiles, client keys and options of local models to what a TOML file "
        "says; what it does not name stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Print the difference; change nothing.")
        parser.add_argument(
            "--prune", action="store_true", help="Delete what the file does not name, among the kinds it names at all."
        )

    def handle(self, *, file: Path, dry_run: bool, prune: bool, **_: Any) -> None:  # Any: options we do not read.
        try:
            wanted = config_file.read(file, KINDS)
            with generation.change("applyconfig"):
                difference = applying.apply(wanted, KINDS, prune=prune)
                if dry_run or not difference.lines:
                    transaction.set_rollback(True)
        except config_file.ConfigError as error:
            raise CommandError(str(error)) from None
        for line in difference.lines or ["Nothing to change."]:
            self.stdout.write(line)
        for name, key in difference.made_keys.items():
            self.stdout.write(f"{name}: a key would be made" if dry_run else f"{name}: {key} (not shown again)")
