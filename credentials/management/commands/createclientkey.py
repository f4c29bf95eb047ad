"""`createclientkey`: make a key for a client and print it, once."""

from typing import Any

import pydantic
from django.core.exceptions import ValidationError
from django.core.management import CommandError, CommandParser

from credentials import client_keys, generation, problems
from credentials.management.tables import TablesCommand
from credentials.models import ClientKey
from credentials.schemas import ClientKeyCreate

AT_ONCE = "All of it at once, if it was not used before. 0: nothing. Default: no limit."
BUDGET = "US dollars a month. 0: local models alone. Any other is kept, not counted yet."


class Command(TablesCommand):
    help = "Makes a client key and prints it. It is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--allowed-models",
            nargs="+",
            action="extend",
            metavar="PATTERN",
            help="Names or patterns such as 'claude-*', separated by blanks or commas. Default: every model.",
        )
        parser.add_argument("--expires-at", metavar="TIME", help="With its zone, as 2030-01-31T12:00:00Z.")
        parser.add_argument("--requests-per-minute", type=int, metavar="N", help=AT_ONCE)
        parser.add_argument("--tokens-per-minute", type=int, metavar="N", help=f"Read and written. {AT_ONCE}")
        parser.add_argument("--monthly-budget", metavar="USD", help=BUDGET)
        parser.add_argument(
            "--priority", metavar="CLASS", help="interactive, or batch, which lets the others go first."
        )
        parser.add_argument("--is-admin", action="store_true", help="May use the configuration API.")

    def handle(self, **options: Any) -> None:  # Any: argparse's.
        given = {name: options[name] for name in ClientKeyCreate.model_fields if options.get(name) is not None}
        if "allowed_models" in given:
            given["allowed_models"] = [part for word in given["allowed_models"] for part in word.split(",") if part]
        key = client_keys.make()
        try:
            row = ClientKey(**ClientKeyCreate.model_validate(given).model_dump())
            row.accept(key)
            with generation.change("createclientkey"):
                row.full_clean()
                row.save()
        except pydantic.ValidationError as error:
            raise CommandError("\n".join(problems.of_schema(error))) from None
        except ValidationError as error:
            raise CommandError("\n".join(problems.of_row(error))) from None
        self.stderr.write(f"The key of {row.name}; it is not shown again:")
        self.stdout.write(key)
