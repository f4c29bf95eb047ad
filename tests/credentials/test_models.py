"""What the tables hold and refuse, and that a key stays out of everything but its token."""

from io import StringIO

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from credentials import generation
from credentials.models import ClientKey, CloudCredential
from credentials.secret import Secret
from tests.builders import CANARY, make_client_key, make_credential, make_mapping

pytestmark = pytest.mark.django_db


def everything_in_the_database() -> str:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [bytes(cell) if isinstance(cell, memoryview) else cell for row in cursor for cell in row]
    return repr(found)


def test_a_key_is_encrypted_by_saving_and_read_back() -> None:
    row = make_credential()
    assert isinstance(row.encrypted_api_key, bytes)
    assert CloudCredential.objects.get().api_key == Secret(CANARY)


def test_a_key_is_nowhere_in_clear() -> None:
    row = make_credential()
    assert CANARY not in everything_in_the_database()
    assert CANARY not in repr(row) + str(row) + repr(row.api_key) + repr(CloudCredential.objects.values())


def test_a_dump_holds_no_key_and_no_token() -> None:
    row = make_credential()
    out = StringIO()
    call_command("dumpdata", "credentials", stdout=out)
    assert str(row.uid) in out.getvalue()
    assert CANARY not in out.getvalue()
    assert "encrypted_api_key" not in out.getvalue()


@pytest.mark.parametrize("value", [CANARY, F("name")])
def test_an_update_past_save_does_not_destroy_a_key(value: object) -> None:
    make_credential()
    with pytest.raises(TypeError) as caught, transaction.atomic():
        CloudCredential.objects.update(encrypted_api_key=value)
    assert CANARY not in str(caught.value)
    assert CloudCredential.objects.get().api_key == Secret(CANARY)


def test_a_key_cannot_be_searched_for() -> None:
    with pytest.raises(FieldError):
        CloudCredential.objects.filter(encrypted_api_key=b"x").exists()


def test_a_row_read_without_its_token_saves_the_rest_alone() -> None:
    row = make_credential()
    stale = CloudCredential.objects.defer("encrypted_api_key").get()
    row.encrypted_api_key = "sk-newer"
    row.save()
    stale.name = "renamed"
    stale.save()
    assert CloudCredential.objects.get().api_key == Secret("sk-newer")


def test_a_name_is_taken_once_a_backend() -> None:
    make_credential(backend_type="openai")
    make_credential(backend_type="anthropic")
    with pytest.raises(ValidationError):
        make_credential(backend_type="openai")
    with pytest.raises(IntegrityError):
        CloudCredential.objects.create(backend_type="openai")


def test_a_local_model_has_no_credential() -> None:
    with pytest.raises(IntegrityError):
        CloudCredential.objects.create(backend_type="local")


def test_a_host_of_one_word_is_a_base_url() -> None:
    assert make_credential(base_url="http://ollama:11434/v1").base_url == "http://ollama:11434/v1"


def test_a_client_key_keeps_only_a_digest() -> None:
    _, key = make_client_key()
    assert key not in everything_in_the_database()


def test_two_clients_cannot_share_a_key() -> None:
    _, key = make_client_key("laptop")
    with pytest.raises(ValidationError):
        make_client_key("desk", key=key)


def test_the_history_tells_what_changed_but_no_key() -> None:
    row = make_credential()
    with generation.change("a test"):
        row.base_url = "https://llm.example.org"
        row.encrypted_api_key = "sk-new"
        row.save()
    newest, oldest = CloudCredential.history.all()
    assert newest.diff_against(oldest).changed_fields == ["base_url"]
    assert newest.history_change_reason == "a test"
    assert not hasattr(newest, "key_hash")
    assert "encrypted_api_key" not in {field.name for field in CloudCredential.history.model._meta.fields}
    assert "key_hash" not in {field.name for field in ClientKey.history.model._meta.fields}


def test_a_change_raises_the_counter_once_with_its_rows() -> None:
    before = generation.current()
    with generation.change():
        ClientKey.objects.create(name="a", key_hash="0")
        ClientKey.objects.create(name="b", key_hash="1")
    assert generation.current() == before + 1


def test_a_change_that_fails_leaves_counter_and_rows_alone() -> None:
    make_client_key("laptop")
    before = generation.current()
    with pytest.raises(IntegrityError), generation.change():
        ClientKey.objects.bulk_create([ClientKey(name="new", key_hash="0"), ClientKey(name="laptop", key_hash="1")])
    assert generation.current() == before
    assert ClientKey.objects.count() == 1


def test_a_change_marked_for_rollback_changes_nothing() -> None:
    before = generation.current()
    with generation.change():
        ClientKey.objects.create(name="laptop")
        transaction.set_rollback(True)
    assert generation.current() == before
    assert not ClientKey.objects.exists()


def test_a_credential_in_use_cannot_be_deleted() -> None:
    row = make_credential(backend_type="anthropic")
    make_mapping(credential=row)
    with pytest.raises(IntegrityError):
        row.delete()
