"""`createclientkey`: one key on stdout, and options as the fields are named."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from credentials import client_keys, generation
from credentials.models import ClientKey

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> str:
    out = StringIO()
    call_command("createclientkey", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_the_key_alone_is_printed_and_works() -> None:
    before = generation.current()
    key = create("laptop")
    row = ClientKey.objects.get(name="laptop")
    assert row.key_hash == client_keys.digest(key).hex()
    assert generation.current() == before + 1


def test_options_set_the_fields() -> None:
    create(
        "laptop",
        "--allowed-models", "gpt-*,o3", "claude-*",
        "--expires-at", "2030-01-31T12:00:00Z",
        "--requests-per-minute", "0",
        "--tokens-per-minute", "1000",
        "--monthly-budget", "12.50",
        "--priority", "batch",
        "--is-admin",
    )  # fmt: skip
    row = ClientKey.objects.get()
    assert row.allowed_models == ["gpt-*", "o3", "claude-*"]
    assert row.expires_at == datetime(2030, 1, 31, 12, tzinfo=UTC)
    assert (row.requests_per_minute, row.tokens_per_minute) == (0, 1000)
    assert row.monthly_budget == Decimal("12.5")
    assert row.priority == "batch"
    assert row.is_admin


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--expires-at", "2030-01-31T12:00:00"], "expires_at"),
        (["--monthly-budget", "-1"], "monthly_budget"),
        (["--monthly-budget", "much"], "monthly_budget"),
        (["--tokens-per-minute", "-1"], "tokens_per_minute"),
        (["--priority", "urgent"], "priority"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], named: str) -> None:
    with pytest.raises(CommandError, match=f"^{named}: "):
        create("laptop", *arguments)


def test_a_name_that_is_taken_is_an_error() -> None:
    create("laptop")
    with pytest.raises(CommandError, match="already exists"):
        create("laptop")
