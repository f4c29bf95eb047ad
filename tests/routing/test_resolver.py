"""The snapshot: which targets a name gets, what a broken credential breaks, and how soon a change shows."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from pytest_django import Settings

from credentials import client_keys, generation
from credentials.models import CloudCredential
from credentials.secret import Secret
from routing.models import ModelProfile
from routing.resolver import SnapshotKeeper, load_snapshot
from routing.route import Route, Target, Upstream
from tests.builders import CANARY, make_client_key, make_credential, make_mapping, make_profile

pytestmark = pytest.mark.django_db


def winner(model: str) -> int | None:
    route = load_snapshot().route(model)
    return route.mapping_id if route is not None else None


def test_a_name_gets_its_targets_in_order() -> None:
    credential = make_credential(backend_type="anthropic")
    mapping = make_mapping("claude-*", fallback_backend="local", fallback_model="mlxmanager/demo")
    upstream = Upstream(credential.pk, "anthropic/default", None, Secret(CANARY))
    assert load_snapshot().route("claude-sonnet") == Route(
        "claude-sonnet",
        mapping.pk,
        (Target("anthropic", "claude-sonnet", upstream), Target("local", "mlxmanager/demo")),
    )


def test_a_name_without_a_mapping_has_no_route() -> None:
    make_mapping("claude-*")
    assert load_snapshot().route("gpt-5") is None


def test_a_star_as_fallback_model_sends_the_requested_name() -> None:
    make_mapping("gpt-*", backend_type="local", backend_model="demo", fallback_backend="openai", fallback_model="*")
    route = load_snapshot().route("gpt-5")
    assert route is not None
    assert [target.model for target in route.targets] == ["demo", "gpt-5"]


def test_the_higher_priority_wins_over_the_more_specific() -> None:
    make_mapping("gpt-5", priority=0)
    wide = make_mapping("*", priority=1)
    assert winner("gpt-5") == wide.pk


def test_a_tie_goes_to_exact_then_longer_prefix_then_older() -> None:
    make_mapping("gpt-*")
    longer = make_mapping("gpt-5*")
    exact = make_mapping("gpt-5")
    make_mapping("gpt-5")
    assert winner("gpt-5") == exact.pk
    assert winner("gpt-5-mini") == longer.pk


def test_a_disabled_mapping_does_not_match() -> None:
    make_mapping("gpt-5", enabled=False)
    assert winner("gpt-5") is None


def test_a_named_credential_is_taken_over_the_default() -> None:
    make_credential()
    other = make_credential(name="other", base_url="https://other.example.org/v1")
    make_mapping("gpt-*", backend_type="openai", credential=other)
    route = load_snapshot().route("gpt-5")
    assert route is not None
    assert route.targets[0].upstream == Upstream(
        other.pk, "openai/other", "https://other.example.org/v1", Secret(CANARY)
    )


def test_what_a_credential_lets_through_is_in_its_upstream() -> None:
    make_credential(backend_type="anthropic", allowed_betas=["files-"], forwarded_headers=["anthropic-workspace-id"])
    make_credential(backend_type="anthropic", name="strict", allowed_betas=[])
    make_mapping("claude-*")
    make_mapping("strict", credential=CloudCredential.objects.get(name="strict"))
    found = []
    for name in ("claude-5", "strict"):
        route = load_snapshot().route(name)
        assert route is not None
        assert route.targets[0].upstream is not None
        found.append((route.targets[0].upstream.allowed_betas, route.targets[0].upstream.forwarded_headers))
    assert found == [(("files-",), ("anthropic-workspace-id",)), ((), ())]


def test_a_credential_without_a_key_sends_none() -> None:
    make_credential(api_key=None, base_url="https://ollama.example.org/v1")
    make_mapping("gpt-*", backend_type="openai")
    route = load_snapshot().route("gpt-5")
    assert route is not None
    assert route.targets[0].upstream is not None
    assert route.targets[0].upstream.api_key is None


def test_a_missing_credential_is_a_problem_of_its_target() -> None:
    make_mapping("claude-*")
    route = load_snapshot().route("claude-sonnet")
    assert route is not None
    assert route.targets[0].upstream is None
    assert route.targets[0].problem == "There is no credential anthropic/default."


def test_an_unreadable_credential_breaks_only_itself(settings: Settings) -> None:
    broken = make_credential(backend_type="anthropic")
    settings.FERNET_KEYS = [Fernet.generate_key().decode()]
    make_credential(backend_type="openai")
    make_mapping("claude-*")
    make_mapping("gpt-*", backend_type="openai")
    snapshot = load_snapshot()
    claude, gpt = snapshot.route("claude-sonnet"), snapshot.route("gpt-5")
    assert claude is not None
    assert gpt is not None
    assert claude.targets[0].upstream is None
    assert "cannot be decrypted" in str(claude.targets[0].problem)
    assert gpt.targets[0].upstream is not None
    assert snapshot.problems == (claude.targets[0].problem,)
    assert str(broken) in snapshot.problems[0]


def test_a_token_moved_to_another_row_does_not_read() -> None:
    credential = make_credential()
    CloudCredential.objects.filter(pk=credential.pk).update(uid=uuid4())
    make_mapping("gpt-*", backend_type="openai")
    route = load_snapshot().route("gpt-5")
    assert route is not None
    assert "another credential" in str(route.targets[0].problem)


def test_without_a_keyring_the_problem_names_the_setting(settings: Settings) -> None:
    make_credential()
    settings.FERNET_KEYS = []
    assert "MLXMANAGER_FERNET_KEYS" in load_snapshot().problems[0]


def test_a_local_only_mapping_says_so_in_its_route() -> None:
    mapping = make_mapping("private", backend_type="local", local_only=True)
    assert load_snapshot().route("private") == Route("private", mapping.pk, (Target("local", "private"),), True)


def test_a_strict_mapping_says_so_in_its_route() -> None:
    make_mapping("exact", backend_type="local", strict_params=True)
    make_mapping("lenient", backend_type="local")
    routes = [load_snapshot().route(name) for name in ("exact", "lenient")]
    assert [route is not None and route.strict_params for route in routes] == [True, False]


def overrides(model: str) -> list[object]:
    route = load_snapshot().route(model)
    assert route is not None
    return [target.overrides for target in route.targets]


def test_a_profile_speaks_of_the_name_the_backend_knows() -> None:
    make_mapping("fast", backend_type="openai", backend_model="llama-3")
    make_profile("fast", pdf=False)
    make_profile("llama-*", images=False)
    assert overrides("fast") == [{"images": False}]


def test_the_most_specific_profile_decides_and_nothing_is_merged() -> None:
    make_mapping("*", backend_type="openai")
    make_profile("*", pdf=False)
    make_profile("gpt-*", images=False)
    make_profile("gpt-5*")
    make_profile("gpt-5", top_k=False)
    said = {name: overrides(name) for name in ("llama", "gpt-4", "gpt-5-mini", "gpt-5")}
    assert said == {
        "llama": [{"pdf": False}],
        "gpt-4": [{"images": False}],
        "gpt-5-mini": [{}],
        "gpt-5": [{"top_k": False}],
    }


def test_a_profile_speaks_of_one_backend() -> None:
    make_mapping("x", backend_type="anthropic", fallback_backend="openai", fallback_model="*")
    make_profile("x", backend_type="openai", images=False)
    assert overrides("x") == [{}, {"images": False}]


def test_a_profile_another_version_stored_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    make_mapping("gpt-*", backend_type="openai")
    with generation.change():
        ModelProfile.objects.create(backend_type="openai", model_pattern="gpt-*", settings={"telepathy": True})
    assert overrides("gpt-5") == [{}]
    assert "telepathy" in caplog.text


def test_exact_names_are_listed_and_globs_are_not() -> None:
    make_mapping("claude-*")
    make_mapping("gpt-5", priority=2)
    make_mapping("opus[1m]")
    snapshot = load_snapshot()
    assert snapshot.exact_names == ("gpt-5", "opus[1m]")
    assert snapshot.patterns == ("gpt-5", "opus[1m]", "claude-*")


def test_a_client_is_found_by_the_digest_of_its_key() -> None:
    expires_at = datetime(2030, 1, 1, tzinfo=UTC)
    row, key = make_client_key(allowed_models=["gpt-*"], requests_per_minute=0, expires_at=expires_at)
    client = load_snapshot().client(client_keys.digest(key))
    assert client is not None
    assert (client.id, client.requests_per_minute, client.tokens_per_minute) == (row.pk, 0, None)
    assert client.expires_at == expires_at
    assert client.allows("gpt-5")
    assert not client.allows("claude-sonnet")
    assert not client.is_batch


def test_a_batch_key_is_a_client_that_nobody_waits_for() -> None:
    _, key = make_client_key(priority="batch")
    client = load_snapshot().client(client_keys.digest(key))
    assert client is not None
    assert client.is_batch


def test_an_unknown_key_is_nobody() -> None:
    make_client_key()
    assert load_snapshot().client(client_keys.digest(client_keys.make())) is None


def test_the_snapshot_does_not_show_keys() -> None:
    make_credential(backend_type="anthropic")
    make_mapping("claude-*")
    assert CANARY not in repr(load_snapshot().route("claude-sonnet"))


def eventually(holds: Callable[[], bool], *, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


@pytest.fixture
def keeper(transactional_db: None) -> Iterator[SnapshotKeeper]:
    keeper = SnapshotKeeper()
    keeper.start()
    yield keeper
    keeper.stop()


def test_a_change_is_in_force_within_two_seconds(keeper: SnapshotKeeper) -> None:
    make_mapping("gpt-5")
    assert eventually(lambda: keeper.current.route("gpt-5") is not None, within=2)


def test_a_revoked_key_is_refused_within_two_seconds(keeper: SnapshotKeeper) -> None:
    row, key = make_client_key()
    digest = client_keys.digest(key)
    assert eventually(lambda: keeper.current.client(digest) is not None, within=2)
    with generation.change():
        row.delete()
    assert eventually(lambda: keeper.current.client(digest) is None, within=2)


def test_the_last_good_snapshot_survives_the_database(keeper: SnapshotKeeper) -> None:
    make_mapping("gpt-5")
    assert eventually(lambda: keeper.current.route("gpt-5") is not None, within=2)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE configuration_generation RENAME TO away")
    try:
        assert eventually(lambda: not keeper.healthy, within=2)
        assert keeper.current.route("gpt-5") is not None
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO configuration_generation")
    assert eventually(lambda: keeper.healthy, within=2)


def test_before_the_first_answer_of_the_database_nothing_is_healthy() -> None:
    keeper = SnapshotKeeper()
    assert not keeper.healthy
    assert keeper.current.route("gpt-5") is None
