"""Runs the worker: this process replaces itself by one without Django, keys and database, which runs the models."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from inference import locks, runworker


class Command(BaseCommand):
    help = "Run the local models in this process, until SIGTERM or Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--parent", type=int, help="descriptor of a pipe that ends when the parent is gone")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            runworker.become_worker(options["parent"])
        except locks.Held as held:
            raise CommandError(runworker.told(held)) from None
