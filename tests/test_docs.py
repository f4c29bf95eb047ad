"""The documents keep up with the code: each setting and each command is named where a user looks it up."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from inference.errors import Kind
from inference.metrics import METRICS
from inference.protocols.openai_chat.errors import code_of
from inference.protocols.wire import LoadOptions, ModelOptions
from routing.profile import Profile

ROOT = Path(__file__).resolve().parent.parent
APPS = {"credentials", "routing", "inference"}
NAME = re.compile(r'"((?:MLXMANAGER|HF)_[A-Z_]+|DATABASE_URL|REDIS_URL)"')


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


SETTINGS = sorted(set(NAME.findall(read("mlxmanager/settings.py") + read("mlxmanager/home.py"))))
DOCUMENTS = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
ADDRESSES = re.findall(r'@(?:openai|anthropic)\.\w+\("/([\w/]+)"\)', read("inference/api/views.py"))
COMMANDS = sorted(name for name, app in get_commands().items() if app in APPS)


def test_there_is_something_to_look_for() -> None:
    assert len(SETTINGS) > 15
    assert len(COMMANDS) > 5
    assert len(ADDRESSES) > 5


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in read("docs/settings.md")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_documented(name: str) -> None:
    assert re.search(rf"`{name}\b", read("docs/commands.md"))


@pytest.mark.parametrize("name", Profile.__struct_fields__)
def test_each_setting_of_a_model_profile_is_documented(name: str) -> None:
    assert f"`{name}`" in read("docs/profiles.md")


@pytest.mark.parametrize("name", [*ModelOptions.__struct_fields__[1:-1], *LoadOptions.__struct_fields__])
def test_each_option_of_a_local_model_is_documented(name: str) -> None:
    assert f"`{name}`" in read("docs/models.md")


@pytest.mark.parametrize("code", sorted({code_of(kind) for kind in Kind}))
def test_each_error_code_is_documented(code: str) -> None:
    assert f"`{code}`" in read("docs/api.md")


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_address_is_documented(address: str) -> None:
    assert f"/v1/{address}`" in read("docs/api.md")


def test_the_page_of_metrics_has_each_with_its_type_and_no_other() -> None:
    rows = re.findall(r"^\| `(mlxmanager_\w+)` \| (\w+) \| (.*) \|$", read("docs/metrics.md"), re.MULTILINE)
    assert sorted((name, kind) for name, kind, _ in rows) == sorted((metric.name, metric.type) for metric in METRICS)
    assert all(told for _, _, told in rows)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_link_between_documents_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", read(name)):
        assert ((ROOT / name).parent / target).exists(), target
