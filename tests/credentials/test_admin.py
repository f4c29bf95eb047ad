"""The admin as a browser sees it: who gets in, what a page never holds, and that every change is seen."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from credentials import client_keys, generation
from credentials.models import ClientKey, CloudCredential
from credentials.secret import Secret
from inference.models import LocalModel
from routing.models import BackendMapping, ModelProfile
from tests.builders import CANARY, make_client_key, make_credential, make_local_model, make_mapping, make_profile

pytestmark = pytest.mark.django_db

CREDENTIALS = "/admin/credentials/cloudcredential/"
KEYS = "/admin/credentials/clientkey/"
MAPPINGS = "/admin/routing/backendmapping/"
LOCAL_MODELS = "/admin/inference/localmodel/"
PROFILES = "/admin/routing/modelprofile/"
CREDENTIAL = {"backend_type": "openai", "name": "default", "base_url": "", "api_key": ""}
KEY = {
    "name": "laptop",
    "enabled": "on",
    "expires_at_0": "",
    "expires_at_1": "",
    "allowed_models": "claude-*\n\ngpt-5\n",
    "requests_per_minute": "",
    "tokens_per_minute": "",
    "monthly_budget": "0",
    "priority": "batch",
}


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_a_credential_is_added_and_its_key_never_shown(browser: Client) -> None:
    response = browser.post(f"{CREDENTIALS}add/", CREDENTIAL | {"api_key": CANARY}, follow=True)
    row = CloudCredential.objects.get()
    assert row.api_key == Secret(CANARY)
    pages = [response, browser.get(f"{CREDENTIALS}{row.pk}/change/"), browser.get(f"{CREDENTIALS}{row.pk}/history/")]
    for page in pages:
        assert page.status_code == 200
        assert CANARY not in page.content.decode()
        assert bytes(row.encrypted_api_key or b"").decode() not in page.content.decode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "stored", "shown"),
    [
        ("", None, ""),
        ("files-, structured-outputs-\r\ncontext-1m-", ["files-", "structured-outputs-", "context-1m-"], "files-"),
        ("none", [], "none"),
    ],
)
def test_betas_are_entered_as_text(browser: Client, typed: str, stored: list[str] | None, shown: str) -> None:
    row = make_credential(backend_type="anthropic", allowed_betas=["old-"])
    page = f"{CREDENTIALS}{row.pk}/change/"
    body = CREDENTIAL | {"allowed_betas": typed, "forwarded_headers": ["anthropic-workspace-id"]}
    assert browser.post(page, body).status_code == 302
    row.refresh_from_db()
    assert (row.allowed_betas, row.forwarded_headers) == (stored, ["anthropic-workspace-id"])
    content = browser.get(page).content.decode()
    assert f">\n{shown}" in content.partition('name="allowed_betas"')[2]
    assert 'value="anthropic-workspace-id" id="id_forwarded_headers_2" checked' in content


def test_what_the_other_provider_knows_is_not_let_through(browser: Client) -> None:
    body = CREDENTIAL | {"allowed_betas": "files-", "forwarded_headers": ["anthropic-workspace-id"]}
    page = browser.post(f"{CREDENTIALS}add/", body).content.decode()
    assert "Only Anthropic knows betas" in page
    assert "these can be let through, each once: openai-organization, openai-project." in page
    assert not CloudCredential.objects.exists()


def test_a_form_that_comes_back_does_not_hold_the_key(browser: Client) -> None:
    response = browser.post(f"{CREDENTIALS}add/", CREDENTIAL | {"name": "two words", "api_key": CANARY})
    assert response.status_code == 200
    assert CANARY not in response.content.decode()


def test_an_empty_key_field_leaves_the_stored_key(browser: Client) -> None:
    row = make_credential()
    browser.post(f"{CREDENTIALS}{row.pk}/change/", CREDENTIAL | {"name": "renamed"})
    row.refresh_from_db()
    assert (row.name, row.api_key) == ("renamed", Secret(CANARY))


def test_a_key_is_replaced_and_removed(browser: Client) -> None:
    row = make_credential()
    browser.post(f"{CREDENTIALS}{row.pk}/change/", CREDENTIAL | {"api_key": "sk-new"})
    row.refresh_from_db()
    assert row.api_key == Secret("sk-new")
    browser.post(f"{CREDENTIALS}{row.pk}/change/", CREDENTIAL | {"remove_api_key": "on"})
    row.refresh_from_db()
    assert row.api_key is None


def test_another_host_asks_for_the_key_again(browser: Client) -> None:
    row = make_credential()
    moved = CREDENTIAL | {"base_url": "https://evil.example.org/v1"}
    response = browser.post(f"{CREDENTIALS}{row.pk}/change/", moved)
    assert "enter the API key again" in response.content.decode()
    browser.post(f"{CREDENTIALS}{row.pk}/change/", moved | {"api_key": "sk-new"})
    row.refresh_from_db()
    assert (row.base_url, row.api_key) == ("https://evil.example.org/v1", Secret("sk-new"))


def test_a_key_that_cannot_be_read_is_told_in_list_and_page_and_replaced(browser: Client) -> None:
    row = make_credential()
    make_credential(backend_type="anthropic")
    CloudCredential.objects.filter(pk=row.pk).update(uid=uuid4())
    assert browser.get(CREDENTIALS).content.decode().count("cannot be decrypted") == 1
    assert "cannot be decrypted" in browser.get(f"{CREDENTIALS}{row.pk}/change/").content.decode()
    browser.post(f"{CREDENTIALS}{row.pk}/change/", CREDENTIAL | {"api_key": "sk-new"})
    row.refresh_from_db()
    assert row.api_key == Secret("sk-new")


def test_without_a_keyring_the_pages_open_and_name_the_setting(browser: Client, settings: Settings) -> None:
    row = make_credential()
    settings.FERNET_KEYS = []
    assert "MLXMANAGER_FERNET_KEYS" in browser.get(CREDENTIALS).content.decode()
    response = browser.post(f"{CREDENTIALS}{row.pk}/change/", CREDENTIAL | {"api_key": "sk-new"})
    assert response.status_code == 200
    assert "MLXMANAGER_FERNET_KEYS" in response.content.decode()


def test_an_address_that_is_never_asked_is_told_when_it_is_saved(browser: Client) -> None:
    told = "The credential openai/default cannot be used yet: 127.0.0.1:11434 is not a public address"
    near = CREDENTIAL | {"base_url": "http://127.0.0.1:11434/v1"}
    assert told in browser.post(f"{CREDENTIALS}add/", near, follow=True).content.decode()
    far = near | {"base_url": "https://openrouter.ai/api/v1"}
    row = CloudCredential.objects.get()
    assert "cannot be used" not in browser.post(f"{CREDENTIALS}{row.pk}/change/", far, follow=True).content.decode()


def test_a_new_client_key_is_shown_once_and_kept_by_nobody(browser: Client) -> None:
    response = browser.post(f"{KEYS}add/", KEY)
    row = ClientKey.objects.get()
    (key,) = [word for word in response.content.decode().split('"') if word.startswith("mlxm_")]
    assert row.key_hash == client_keys.digest(key).hex()
    assert row.allowed_models == ["claude-*", "gpt-5"]
    assert row.monthly_budget == Decimal(0)
    assert row.priority == "batch"
    assert "no-store" in response.headers["cache-control"]
    assert key not in str(response.cookies)
    assert key not in browser.get(f"{KEYS}{row.pk}/change/").content.decode()
    assert key not in browser.get(KEYS).content.decode()


def test_the_limits_of_a_client_key_say_which_budget_is_heeded(browser: Client) -> None:
    row, _ = make_client_key("laptop")
    for page in (f"{KEYS}add/", f"{KEYS}{row.pk}/change/"):
        assert "0: local models alone. Any other is kept, not counted yet." in browser.get(page).content.decode()


def test_changing_a_client_key_leaves_the_key_itself(browser: Client) -> None:
    row, _ = make_client_key("laptop", allowed_models=["gpt-*"])
    page = browser.get(f"{KEYS}{row.pk}/change/").content.decode()
    assert "gpt-*</textarea>" in page
    before = row.key_hash
    assert browser.post(f"{KEYS}{row.pk}/change/", KEY | {"allowed_models": ""}).status_code == 302
    row.refresh_from_db()
    assert (row.key_hash, row.allowed_models) == (before, [])


def test_staff_with_every_permission_but_no_superusers_are_turned_away() -> None:
    credential, (key, _), mapping, profile = make_credential(), make_client_key(), make_mapping(), make_profile()
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(staff)
    local = make_local_model("org/model")
    rows = ((CREDENTIALS, credential), (KEYS, key), (MAPPINGS, mapping), (PROFILES, profile), (LOCAL_MODELS, local))
    for path, row in rows:
        version = row.history.get().history_id
        for page in (
            "",
            "add/",
            *[f"{row.pk}/{view}/" for view in ("change", "delete", "history", f"history/{version}")],
        ):
            assert client.get(path + page).status_code == 403
        assert client.post(f"{path}add/", CREDENTIAL).status_code == 403
        assert path not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("model", [CloudCredential, ClientKey, BackendMapping, ModelProfile, LocalModel])
def test_every_action_that_changes_a_row_raises_the_counter(browser: Client, model: type[Model]) -> None:
    make_credential(base_url="http://127.0.0.1:9")
    make_client_key()
    make_mapping()
    make_profile()
    make_local_model("org/model")
    rows = model._default_manager
    names = [action if isinstance(action, str) else action.__name__ for action in site._registry[model].actions or ()]
    # "enable" comes after "disable", or it would find nothing to do.
    for name in [*sorted(names), "delete_selected"]:
        before, counted = list(rows.values()), generation.current()
        body = {"action": name, "_selected_action": [before[0]["id"]], "post": "yes"}
        assert (
            browser.post(
                reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), body
            ).status_code
            == 302
        )
        changed = list(rows.values()) != before
        assert generation.current() == counted + changed
        assert changed or name not in ("disable", "enable", "delete_selected")


def test_saving_and_deleting_raise_the_counter_and_name_who_did_it(browser: Client) -> None:
    before = generation.current()
    browser.post(f"{CREDENTIALS}add/", CREDENTIAL)
    row = CloudCredential.objects.get()
    browser.post(f"{CREDENTIALS}{row.pk}/change/", CREDENTIAL | {"name": "renamed"})
    browser.post(f"{CREDENTIALS}{row.pk}/delete/", {"post": "yes"})
    assert generation.current() == before + 3
    assert [entry.history_type for entry in CloudCredential.history.all()] == ["-", "~", "+"]
    assert {str(entry.history_user) for entry in CloudCredential.history.all()} == {"admin"}
