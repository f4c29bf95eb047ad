"""What `route` and `/api/route` tell of a request for a model. No worker and no gateway runs here to be asked."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from inference.backends.addresses import PrivateUpstreams
from inference.explain import explain, fits, look_around
from inference.installed import Installed, find
from inference.models import LocalModel
from tests.builders import make_credential, make_local_model, make_mapping, make_profile
from tests.configuration import administrator
from tests.local_models import copy_demo, swap_words

pytestmark = pytest.mark.django_db


def told(model: str) -> str:
    out = StringIO()
    call_command("route", model, stdout=out)
    return out.getvalue()


def listed() -> str:
    out = StringIO()
    call_command("models", "list", stdout=out)
    return out.getvalue()


def test_a_mapping_is_named_with_its_target_and_fallback() -> None:
    make_credential(backend_type="anthropic")
    mapping = make_mapping(
        pattern="claude-*", backend_type="anthropic", fallback_backend="local", fallback_model="mlxmanager/demo"
    )
    text = told("claude-sonnet")
    assert f"mapping {mapping.pk} (claude-*, priority 0) is the first that matches" in text
    assert "First choice: anthropic claude-sonnet (can answer: unknown)" in text
    assert "Fallback: local mlxmanager/demo (can answer: unknown)" in text
    assert "installed: yes" in text
    assert "fits: yes, it needs " in text
    assert "worker running: unknown" in text
    assert "not cooling down: unknown" in text


def test_a_strict_mapping_says_so() -> None:
    make_mapping(pattern="gpt-*", backend_type="openai", strict_params=True)
    make_mapping(pattern="lenient", backend_type="openai")
    assert "what translation would weaken or leave out is refused" in told("gpt-5")
    assert "refused" not in told("lenient")


def test_what_a_profile_says_of_a_target_is_shown_beside_it() -> None:
    make_mapping(pattern="fast", backend_type="openai", backend_model="llama-3")
    make_profile("llama-*", images=False, max_output=None)
    text = told("fast")
    assert "  profile: images = false\n  profile: max_output = null" in text
    (target,) = json.loads(administrator()("POST", "/route", {"model": "fast"}).content)["targets"]
    assert target["overrides"] == {"images": False, "max_output": None}


def test_a_missing_credential_is_why_a_target_cannot_answer() -> None:
    make_mapping(pattern="gpt-*", backend_type="openai")
    text = told("gpt-5")
    assert "(can answer: no)" in text
    assert "There is no credential openai/default" in text
    assert "Fallback: none" in text


def test_an_address_that_is_not_asked_is_why_a_target_cannot_answer(settings: Settings) -> None:
    make_credential(base_url="http://127.0.0.1:11434/v1")
    make_mapping(pattern="gpt-*", backend_type="openai")
    text = told("gpt-5")
    assert "(can answer: no)" in text
    assert "address: no, 127.0.0.1:11434 is not a public address; MLXMANAGER_PRIVATE_UPSTREAMS must list it" in text
    settings.PRIVATE_UPSTREAMS = PrivateUpstreams.parse(["127.0.0.1:11434"])
    assert "address: yes, http://127.0.0.1:11434/v1" in told("gpt-5")


def test_mappings_that_match_too_are_listed_with_why_they_do_not_decide() -> None:
    make_mapping(pattern="gpt-5", backend_type="local", backend_model="mlxmanager/demo")
    make_mapping(pattern="gpt-*", backend_type="local", backend_model="mlxmanager/demo")
    make_mapping(pattern="gpt-5*", backend_type="local", backend_model="mlxmanager/demo", enabled=False)
    make_mapping(pattern="other", backend_type="local", backend_model="mlxmanager/demo")
    passed_over = explain("gpt-5", look_around()).passed_over
    assert sorted(text.split(") ")[1] for text in passed_over) == ["comes later", "is disabled"]


def test_a_mapping_that_was_deleted_meanwhile_is_named_by_its_number() -> None:
    make_credential(backend_type="openai")
    mapping = make_mapping(pattern="gpt-*", backend_type="openai")
    around, number = look_around(), mapping.pk
    mapping.delete()
    explanation = explain("gpt-5", around)
    assert explanation.reason == f"mapping {number} is the first that matches"
    assert explanation.mapping_id == number


def test_an_installed_model_answers_to_its_own_name() -> None:
    assert "an installed model has this name" in told("mlxmanager/demo")


def test_a_model_that_is_not_installed_says_how_to_get_it() -> None:
    make_mapping(pattern="big", backend_type="local", backend_model="some/model")
    assert "models pull some/model" in told("big")


def test_a_model_that_cannot_fit_says_so_with_its_numbers(settings: Settings) -> None:
    settings.MEMORY_BUDGET = 2**20
    text = told("mlxmanager/demo")
    assert "(can answer: no)" in text
    assert re.search(r"fits: no, it needs \d\.\d MB of 1\.0 MB", text)


def test_a_draft_model_is_looked_at_and_has_to_fit_as_well(settings: Settings) -> None:
    row = make_local_model("mlxmanager/demo", draft_model="mlxmanager/demo")
    settings.MEMORY_BUDGET = find(settings.MODELS_DIR, settings.HUB_CACHE)["mlxmanager/demo"].needs * 3 // 2
    assert "  draft model: yes, mlxmanager/demo, 1.8 MB\n" in told("mlxmanager/demo")
    assert re.search(r"fits: no, it needs \d+\.\d MB with its draft model of ", told("mlxmanager/demo"))
    assert "does not fit (it needs " in listed()
    LocalModel.objects.filter(pk=row.pk).update(draft_model=None)
    assert "fits: yes, it needs " in told("mlxmanager/demo")
    assert "   fits (it needs " in listed()


def test_a_draft_model_that_is_not_installed_is_why_a_model_cannot_answer() -> None:
    make_local_model("mlxmanager/demo", draft_model="org/small")
    text = told("mlxmanager/demo")
    assert "(can answer: no)" in text
    assert "  draft model: no, org/small is not installed; pull it: manage.py models pull org/small\n" in text


def test_options_that_do_not_suit_are_why_a_model_cannot_answer(settings: Settings, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path
    swap_words(copy_demo(tmp_path, "org/other"))
    copy_demo(tmp_path, "org/odd", head_dim=24)
    make_local_model("mlxmanager/demo", draft_model="org/other", kv_bits=8)
    make_local_model("org/odd", kv_bits=4)
    text = told("mlxmanager/demo")
    assert "(can answer: no)" in text
    assert "  draft model: no, org/other: it cannot guess for mlxmanager/demo: their vocabularies" in text
    assert "kv_bits" not in text
    assert "  kv_bits: no, its cache cannot be quantized: its heads are 24 numbers wide" in told("org/odd")


def test_whether_a_model_fits_a_device_that_only_a_worker_knows_is_unknown() -> None:
    unknown = fits(Installed("org/model", Path(), "models", 0, needs=2**20), None, None)
    assert (unknown.verdict, unknown.why) == ("unknown", "it needs 1.0 MB; only a running worker knows the device")


def test_an_unknown_name_is_a_404() -> None:
    assert "404" in told("nothing")


def test_the_api_tells_the_same() -> None:
    make_mapping(pattern="demo", backend_type="local", backend_model="mlxmanager/demo")
    call = administrator()
    answer = json.loads(call("POST", "/route", {"model": "demo"}).content)
    assert [(target["backend"], target["model"]) for target in answer["targets"]] == [("local", "mlxmanager/demo")]
    assert call("POST", "/route", {"model": ""}).status_code == 422
