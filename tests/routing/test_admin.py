"""The list and the form of mappings."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from credentials import generation
from routing.models import BackendMapping
from tests.builders import make_credential, make_mapping

pytestmark = pytest.mark.django_db

MAPPINGS = "/admin/routing/backendmapping/"
MAPPING = {
    "model_pattern": "claude-*",
    "priority": "0",
    "enabled": "on",
    "backend_type": "anthropic",
    "backend_model": "",
    "credential": "",
    "fallback_backend": "",
    "fallback_model": "",
    "fallback_credential": "",
}


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_the_list_shows_the_fallback_beside_its_target(browser: Client) -> None:
    team = make_credential(backend_type="anthropic", name="team")
    make_mapping("claude-*", credential=team, fallback_backend="local", fallback_model="mlxmanager/demo")
    make_mapping("private", backend_type="local", backend_model="demo", local_only=True)
    page = browser.get(MAPPINGS).content.decode()
    for text in ("Anthropic: same name (team)", "Local: mlxmanager/demo", "Local: demo — local only", "nobody"):
        assert text in page


def test_the_list_is_searched_and_filtered(browser: Client) -> None:
    make_mapping("claude-*")
    make_mapping("gpt-*", enabled=False)
    assert "gpt-*" not in browser.get(MAPPINGS, {"q": "claude"}).content.decode()
    assert "claude-*" not in browser.get(MAPPINGS, {"enabled__exact": "0"}).content.decode()


def test_a_mapping_is_added(browser: Client) -> None:
    assert browser.post(f"{MAPPINGS}add/", MAPPING).status_code == 302
    assert BackendMapping.objects.get().fallback_backend is None


def test_a_mapping_is_made_strict(browser: Client) -> None:
    mapping = make_mapping("claude-*")
    browser.post(f"{MAPPINGS}{mapping.pk}/change/", MAPPING | {"strict_params": "on"})
    mapping.refresh_from_db()
    assert mapping.strict_params


def test_a_broken_mapping_is_told_how_to_mend_it(browser: Client) -> None:
    body = MAPPING | {"local_only": "on", "fallback_backend": "openai"}
    page = browser.post(f"{MAPPINGS}add/", body).content.decode()
    assert "choose local as backend" in page
    assert "or * if it does" in page


def test_an_old_version_is_restored_as_one_change(browser: Client) -> None:
    mapping = make_mapping("claude-*", priority=1)
    browser.post(f"{MAPPINGS}{mapping.pk}/change/", MAPPING | {"priority": "5"})
    oldest = BackendMapping.history.last()
    before = generation.current()
    page = f"{MAPPINGS}{mapping.pk}/history/{oldest.history_id}/"
    assert browser.get(page).status_code == 200
    assert browser.post(page, MAPPING | {"priority": "1"}).status_code == 302
    mapping.refresh_from_db()
    assert (mapping.priority, generation.current()) == (1, before + 1)
