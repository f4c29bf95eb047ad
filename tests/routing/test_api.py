"""Mappings as JSON."""

import json

import pytest

from credentials import generation
from routing.models import BackendMapping
from tests.builders import make_credential, make_mapping
from tests.configuration import Caller, administrator, fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def call() -> Caller:
    return administrator()


def test_a_mapping_is_created_and_shown(call: Caller) -> None:
    credential = make_credential(backend_type="anthropic", name="team")
    body = {
        "model_pattern": "claude-*",
        "backend_type": "anthropic",
        "credential_id": credential.pk,
        "fallback_backend": "local",
        "fallback_model": "mlxmanager/demo",
        "priority": 10,
        "strict_params": True,
    }
    response = call("POST", "/mappings", body)
    assert response.status_code == 201
    shown = json.loads(call("GET", f"/mappings/{BackendMapping.objects.get().pk}").content)
    assert shown == json.loads(response.content)
    assert {name: shown[name] for name in body} == body
    assert (shown["backend_model"], shown["enabled"], shown["local_only"]) == (None, True, False)
    assert shown["fallback_credential_id"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"backend_type": "local"}, "model_pattern"),
        ({"model_pattern": "x"}, "backend_type"),
        ({"model_pattern": "", "backend_type": "local"}, "model_pattern"),
        ({"model_pattern": "x\x00", "backend_type": "local"}, "model_pattern"),
        ({"model_pattern": "x" * 256, "backend_type": "local"}, "model_pattern"),
        ({"model_pattern": "x", "backend_type": "azure"}, "backend_type"),
        ({"model_pattern": "x", "backend_type": "local", "priority": True}, "priority"),
        ({"model_pattern": "x", "backend_type": "local", "priority": 10**20}, "priority"),
        ({"model_pattern": "x", "backend_type": "local", "patern": 1}, "patern"),
        ({"model_pattern": "x", "backend_type": "openai", "credential_id": 10**20}, "credential_id"),
        ({"model_pattern": "x", "backend_type": "openai", "local_only": True}, "local_only"),
        ({"model_pattern": "x", "backend_type": "openai", "fallback_backend": "local"}, "fallback_model"),
    ],
)
def test_a_bad_mapping_is_refused_by_field(call: Caller, body: dict[str, object], field: str) -> None:
    response = call("POST", "/mappings", body)
    assert response.status_code == 422
    assert fields(response) == {field}


def test_a_credential_of_another_type_is_refused_under_the_name_the_api_has_for_it(call: Caller) -> None:
    credential = make_credential(backend_type="anthropic")
    body = {"model_pattern": "x", "backend_type": "openai", "credential_id": credential.pk}
    assert fields(call("POST", "/mappings", body)) == {"credential_id"}


def test_what_a_patch_leaves_out_stays(call: Caller) -> None:
    mapping = make_mapping("claude-*", priority=3)
    assert call("PATCH", f"/mappings/{mapping.pk}", {"enabled": False}).status_code == 200
    mapping.refresh_from_db()
    assert (mapping.enabled, mapping.priority, mapping.backend_type) == (False, 3, "anthropic")


def test_a_required_field_is_not_patched_to_null(call: Caller) -> None:
    mapping = make_mapping("claude-*")
    response = call("PATCH", f"/mappings/{mapping.pk}", {"model_pattern": None})
    assert response.status_code == 422
    assert fields(response) == {"model_pattern"}


def test_every_write_raises_the_counter(call: Caller) -> None:
    before = generation.current()
    number = json.loads(call("POST", "/mappings", {"model_pattern": "x", "backend_type": "local"}).content)["id"]
    call("PATCH", f"/mappings/{number}", {"priority": 1})
    call("DELETE", f"/mappings/{number}")
    assert generation.current() == before + 3
    assert not BackendMapping.objects.exists()
    assert [row.history_type for row in BackendMapping.history.order_by("history_id")] == ["+", "~", "-"]


def test_mappings_are_listed_in_the_order_of_their_priority(call: Caller) -> None:
    make_mapping("b")
    make_mapping("a", priority=1)
    listed = json.loads(call("GET", "/mappings").content)
    assert [one["model_pattern"] for one in listed] == ["a", "b"]
