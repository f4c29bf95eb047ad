"""Settings that are wrong stop the start by name. Each is tried in a process of its own, as they are read once."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from mlxmanager import env
from tests.gateway import clean_environment, run_command

NAME = "MLXMANAGER_TRIED"


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("32MB", 32 * 1024**2), ("1.5 kb", 1536), ("2GB", 2 * 1024**3), ("7B", 7)]
)
def test_sizes_are_bytes_or_carry_a_unit(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    monkeypatch.setenv(NAME, text)
    assert env.size(NAME, 5) == size


@pytest.mark.parametrize("text", ["0", "-1", "MB", "12 parsecs", "1e3"])
def test_other_sizes_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is .*; it accepts a number of bytes"):
        env.size(NAME, 5)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_seconds_are_above_zero(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.seconds(NAME, 5.0)


def test_blank_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " ")
    assert env.integer(NAME, 7, least=1, most=9) == 7
    assert env.boolean(NAME, True) is True


def test_a_file_may_hold_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("from the file\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "value"))
    assert env.text(NAME) == "from the file"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE names .*missing"):
        env.text(NAME)


def test_a_secrets_file_in_home_that_is_spoiled_is_named_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "fernet_keys").write_bytes(b"canary\xff")
    tried = run_command("check", environment=clean_environment(tmp_path), check=False)
    assert tried.returncode != 0
    assert f"MLXMANAGER_FERNET_KEYS is in {tmp_path / 'fernet_keys'}, which cannot be read" in tried.stderr
    assert "canary" not in tried.stderr


def test_value_and_file_at_once_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(NAME, "a")
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "b"))
    with pytest.raises(ImproperlyConfigured, match="both set"):
        env.text(NAME)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("MLXMANAGER_PRIVATE_UPSTREAMS", "10.0.0.0/99"),
        ("MLXMANAGER_CLIENT_KEY", "mlxm_" + "a" * 38),
        ("MLXMANAGER_PUBLIC_URL", "http://llm.example.org"),
        ("MLXMANAGER_CORS_ORIGINS", "*"),
        ("MLXMANAGER_CORS_ORIGINS", "https://app.example.org/page"),
        ("DATABASE_URL", "oracle://x"),
        ("MLXMANAGER_MEMORY_BUDGET", "75%"),
    ],
)
def test_a_wrong_value_stops_the_start_with_the_settings_name(tmp_path: Path, setting: str, value: str) -> None:
    stopped = run_command("check", check=False, environment=clean_environment(tmp_path, **{setting: value}))
    assert stopped.returncode == 1
    (line,) = stopped.stderr.splitlines()
    assert setting in line


def test_debug_is_refused_where_others_can_reach_it(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, MLXMANAGER_DEBUG="true", MLXMANAGER_HOST="0.0.0.0")
    assert "MLXMANAGER_DEBUG" in run_command("check", check=False, environment=environment).stderr


def test_a_public_address_passes_the_deployment_checks(tmp_path: Path) -> None:
    environment = clean_environment(
        tmp_path, MLXMANAGER_PUBLIC_URL="https://llm.example.org", MLXMANAGER_SECRET_KEY="s" * 25 + "0123456789" * 4
    )
    checked = run_command("check", "--deploy", "--fail-level", "WARNING", check=False, environment=environment)
    assert checked.returncode == 0, checked.stderr
