"""Model profiles: what their settings may be, in the admin, as JSON, and in the database."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client

from credentials import generation
from routing import profile_words
from routing.models import ModelProfile
from routing.profile import Profile, adjusted
from tests.builders import make_profile
from tests.configuration import Caller, administrator, detail, fields

pytestmark = pytest.mark.django_db

PROFILES = "/admin/routing/modelprofile/"
BODY = {"backend_type": "openai", "model_pattern": "llama-*", "settings": {"images": False, "max_output": 8192}}


@pytest.fixture
def call() -> Caller:
    return administrator()


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"telepathy": True}, "telepathy is no setting of a profile"),
        ({"images": "no"}, "images accepts true or false."),
        ({"images": 1}, "images accepts true or false."),
        ({"max_output": "many"}, "max_output accepts a whole number from 1 or null."),
        ({"max_output": 0}, "max_output accepts a whole number from 1 or null."),
        ({"max_output": True}, "max_output accepts a whole number from 1 or null."),
        ({"max_output": 10**30}, "max_output accepts a whole number from 1 or null."),
        ({"tool_name_max": None}, "tool_name_max accepts a whole number from 16."),
        ({"tool_name_max": 9}, "tool_name_max accepts a whole number from 16."),
        ({"sampling": "some"}, 'sampling accepts "full" or "none" or "one".'),
        ({"thinking_modes": ["deep"]}, 'thinking_modes accepts a list of "adaptive" or "disabled" or "enabled".'),
        ({"thinking_modes": "adaptive"}, 'thinking_modes accepts a list of "adaptive" or "disabled" or "enabled".'),
        ({"effort_levels": ["\x00"]}, "effort_levels accepts a list of words in small letters."),
        ([], "The settings are a JSON object"),
        ("images", "The settings are a JSON object"),
    ],
)
def test_a_wrong_setting_is_told_by_name(settings: Any, told: str) -> None:
    (problem,) = profile_words.problems(settings)
    assert problem.startswith(told)


def test_each_wrong_setting_is_told() -> None:
    with pytest.raises(ValidationError) as caught:
        make_profile(images=0, pdf=0, top_k=False)
    assert caught.value.message_dict == {
        "settings": ["images accepts true or false.", "pdf accepts true or false."],
    }


def test_what_is_accepted_makes_a_profile() -> None:
    row = make_profile(thinking_modes=["adaptive"], effort_levels=["low", "xhigh"], max_output=None, sampling="one")
    profile = adjusted(Profile(max_output=5, images=False), row.settings)
    assert (profile.thinking_modes, profile.effort_levels) == (("adaptive",), ("low", "xhigh"))
    assert (profile.max_output, profile.sampling, profile.images) == (None, "one", False)


def test_a_pattern_stands_once_a_backend() -> None:
    make_profile("x")
    make_profile("x", backend_type="anthropic")
    with pytest.raises(ValidationError):
        make_profile("x")
    with pytest.raises(IntegrityError):
        ModelProfile.objects.create(backend_type="openai", model_pattern="x")


@pytest.mark.parametrize("fields", [{"backend_type": "local", "model_pattern": "x"}, {"backend_type": "openai"}])
def test_the_database_refuses_what_is_no_profile(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        ModelProfile.objects.create(**fields)


def test_a_profile_is_created_changed_and_deleted_as_json(call: Caller) -> None:
    before = generation.current()
    created = call("POST", "/profiles", BODY)
    assert created.status_code == 201
    row = ModelProfile.objects.get()
    shown = json.loads(call("GET", f"/profiles/{row.pk}").content)
    assert shown == json.loads(created.content)
    assert {name: shown[name] for name in BODY} == BODY
    assert json.loads(call("GET", "/profiles").content) == [shown]
    assert call("PATCH", f"/profiles/{row.pk}", {"settings": {"pdf": False}}).status_code == 200
    row.refresh_from_db()
    assert (row.model_pattern, row.settings) == ("llama-*", {"pdf": False})
    assert call("DELETE", f"/profiles/{row.pk}").status_code == 204
    assert generation.current() == before + 3
    assert [entry.history_type for entry in ModelProfile.history.order_by("history_id")] == ["+", "~", "-"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model_pattern": "x"}, "backend_type"),
        ({"backend_type": "openai"}, "model_pattern"),
        ({"backend_type": "local", "model_pattern": "x"}, "backend_type"),
        ({"backend_type": "openai", "model_pattern": ""}, "model_pattern"),
        ({"backend_type": "openai", "model_pattern": " x"}, "model_pattern"),
        (BODY | {"settings": None}, "settings"),
        (BODY | {"settings": []}, "settings"),
        (BODY | {"settings": {"images": "no"}}, "settings"),
        (BODY | {"settings": {"\x00": 1}}, "settings"),
        (BODY | {"setings": {}}, "setings"),
    ],
)
def test_a_bad_profile_is_refused_by_field(call: Caller, body: dict[str, object], field: str) -> None:
    response = call("POST", "/profiles", body)
    assert response.status_code == 422
    assert fields(response) == {field}


def test_a_second_profile_of_a_pattern_is_a_conflict(call: Caller) -> None:
    make_profile("llama-*")
    assert call("POST", "/profiles", BODY).status_code == 409


def test_a_wrong_setting_is_told_over_the_api(call: Caller) -> None:
    (problem,) = detail(call("POST", "/profiles", BODY | {"settings": {"max_output": "8k"}}))
    assert problem["msg"] == "max_output accepts a whole number from 1 or null."


def test_the_admin_lists_what_a_profile_says(browser: Client) -> None:
    make_profile("llama-*", images=False, sampling="one")
    make_profile("mistral-*")
    page = browser.get(PROFILES).content.decode()
    assert "images = false, sampling = &quot;one&quot;" in page
    assert 'field-shown_settings">none<' in page


def test_the_admins_form_begins_without_settings(browser: Client) -> None:
    assert ">\n{}</textarea>" in browser.get(f"{PROFILES}add/").content.decode()


def test_the_admins_form_names_every_setting(browser: Client) -> None:
    page = browser.get(f"{PROFILES}add/").content.decode()
    for name in Profile.__struct_fields__:
        assert f"{name}: " in page
    assert "sampling: &quot;full&quot; or" in page


@pytest.mark.parametrize(
    ("typed", "stored"), [('{"images": false}', {"images": False}), ("", {}), ("{}", {})], ids=["some", "blank", "none"]
)
def test_a_profile_is_added_in_the_admin(browser: Client, typed: str, stored: object) -> None:
    assert browser.post(f"{PROFILES}add/", BODY | {"settings": typed}).status_code == 302
    assert ModelProfile.objects.get().settings == stored


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ('{"images": "no"}', "images accepts true or false."),
        ("{", "Enter a valid JSON."),
        ("[]", "The settings are a JSON object"),
    ],
)
def test_the_admin_tells_what_is_wrong(browser: Client, typed: str, told: str) -> None:
    page = browser.post(f"{PROFILES}add/", BODY | {"settings": typed}).content.decode()
    assert told in page
    assert not ModelProfile.objects.exists()
