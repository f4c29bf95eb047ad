"""What the snapshot does without a database: the fence, and what clients may make it remember."""

from credentials.secret import Secret
from routing.route import Route, Target, Upstream
from routing.snapshot import CACHED_ROUTES, Rule, Snapshot, Step

CLOUD = Step("openai", "gpt-5", Upstream(1, "openai/default", None, Secret("sk-0")))


def test_local_only_drops_a_cloud_target_that_came_past_validation() -> None:
    snapshot = Snapshot(1, [Rule(7, "private", 0, (CLOUD, Step("local")), local_only=True)])
    assert snapshot.route("private") == Route("private", 7, (Target("local", "private"),), local_only=True)


def test_local_only_with_cloud_targets_alone_has_no_target_left() -> None:
    snapshot = Snapshot(1, [Rule(7, "private", 0, (CLOUD,), local_only=True)])
    assert snapshot.route("private") == Route("private", 7, (), local_only=True)


def test_the_same_name_gets_the_very_same_route() -> None:
    snapshot = Snapshot(1, [Rule(7, "gpt-*", 0, (CLOUD,))])
    assert snapshot.route("gpt-5") is snapshot.route("gpt-5")


def test_names_that_clients_make_up_do_not_fill_the_memory() -> None:
    snapshot = Snapshot(1, [Rule(7, "*", 0, (CLOUD,))])
    for number in range(CACHED_ROUTES + 10):
        snapshot.route(f"name-{number}")
    snapshot.route("x" * 100_000)
    assert snapshot._cached_route.cache_info().currsize <= CACHED_ROUTES


def test_a_snapshot_tells_whether_a_cloud_can_be_reached_at_all() -> None:
    assert Snapshot(1, [Rule(7, "*", 0, (CLOUD,))]).has_cloud_target
    assert not Snapshot(1, [Rule(7, "*", 0, (Step("local"), Step("openai", problem="no key")))]).has_cloud_target
