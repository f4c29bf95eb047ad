"""Commands that read the database, which may not be there yet."""

from django.core.management import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class TablesCommand(BaseCommand):
    """Says what to do where the tables are missing, or of an older version, rather than what the database said."""

    requires_migrations_checks = True

    def check_migrations(self) -> None:
        """Raises CommandError."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database has not all its tables yet: run `serve` first, or `migrate`.")
