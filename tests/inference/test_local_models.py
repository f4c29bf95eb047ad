"""The options of local models: the row, the admin with the state of each, and as JSON. No worker runs here."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from pytest_django import Settings

from credentials import generation
from inference.installed import find
from inference.models import LocalModel, read_options
from inference.protocols.wire import LoadOptions, ModelOptions
from tests.builders import make_local_model
from tests.configuration import Caller, administrator, fields
from tests.local_models import copy_demo

pytestmark = pytest.mark.django_db

MODELS = "/admin/inference/localmodel/"
BODY = {"name": "org/model", "pinned": True, "preload": False, "idle_ttl": 60, "max_context": 8192}
BODY |= {"kv_bits": 8, "draft_model": "org/small", "num_draft_tokens": 4}


@pytest.fixture
def call() -> Caller:
    return administrator()


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_the_worker_is_told_what_the_rows_say() -> None:
    make_local_model("org/b", preload=True)
    make_local_model("org/a", pinned=True, idle_ttl=0, max_context=4096)
    make_local_model("org/c", kv_bits=4, draft_model="org/small", num_draft_tokens=2)
    make_local_model("org/d", draft_model="")
    assert read_options() == (
        ModelOptions("org/a", pinned=True, idle_ttl=0, max_context=4096),
        ModelOptions("org/b", preload=True),
        ModelOptions("org/c", load=LoadOptions(4, "org/small", 2)),
        ModelOptions("org/d"),
    )


@pytest.mark.parametrize("name", ["", " org/model", "../model", "org/a/b", "org/model\n", "x" * 256])
def test_a_name_is_that_of_a_model(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_local_model(name)
    assert set(caught.value.message_dict) == {"name"}


@pytest.mark.parametrize(
    "values",
    [{"name": ""}, {"name": "a", "max_context": 0}, {"name": "a", "kv_bits": 3}, {"name": "a", "num_draft_tokens": 17}],
)
def test_the_database_refuses_what_is_no_option(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        LocalModel.objects.create(**values)


def test_options_are_created_changed_and_deleted_as_json(call: Caller) -> None:
    before = generation.current()
    created = call("POST", "/local-models", BODY)
    assert created.status_code == 201
    row = LocalModel.objects.get()
    shown = json.loads(call("GET", f"/local-models/{row.pk}").content)
    assert shown == json.loads(created.content)
    assert {name: shown[name] for name in BODY} == BODY
    assert (shown["installed"], shown["size"], shown["fits"], shown["in_memory"]) == (False, None, None, None)
    assert json.loads(call("GET", "/local-models").content) == [shown]
    assert call("PATCH", f"/local-models/{row.pk}", {"idle_ttl": None}).status_code == 200
    row.refresh_from_db()
    assert (row.pinned, row.idle_ttl, row.max_context) == (True, None, 8192)
    assert call("DELETE", f"/local-models/{row.pk}").status_code == 204
    assert generation.current() == before + 3
    assert [entry.history_type for entry in LocalModel.history.order_by("history_id")] == ["+", "~", "-"]


def test_an_installed_model_shows_its_size_and_whether_it_fits(call: Caller, settings: Settings) -> None:
    make_local_model("mlxmanager/demo")
    settings.MEMORY_BUDGET = 2**30
    (fitting,) = json.loads(call("GET", "/local-models").content)
    settings.MEMORY_BUDGET = 2**20
    (tight,) = json.loads(call("GET", "/local-models").content)
    assert fitting["size"] > 10**6
    assert [shown["fits"] for shown in (fitting, tight)] == [True, False]
    assert (fitting["installed"], fitting["in_memory"]) == (True, None)


def test_a_draft_model_has_to_fit_as_well(call: Caller, settings: Settings) -> None:
    row = make_local_model("mlxmanager/demo")
    settings.MEMORY_BUDGET = find(settings.MODELS_DIR, settings.HUB_CACHE)["mlxmanager/demo"].needs
    assert json.loads(call("GET", f"/local-models/{row.pk}").content)["fits"] is True
    for draft, fits in (("mlxmanager/demo", False), ("org/unknown", None)):
        call("PATCH", f"/local-models/{row.pk}", {"draft_model": draft})
        assert json.loads(call("GET", f"/local-models/{row.pk}").content)["fits"] is fits


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "../x"}, "name"),
        (BODY | {"idle_ttl": -1}, "idle_ttl"),
        (BODY | {"idle_ttl": 2**31}, "idle_ttl"),
        (BODY | {"max_context": 0}, "max_context"),
        (BODY | {"max_context": True}, "max_context"),
        (BODY | {"pinned": 1}, "pinned"),
        (BODY | {"kv_bits": 3}, "kv_bits"),
        (BODY | {"draft_model": "../x"}, "draft_model"),
        (BODY | {"num_draft_tokens": 0}, "num_draft_tokens"),
        (BODY | {"num_draft_tokens": 17}, "num_draft_tokens"),
        (BODY | {"pined": True}, "pined"),
    ],
)
def test_a_bad_option_is_refused_by_field(call: Caller, body: dict[str, object], field: str) -> None:
    response = call("POST", "/local-models", body)
    assert response.status_code == 422
    assert fields(response) == {field}


def test_a_second_row_of_a_model_is_a_conflict(call: Caller) -> None:
    make_local_model("org/model")
    assert call("POST", "/local-models", BODY).status_code == 409


def test_the_admin_lists_what_becomes_of_each(browser: Client) -> None:
    make_local_model("mlxmanager/demo", pinned=True)
    make_local_model("org/to-come")
    page = browser.get(MODELS).content.decode()
    assert 'field-on_disk">1.8 MB<' in page
    assert 'field-on_disk">not installed<' in page
    assert 'field-fits">yes<' in page
    assert 'field-in_memory">unknown<' in page


def test_the_admin_lists_what_is_installed_and_has_no_options(
    browser: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.MODELS_DIR = tmp_path
    (copy_demo(tmp_path, "org/odd") / "model.py").touch()
    page = browser.get(MODELS).content.decode()
    assert f'<a href="{MODELS}add/?name=mlxmanager%2Fdemo">mlxmanager/demo</a>' in page
    assert "<td>1.8 MB</td><td>yes</td><td>unknown</td>" in page
    assert "<td>not loaded: its folder holds model.py, and only safetensors are loaded</td>" in page
    assert 'value="mlxmanager/demo"' in browser.get(f"{MODELS}add/?name=mlxmanager%2Fdemo").content.decode()
    make_local_model("mlxmanager/demo")
    assert f"{MODELS}add/?name=mlxmanager%2Fdemo" not in browser.get(MODELS).content.decode()


def test_the_admin_says_how_the_worker_is_doing(browser: Client) -> None:
    page = browser.get(MODELS).content.decode()
    assert '<th scope="row">Worker</th><td>The local worker does not run.</td>' in page
    assert '<th scope="row">Restarts</th><td>0</td>' in page


def test_options_are_added_in_the_admin(browser: Client) -> None:
    before = generation.current()
    typed = {
        "name": "org/model",
        "pinned": "on",
        "idle_ttl": "",
        "max_context": "4096",
        "kv_bits": "8",
        "draft_model": "",
    }
    assert browser.post(f"{MODELS}add/", typed).status_code == 302
    row = LocalModel.objects.get()
    assert (row.pinned, row.preload, row.idle_ttl, row.max_context) == (True, False, None, 4096)
    assert (row.kv_bits, row.draft_model) == (8, None)
    assert generation.current() == before + 1
