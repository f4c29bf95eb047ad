"""Credentials and client keys as JSON: written, refused field by field, and never shown."""

from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from credentials import client_keys, generation
from credentials.models import ClientKey, CloudCredential
from credentials.secret import Secret
from tests.builders import CANARY, make_client_key, make_credential, make_mapping
from tests.configuration import Caller, administrator, detail, fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def call() -> Caller:
    return administrator()


def test_a_credential_is_created_and_its_key_not_shown(call: Caller) -> None:
    body = {"backend_type": "openai", "name": "work", "base_url": "https://llm.example.org/v1", "api_key": CANARY}
    response = call("POST", "/credentials", body)
    assert response.status_code == 201
    assert CANARY not in response.content.decode()
    row = CloudCredential.objects.get()
    assert row.api_key == Secret(CANARY)
    shown = call("GET", f"/credentials/{row.pk}").json()  # type: ignore[attr-defined]  # The test client's own.
    assert shown == response.json()  # type: ignore[attr-defined]  # As above.
    assert (shown["name"], shown["has_api_key"]) == ("work", True)
    assert set(shown) == {
        "id",
        "backend_type",
        "name",
        "base_url",
        "allowed_betas",
        "forwarded_headers",
        "has_api_key",
        "created_at",
        "updated_at",
    }


def test_a_credential_says_what_of_a_clients_headers_travels(call: Caller) -> None:
    body = {
        "backend_type": "anthropic",
        "allowed_betas": ["structured-outputs-", "files-"],
        "forwarded_headers": ["anthropic-workspace-id"],
    }
    shown = call("POST", "/credentials", body).json()  # type: ignore[attr-defined]  # The test client's own.
    assert {name: shown[name] for name in body} == body
    changed = call("PATCH", f"/credentials/{shown['id']}", {"allowed_betas": None})
    assert changed.json()["allowed_betas"] is None  # type: ignore[attr-defined]  # As above.
    assert changed.json()["forwarded_headers"] == ["anthropic-workspace-id"]  # type: ignore[attr-defined]  # As above.


def test_a_credential_keeps_its_backend_so_that_its_key_goes_to_no_other_vendor(call: Caller) -> None:
    row = make_credential()
    refused = call("PATCH", f"/credentials/{row.pk}", {"backend_type": "anthropic", "api_key": "sk-another-key"})
    assert (refused.status_code, fields(refused)) == (422, {"backend_type"})


@pytest.mark.parametrize("key", ["", " ", "two words", "clé"])
def test_what_is_no_key_is_not_stored(call: Caller, key: str) -> None:
    refused = call("POST", "/credentials", {"backend_type": "openai", "api_key": key})
    assert (refused.status_code, fields(refused)) == (422, {"api_key"})
    assert not CloudCredential.objects.exists()


def test_a_second_credential_of_a_name_is_a_conflict(call: Caller) -> None:
    make_credential()
    assert call("POST", "/credentials", {"backend_type": "openai"}).status_code == 409
    assert call("POST", "/credentials", {"backend_type": "anthropic"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "backend_type"),
        ({"backend_type": "local"}, "backend_type"),
        ({"backend_type": "openai", "name": "two words"}, "name"),
        ({"backend_type": "openai", "base_url": "ftp://example.org"}, "base_url"),
        ({"backend_type": "openai", "base_url": "https://user:pass@example.org"}, "base_url"),
        ({"backend_type": "openai", "base_url": "https://example.org/#a"}, "base_url"),
        ({"backend_type": "openai", "allowed_betas": []}, "allowed_betas"),
        ({"backend_type": "anthropic", "allowed_betas": [""]}, "allowed_betas"),
        ({"backend_type": "anthropic", "allowed_betas": ["a, b"]}, "allowed_betas"),
        ({"backend_type": "anthropic", "allowed_betas": ["\x00"]}, "allowed_betas"),
        ({"backend_type": "anthropic", "allowed_betas": "files-"}, "allowed_betas"),
        ({"backend_type": "openai", "forwarded_headers": None}, "forwarded_headers"),
        ({"backend_type": "openai", "forwarded_headers": ["authorization"]}, "forwarded_headers"),
        ({"backend_type": "openai", "forwarded_headers": ["anthropic-workspace-id"]}, "forwarded_headers"),
        ({"backend_type": "openai", "forwarded_headers": ["openai-project"] * 2}, "forwarded_headers"),
        ({"backend_type": "openai", "base_url": "https://exa mple.org"}, "base_url"),
        ({"backend_type": "openai", "base_url": "https://example.org:99999"}, "base_url"),
        ({"backend_type": "openai", "api_key": f"{CANARY}\r\nx-evil: 1"}, "api_key"),
        ({"backend_type": "openai", "api_key": 7}, "api_key"),
        ({"backend_type": "openai", "api_kee": CANARY}, "api_kee"),
        ({"backend_type": "openai", "name": "\x00"}, "name"),
    ],
)
def test_a_bad_credential_is_refused_by_field(call: Caller, body: dict[str, object], field: str) -> None:
    response = call("POST", "/credentials", body)
    assert response.status_code == 422
    assert fields(response) == {field}
    assert CANARY not in response.content.decode()


def test_what_a_patch_leaves_out_stays(call: Caller) -> None:
    row = make_credential(base_url="https://llm.example.org/v1")
    assert call("PATCH", f"/credentials/{row.pk}", {"base_url": "https://llm.example.org/v2"}).status_code == 200
    row.refresh_from_db()
    assert (row.base_url, row.api_key) == ("https://llm.example.org/v2", Secret(CANARY))


def test_a_null_key_is_removed(call: Caller) -> None:
    row = make_credential()
    assert call("PATCH", f"/credentials/{row.pk}", {"api_key": None}).status_code == 200
    row.refresh_from_db()
    assert row.api_key is None


@pytest.mark.parametrize("new", ["https://evil.example.org/v1", "http://llm.example.org/v1", None])
def test_another_host_or_scheme_asks_for_the_key_again(call: Caller, new: str | None) -> None:
    row = make_credential(base_url="https://llm.example.org/v1")
    response = call("PATCH", f"/credentials/{row.pk}", {"base_url": new})
    assert response.status_code == 422
    assert fields(response) == {"base_url"}
    assert call("PATCH", f"/credentials/{row.pk}", {"base_url": new, "api_key": "sk-new"}).status_code == 200


def test_a_credential_that_cannot_be_read_is_still_listed_and_replaced(call: Caller) -> None:
    row = make_credential()
    CloudCredential.objects.filter(pk=row.pk).update(uid=uuid4())
    assert call("GET", "/credentials").status_code == 200
    assert call("PATCH", f"/credentials/{row.pk}", {"api_key": "sk-new"}).status_code == 200
    row.refresh_from_db()
    assert row.api_key == Secret("sk-new")


def test_without_a_keyring_the_answer_names_the_setting(call: Caller, settings: Settings) -> None:
    settings.FERNET_KEYS = []
    response = call("POST", "/credentials", {"backend_type": "openai", "api_key": CANARY})
    assert response.status_code == 503
    assert "MLXMANAGER_FERNET_KEYS" in detail(response)


def test_a_credential_in_use_is_not_deleted(call: Caller) -> None:
    row = make_credential(backend_type="anthropic")
    mapping = make_mapping("claude-*", credential=row)
    response = call("DELETE", f"/credentials/{row.pk}")
    assert response.status_code == 409
    assert "claude-*" in detail(response)
    with generation.change():
        mapping.delete()
    assert call("DELETE", f"/credentials/{row.pk}").status_code == 204


def test_a_client_key_is_shown_once(call: Caller) -> None:
    response = call("POST", "/client-keys", {"name": "laptop", "monthly_budget": 12.5, "allowed_models": ["gpt-*"]})
    assert response.status_code == 201
    key = response.json()["key"]  # type: ignore[attr-defined]  # The test client's own.
    row = ClientKey.objects.get(name="laptop")
    assert row.key_hash == client_keys.digest(key).hex()
    shown = call("GET", f"/client-keys/{row.pk}")
    assert key not in shown.content.decode()
    assert row.key_hash not in shown.content.decode()
    assert shown.json()["monthly_budget"] == 12.5  # type: ignore[attr-defined]  # As above.
    assert shown.json()["priority"] == "interactive"  # type: ignore[attr-defined]  # As above.
    changed = call("PATCH", f"/client-keys/{row.pk}", {"priority": "batch"})
    assert changed.json()["priority"] == "batch"  # type: ignore[attr-defined]  # As above.


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "enabled": "yes"}, "enabled"),
        ({"name": "x", "requests_per_minute": -1}, "requests_per_minute"),
        ({"name": "x", "requests_per_minute": True}, "requests_per_minute"),
        ({"name": "x", "tokens_per_minute": 10**12}, "tokens_per_minute"),
        ({"name": "x", "monthly_budget": -1}, "monthly_budget"),
        ({"name": "x", "monthly_budget": float("nan")}, "monthly_budget"),
        ({"name": "x", "expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"name": "x", "expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"name": "x", "expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"name": "x", "allowed_models": "gpt-*"}, "allowed_models"),
        ({"name": "x", "allowed_models": [""]}, "allowed_models"),
        ({"name": "x", "priority": "urgent"}, "priority"),
        ({"name": "x", "key_hash": "0"}, "key_hash"),
    ],
)
def test_a_bad_client_key_is_refused_by_field(call: Caller, body: dict[str, object], field: str) -> None:
    response = call("POST", "/client-keys", body)
    assert response.status_code == 422
    assert fields(response) == {field}
    assert b"Value error" not in response.content


def test_a_time_is_kept_and_shown_in_utc(call: Caller) -> None:
    created = call("POST", "/client-keys", {"name": "x", "expires_at": "2030-01-01T01:00:00+02:00"})
    assert b'"expires_at": "2029-12-31T23:00:00Z"' in created.content


def test_a_second_client_key_of_a_name_is_a_conflict(call: Caller) -> None:
    make_client_key("laptop")
    assert call("POST", "/client-keys", {"name": "laptop"}).status_code == 409


def test_a_client_key_is_changed_and_deleted(call: Caller) -> None:
    row, _ = make_client_key("laptop", requests_per_minute=5)
    response = call("PATCH", f"/client-keys/{row.pk}", {"enabled": False, "requests_per_minute": None})
    assert response.status_code == 200
    row.refresh_from_db()
    assert (row.enabled, row.requests_per_minute) == (False, None)
    assert call("DELETE", f"/client-keys/{row.pk}").status_code == 204
    assert call("GET", f"/client-keys/{row.pk}").status_code == 404


@pytest.mark.parametrize("number", ["0", "99999999999999999999999999"])
def test_a_row_there_is_not_is_not_found(call: Caller, number: str) -> None:
    for path in ("/credentials", "/client-keys", "/mappings", "/profiles", "/local-models"):
        for method in ("GET", "PATCH", "DELETE"):
            assert call(method, f"{path}/{number}", {}).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"\xff", b'{"name": "\\ud800"}', b"[" * 100_000])
def test_what_is_no_object_is_refused_in_json(call: Caller, body: bytes) -> None:
    key = call.headers["authorization"]
    response = call.client.generic("POST", "/api/client-keys", body, headers={"authorization": key})
    assert response.status_code in (400, 422)
    assert detail(response)  # type: ignore[arg-type]  # The test client's own subclass.


def test_a_change_over_the_api_raises_the_counter_and_names_its_author(call: Caller) -> None:
    before = generation.current()
    call("POST", "/credentials", {"backend_type": "openai"})
    assert generation.current() == before + 1
    assert CloudCredential.history.get().history_change_reason == "client key administrator"


def test_a_refused_change_does_not_raise_the_counter(call: Caller) -> None:
    before = generation.current()
    call("POST", "/credentials", {"backend_type": "openai", "name": "two words"})
    assert generation.current() == before


def test_a_failure_of_ours_is_told_in_json_and_without_its_cause(call: Caller) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cloud_credentials RENAME TO away")
    response = call("GET", "/credentials")
    assert response.status_code == 500
    assert "cloud_credentials" not in response.content.decode()
    assert detail(response)
