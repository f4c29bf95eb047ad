"""What makes a mapping valid, on the field at fault and in the database itself."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from credentials.backend_type import BackendType
from routing.models import BackendMapping
from tests.builders import make_credential, make_mapping

pytestmark = pytest.mark.django_db

LOCAL_FIRST = {"backend_type": "local", "backend_model": "demo"}
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"backend_type": "azure"}, "backend_type"),
    ({"fallback_model": "gpt-5"}, "fallback_backend"),
    ({"fallback_backend": "local"}, "fallback_model"),
    ({"fallback_backend": "openai"}, "fallback_model"),
    ({"local_only": True}, "local_only"),
    (LOCAL_FIRST | {"local_only": True, "fallback_backend": "openai", "fallback_model": "x"}, "local_only"),
]


@pytest.mark.parametrize(("fields", "at_fault"), BROKEN)
def test_a_broken_mapping_names_the_field_at_fault(fields: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_mapping("claude-*", **fields)
    assert set(caught.value.message_dict) == {at_fault}


@pytest.mark.parametrize(("fields", "at_fault"), BROKEN)
def test_the_database_refuses_a_broken_mapping_too(fields: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(IntegrityError):
        BackendMapping.objects.create(**{"model_pattern": "claude-*", "backend_type": "anthropic"} | fields)


def test_a_pattern_is_needed() -> None:
    with pytest.raises(ValidationError):
        make_mapping("")
    with pytest.raises(IntegrityError):
        BackendMapping.objects.create(model_pattern="", backend_type="local")


@pytest.mark.parametrize("pattern", [" gpt-5", "gpt-5\n", "gpt\x00"])
def test_a_pattern_with_blanks_at_its_ends_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="remove them"):
        make_mapping(pattern)


@pytest.mark.parametrize(
    "fields",
    [
        {"fallback_backend": "anthropic"},
        {"fallback_backend": "anthropic", "fallback_model": "*"},
        {"fallback_backend": "anthropic", "fallback_model": "claude-opus"},
        {"fallback_backend": "anthropic", "fallback_model": "x", "backend_model": "x"},
    ],
)
def test_a_fallback_that_is_the_first_choice_again_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        make_mapping("claude-opus", **fields)
    assert set(caught.value.message_dict) == {"fallback_backend"}


def test_naming_the_default_credential_makes_no_other_choice() -> None:
    default = make_credential(backend_type="anthropic")
    with pytest.raises(ValidationError, match="first choice"):
        make_mapping(fallback_backend="anthropic", fallback_credential=default)


def test_another_model_or_credential_makes_a_fallback() -> None:
    other = make_credential(backend_type="anthropic", name="other")
    make_mapping("a", fallback_backend="anthropic", fallback_model="b")
    make_mapping("b", fallback_backend="anthropic", fallback_credential=other)


def test_a_credential_of_another_backend_is_refused() -> None:
    openai = make_credential(backend_type="openai")
    with pytest.raises(ValidationError) as caught:
        make_mapping(credential=openai)
    assert caught.value.message_dict == {
        "credential": ["This credential is for OpenAI: choose one for Anthropic, or none."]
    }
    with pytest.raises(ValidationError) as caught:
        make_mapping(fallback_backend="anthropic", fallback_model="x", fallback_credential=openai)
    assert set(caught.value.message_dict) == {"fallback_credential"}


def test_a_local_model_takes_no_credential() -> None:
    openai = make_credential(backend_type="openai")
    with pytest.raises(ValidationError) as caught:
        make_mapping(**LOCAL_FIRST, credential=openai)
    assert set(caught.value.message_dict) == {"credential"}
    with pytest.raises(ValidationError) as caught:
        make_mapping(fallback_backend="local", fallback_model="demo", fallback_credential=openai)
    assert set(caught.value.message_dict) == {"fallback_credential"}


def test_a_fallback_credential_needs_a_fallback() -> None:
    with pytest.raises(ValidationError) as caught:
        make_mapping(fallback_credential=make_credential(backend_type="anthropic"))
    assert "fallback_backend" in caught.value.message_dict


def test_local_only_allows_another_local_model() -> None:
    make_mapping(**LOCAL_FIRST, local_only=True, fallback_backend="local", fallback_model="smaller")


def test_an_empty_text_means_none() -> None:
    mapping = make_mapping(backend_model="", fallback_backend="", fallback_model="")
    assert (mapping.backend_model, mapping.fallback_backend, mapping.fallback_model) == (None, None, None)


def test_two_mappings_may_share_pattern_and_priority() -> None:
    make_mapping("claude-*")
    make_mapping("claude-*")
    assert BackendMapping.objects.count() == 2


def test_the_backend_types_are_at_hand() -> None:
    assert BackendType.values == ["local", "openai", "anthropic"]
