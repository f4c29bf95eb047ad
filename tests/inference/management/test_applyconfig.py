"""`applyconfig`: what the file says becomes true, all of it or nothing, and no key is printed that was given."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from credentials import client_keys, generation
from credentials.models import ClientKey, CloudCredential
from credentials.secret import Secret
from inference.models import LocalModel
from routing.models import BackendMapping, ModelProfile
from tests.builders import CANARY, make_client_key, make_credential, make_mapping, make_profile

pytestmark = pytest.mark.django_db

LAPTOP_KEY = "a-key-of-the-owners-own-choice"
WHOLE = """
[[credentials]]
backend_type = "openai"
base_url = "http://127.0.0.1:9901/v1"
api_key_env = "OPENAI_API_KEY"

[[credentials]]
backend_type = "anthropic"
name = "team"
api_key = "sk-ant-canary"
allowed_betas = ["structured-outputs-"]
forwarded_headers = ["anthropic-workspace-id"]

[[mappings]]
model_pattern = "claude-*"
backend_type = "anthropic"
credential = "team"
fallback_backend = "local"
fallback_model = "mlxmanager/demo"
priority = 10
strict_params = true

[[profiles]]
backend_type = "openai"
model_pattern = "llama-*"

[profiles.settings]
images = false
max_output = 8192
reasoning_field = "reasoning"

[[client_keys]]
name = "laptop"
key_env = "LAPTOP_KEY"
allowed_models = ["claude-*"]
monthly_budget = 12.5
priority = "batch"
expires_at = 2030-01-31T12:00:00Z

[[local_models]]
name = "mlx-community/Qwen3-4B-4bit"
pinned = true
idle_ttl = 3600
"""

type Apply = Callable[..., str]


@pytest.fixture
def apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apply:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("LAPTOP_KEY", LAPTOP_KEY)

    def run(content: str, *options: str) -> str:
        file = tmp_path / "config.toml"
        file.write_text(content, encoding="utf-8")
        out = StringIO()
        call_command("applyconfig", str(file), *options, stdout=out)
        return out.getvalue()

    return run


def rows() -> list[object]:
    return [
        list(model._default_manager.order_by("pk").values())
        for model in (CloudCredential, BackendMapping, ModelProfile, ClientKey, LocalModel)
    ]


def test_what_the_file_says_becomes_true(apply: Apply) -> None:
    said = apply(WHOLE)
    openai, team = CloudCredential.objects.order_by("-backend_type")
    assert (openai.base_url, openai.api_key) == ("http://127.0.0.1:9901/v1", Secret(CANARY))
    assert (team.name, team.api_key) == ("team", Secret("sk-ant-canary"))
    assert (team.allowed_betas, team.forwarded_headers) == (["structured-outputs-"], ["anthropic-workspace-id"])
    assert (openai.allowed_betas, openai.forwarded_headers) == (None, [])
    mapping = BackendMapping.objects.get()
    assert (mapping.credential, mapping.fallback_model, mapping.priority) == (team, "mlxmanager/demo", 10)
    assert mapping.strict_params
    profile = ModelProfile.objects.get()
    assert str(profile) == "openai/llama-*"
    assert profile.settings == {"images": False, "max_output": 8192, "reasoning_field": "reasoning"}
    key = ClientKey.objects.get()
    assert key.key_hash == client_keys.digest(LAPTOP_KEY).hex()
    assert (key.allowed_models, key.priority) == (["claude-*"], "batch")
    model = LocalModel.objects.get()
    assert (model.name, model.pinned, model.preload) == ("mlx-community/Qwen3-4B-4bit", True, False)
    assert (model.idle_ttl, model.max_context) == (3600, None)
    for secret in (CANARY, "sk-ant-canary", LAPTOP_KEY):
        assert secret not in said


def test_the_second_time_there_is_nothing_to_change(apply: Apply) -> None:
    apply(WHOLE)
    before, counted = rows(), generation.current()
    assert apply(WHOLE) == "Nothing to change.\n"
    assert rows() == before
    assert generation.current() == counted


def test_a_whole_file_is_one_change(apply: Apply) -> None:
    before = generation.current()
    apply(WHOLE)
    assert generation.current() == before + 1
    assert BackendMapping.history.get().history_change_reason == "applyconfig"


def test_a_dry_run_tells_the_same_and_changes_nothing(apply: Apply) -> None:
    before, counted = rows(), generation.current()
    told = apply(WHOLE, "--dry-run")
    assert rows() == before
    assert generation.current() == counted
    assert told == apply(WHOLE)


def test_one_error_and_nothing_is_applied(apply: Apply) -> None:
    with pytest.raises(CommandError, match="there is no credential openai/missing"):
        apply(WHOLE + '\n[[mappings]]\nmodel_pattern = "x"\nbackend_type = "openai"\ncredential = "missing"\n')
    assert rows() == [[], [], [], [], []]


def test_what_an_entry_leaves_out_returns_to_its_default(apply: Apply) -> None:
    make_mapping("claude-*", enabled=False, fallback_backend="local", fallback_model="demo")
    said = apply('[[mappings]]\nmodel_pattern = "claude-*"\nbackend_type = "anthropic"\n')
    mapping = BackendMapping.objects.get()
    assert (mapping.enabled, mapping.fallback_backend, mapping.fallback_model) == (True, None, None)
    assert "enabled false -> true" in said


def test_a_key_that_is_left_out_stays(apply: Apply) -> None:
    make_credential(base_url="https://llm.example.org/v1")
    row, _ = make_client_key("laptop", enabled=False)
    apply(
        '[[credentials]]\nbackend_type = "openai"\nbase_url = "https://llm.example.org/v2"\n'
        '[[client_keys]]\nname = "laptop"\n'
    )
    assert CloudCredential.objects.get().api_key == Secret(CANARY)
    assert ClientKey.objects.get().key_hash == row.key_hash
    assert ClientKey.objects.get().enabled


def test_another_host_needs_the_key_in_the_file(apply: Apply) -> None:
    make_credential()
    moved = '[[credentials]]\nbackend_type = "openai"\nbase_url = "https://other.example.org/v1"\n'
    with pytest.raises(CommandError, match="enter the API key again"):
        apply(moved)
    apply(moved + 'api_key_env = "OPENAI_API_KEY"\n')
    assert CloudCredential.objects.get().base_url == "https://other.example.org/v1"


def test_a_key_that_cannot_be_read_is_replaced(apply: Apply, settings: Settings) -> None:
    row = make_credential()
    CloudCredential.objects.filter(pk=row.pk).update(uid="00000000-0000-0000-0000-000000000000")
    assert "api_key replaced" in apply('[[credentials]]\nbackend_type = "openai"\napi_key_env = "OPENAI_API_KEY"\n')
    assert CloudCredential.objects.get().api_key == Secret(CANARY)


def test_a_client_key_without_a_key_gets_one_that_is_printed_once(apply: Apply) -> None:
    entry = '[[client_keys]]\nname = "laptop"\n'
    assert "a key would be made" in apply(entry, "--dry-run")
    (line,) = [line for line in apply(entry).splitlines() if line.startswith("laptop: ")]
    assert ClientKey.objects.get().key_hash == client_keys.digest(line.split()[1]).hex()
    assert apply(entry) == "Nothing to change.\n"


def test_prune_deletes_among_the_kinds_the_file_names(apply: Apply) -> None:
    old = make_credential(backend_type="anthropic", name="old")
    make_mapping("old", credential=old)
    make_client_key("kept")
    content = WHOLE.partition("[[client_keys]]")[0]
    apply(content)
    assert BackendMapping.objects.count() == 2
    said = apply(content, "--prune")
    assert "- backend mapping old (priority 0)" in said
    assert "- cloud credential anthropic/old" in said
    assert [mapping.model_pattern for mapping in BackendMapping.objects.all()] == ["claude-*"]
    assert ClientKey.objects.get().name == "kept"


def test_prune_deletes_profiles_too_and_a_change_of_settings_is_told(apply: Apply) -> None:
    make_profile("old")
    make_profile("gpt-*", pdf=False)
    content = '[[profiles]]\nbackend_type = "openai"\nmodel_pattern = "gpt-*"\nsettings = {pdf = true}\n'
    said = apply(content, "--prune")
    assert (
        said == '~ model profile openai/gpt-*: settings {"pdf": false} -> {"pdf": true}\n- model profile openai/old\n'
    )
    assert ModelProfile.objects.get().settings == {"pdf": True}


def test_an_empty_kind_is_named_too(apply: Apply) -> None:
    make_mapping("old")
    apply("mappings = []", "--prune")
    assert not BackendMapping.objects.exists()


def test_prune_does_not_take_a_credential_from_a_mapping(apply: Apply) -> None:
    make_mapping("old", credential=make_credential(backend_type="anthropic", name="old"))
    with pytest.raises(CommandError, match=r"still used by backend mapping old \(priority 0\)"):
        apply("credentials = []", "--prune")
    assert CloudCredential.objects.exists()


def test_an_entry_that_matches_two_rows_is_an_error(apply: Apply) -> None:
    make_mapping("claude-*")
    make_mapping("claude-*")
    with pytest.raises(CommandError, match=r"More than one row is backend mapping claude-\* \(priority 0\)"):
        apply('[[mappings]]\nmodel_pattern = "claude-*"\nbackend_type = "anthropic"\n')


def test_an_entry_that_stands_there_twice_is_an_error(apply: Apply) -> None:
    entry = '[[mappings]]\nmodel_pattern = "x"\nbackend_type = "local"\n'
    with pytest.raises(CommandError, match="more than once"):
        apply(entry + entry)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[[mapping]]", "^mapping: Extra inputs"),
        ('[[mappings]]\nmodel_pattern = "x"\nbackend_type = "local"\nprioritaet = 1', "^mappings entry 1 prioritaet: "),
        ('[[mappings]]\nmodel_pattern = "x"', "^mappings entry 1 backend_type: "),
        ('[[mappings]]\nmodel_pattern = "x"\nbackend_type = "local"\npriority = true', "^mappings entry 1 priority: "),
        (
            '[[mappings]]\nmodel_pattern = "x"\nbackend_type = "openai"\nlocal_only = true',
            r"x \(priority 0\): local_on",
        ),
        (
            '[[credentials]]\nbackend_type = "openai"\nforwarded_headers = ["cookie"]',
            "openai/default: forwarded_headers: ",
        ),
        ('[[credentials]]\nbackend_type = "openai"\napi_key_env = "UNSET_KEY"', "the environment has no UNSET_KEY"),
        ('[[credentials]]\nbackend_type = "openai"\napi_key_env = "A"\napi_key = "sk-b"', "both given"),
        ('[[client_keys]]\nname = "x"\nkey_env = "UNSET_KEY"', "the environment has no UNSET_KEY"),
        ('[[client_keys]]\nname = "x"\nkey_env = "PATH_OF_SHORT"', "the environment has no PATH_OF_SHORT"),
        ('[[client_keys]]\nname = "x"\nexpires_at = 2030-01-31T12:00:00', "^client_keys entry 1 expires_at: "),
        (
            '[[profiles]]\nbackend_type = "openai"\nmodel_pattern = "x"\nsettings = {images = "no"}',
            "openai/x: settings: images accepts true or false",
        ),
        ('[[profiles]]\nbackend_type = "local"\nmodel_pattern = "x"', "^profiles entry 1 backend_type: "),
        ("[[mappings]", "is not TOML"),
    ],
)
def test_a_wrong_file_is_told_where_and_why(apply: Apply, content: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        apply(content)
    assert rows() == [[], [], [], [], []]


def test_a_key_too_short_to_be_safe_is_refused(apply: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPTOP_KEY", "short")
    with pytest.raises(CommandError, match="LAPTOP_KEY holds no usable key"):
        apply('[[client_keys]]\nname = "x"\nkey_env = "LAPTOP_KEY"')


def test_an_error_never_shows_a_key(apply: Apply) -> None:
    with pytest.raises(CommandError) as caught:
        apply(f'[[credentials]]\nbackend_type = "openai"\napi_key = "{CANARY} {CANARY}"')
    assert CANARY not in str(caught.value)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("applyconfig", "/nonexistent.toml")


LOCAL = '[[local_models]]\nname = "own/model"\n'


def test_the_options_of_a_local_model_change_alone(apply: Apply) -> None:
    apply(WHOLE)
    before = rows()[:-1]
    said = apply(LOCAL + "preload = true\nmax_context = 4096\n", "--prune")
    assert said.splitlines() == [
        "+ local model own/model: preload true, max_context 4096",
        "- local model mlx-community/Qwen3-4B-4bit",
    ]
    assert rows()[:-1] == before
    assert apply(LOCAL + "max_context = 4096\n") == "~ local model own/model: preload true -> false\n"


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (LOCAL + "pined = true\n", "local_models entry 2 pined"),
        (LOCAL + "max_context = 0\n", "max_context"),
        ('[[local_models]]\nname = "../outside"\n', "Enter a model's name"),
        ("[[local_models]]\npinned = true\n", "name"),
        (LOCAL + LOCAL, "more than once"),
    ],
    ids=["unknown", "out of range", "no name of a model", "no name", "twice"],
)
def test_an_entry_of_a_local_model_that_is_wrong_changes_nothing(apply: Apply, entry: str, named: str) -> None:
    with pytest.raises(CommandError, match=named):
        apply(WHOLE + entry)
    assert rows() == [[], [], [], [], []]
