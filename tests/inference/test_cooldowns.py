"""How long a target is left alone after each failure, on a clock that the test turns."""

import math
from dataclasses import dataclass, field

import pytest

from credentials.secret import Secret
from inference.cooldowns import CoolDown, Cooldowns, Spot, Visit
from inference.errors import BackendError, GatewayError, Kind, UpstreamAnswer
from inference.protocols.refusals import parse_error
from routing.route import Target, Upstream

FOREVER = math.inf
# After one failure, two, three, and very many, each once the cool-down before is over.
BROKEN = (5, 10, 20, 300)
SECOND_TIME = (0, 5, 10, 300)
NONE = (0, 0, 0, 0)
ROWS = {
    Kind.UPSTREAM_UNREACHABLE: SECOND_TIME,
    Kind.UPSTREAM_TIMEOUT: SECOND_TIME,
    Kind.UPSTREAM_BUSY: NONE,
    Kind.UPSTREAM_CONFLICT: NONE,
    Kind.UPSTREAM_RATE_LIMITED: (30, 30, 30, 30),
    Kind.UPSTREAM_QUOTA_SPENT: (600, 600, 600, 600),
    Kind.UPSTREAM_ERROR: BROKEN,
    Kind.UPSTREAM_UNAVAILABLE: BROKEN,
    Kind.UPSTREAM_GATEWAY_TIMEOUT: BROKEN,
    Kind.UPSTREAM_OVERLOADED: (15, 30, 60, 120),
    Kind.UPSTREAM_AUTH_FAILED: (FOREVER,) * 4,
    Kind.UPSTREAM_MODEL_NOT_FOUND: (600, 600, 600, 600),
    Kind.UPSTREAM_INVALID_RESPONSE: BROKEN,
    Kind.UPSTREAM_STREAM_TRUNCATED: BROKEN,
}
STATUSES = {
    400: NONE,
    401: (FOREVER,) * 4,
    402: (600, 600, 600, 600),
    403: (FOREVER,) * 4,
    404: (600, 600, 600, 600),
    408: NONE,
    409: NONE,
    410: (600, 600, 600, 600),
    413: NONE,
    422: NONE,
    425: NONE,
    429: (30, 30, 30, 30),
    **dict.fromkeys((500, 502, 503, 504, 507, 520, 527), BROKEN),
    529: (15, 30, 60, 120),
}


@dataclass
class Turning:
    """Cool-downs, with the clock and the generation they go by."""

    now: float = 1000.0
    generation: int = 1
    cooldowns: Cooldowns = field(init=False)

    def __post_init__(self) -> None:
        self.cooldowns = Cooldowns(clock=lambda: self.now, generation=lambda: self.generation, most=3)

    def fail(self, error: Kind | GatewayError, spot: Spot | None = None, *, alone: bool = False) -> float:
        """Ask, fail, and tell how long the spot then cools down."""
        spot = spot or spot_of()
        visit = self.cooldowns.visit(spot, alone=alone)
        assert isinstance(visit, Visit)
        self.cooldowns.failed(visit, error if isinstance(error, GatewayError) else BackendError(error, "x"))
        self.cooldowns.leave(visit)
        return self.left(spot)

    def left(self, spot: Spot | None = None) -> float:
        """Looks without asking: a visit that is given up at once."""
        visit = self.cooldowns.visit(spot or spot_of())
        if isinstance(visit, CoolDown):
            return self.cooldowns.left(visit)
        self.cooldowns.leave(visit)
        return 0.0


def spot_of(model: str = "gpt-5", *, key: str = "sk-one", base: str | None = None, purpose: str = "x") -> Spot:
    return Spot(Target("openai", model, Upstream(1, "openai/default", base, Secret(key))), purpose)


def elapsed(error: Kind | GatewayError) -> tuple[float, ...]:
    turning, found = Turning(), list[float]()
    for _ in range(12):
        found.append(turning.fail(error))
        if found[-1] == FOREVER:
            return (FOREVER,) * 4
        turning.now += found[-1]
    return (*found[:3], found[-1])


@pytest.mark.parametrize("kind", Kind)
def test_each_failure_costs_its_time_and_the_next_one_more(kind: Kind) -> None:
    assert elapsed(kind) == ROWS.get(kind, NONE)


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_costs_its_time(status: int) -> None:
    body = b'{"type":"error","error":{"type":"x","message":"No."}}'
    assert elapsed(parse_error(status, body)) == STATUSES[status]


@pytest.mark.parametrize(("named", "left"), [(7, 7), (0.5, 0.5), (None, 30), (90, 90), (1e9, 3600)])
def test_a_limit_lasts_as_long_as_the_upstream_says(named: float | None, left: float) -> None:
    assert Turning().fail(BackendError(Kind.UPSTREAM_RATE_LIMITED, "x", retry_after=named)) == left


def test_a_page_in_place_of_a_refusal_is_about_the_request() -> None:
    for status, left in ((413, 0), (400, 0), (502, 5)):
        answer = UpstreamAnswer(status, (), b"<html>", is_readable=False)
        assert Turning().fail(BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "x", answer=answer)) == left


@pytest.mark.parametrize(("between", "left"), [(59, 5), (61, 0)])
def test_two_timeouts_count_within_a_minute(between: float, left: float) -> None:
    turning = Turning()
    turning.fail(Kind.UPSTREAM_TIMEOUT)
    turning.now += between
    assert turning.fail(Kind.UPSTREAM_TIMEOUT) == left


@pytest.mark.parametrize("kind", [Kind.UPSTREAM_ERROR, Kind.UPSTREAM_TIMEOUT])
def test_a_success_ends_the_escalation(kind: Kind) -> None:
    turning = Turning()
    for _ in range(3):
        turning.now += turning.fail(kind) + 1
    visit = turning.cooldowns.visit(spot_of())
    assert isinstance(visit, Visit)
    turning.cooldowns.succeeded(visit)
    turning.cooldowns.leave(visit)
    assert turning.fail(kind) == ROWS[kind][0]


def test_an_answer_asked_for_before_the_failure_ends_nothing() -> None:
    turning = Turning()
    early = turning.cooldowns.visit(spot_of())
    assert isinstance(early, Visit)
    turning.now += 1
    turning.fail(Kind.UPSTREAM_ERROR)
    turning.cooldowns.succeeded(early)
    assert turning.left() == 5


def test_failures_of_one_moment_escalate_once() -> None:
    turning = Turning()
    visits = [turning.cooldowns.visit(spot_of()) for _ in range(20)]
    for visit in visits:
        assert isinstance(visit, Visit)
        turning.cooldowns.failed(visit, BackendError(Kind.UPSTREAM_ERROR, "x"))
    assert turning.left() == 5


def test_a_shorter_cool_down_does_not_replace_a_longer_one() -> None:
    turning = Turning()
    visit = turning.cooldowns.visit(spot_of())
    assert isinstance(visit, Visit)
    turning.fail(Kind.UPSTREAM_QUOTA_SPENT)
    turning.cooldowns.failed(visit, BackendError(Kind.UPSTREAM_ERROR, "x"))
    assert turning.left() == 600


def test_once_the_time_is_over_one_request_finds_out_for_all() -> None:
    turning = Turning()
    turning.now += turning.fail(Kind.UPSTREAM_ERROR)
    probe = turning.cooldowns.visit(spot_of())
    assert isinstance(probe, Visit)
    assert isinstance(turning.cooldowns.visit(spot_of()), CoolDown)
    turning.cooldowns.leave(probe)  # Its client went away, say.
    assert isinstance(turning.cooldowns.visit(spot_of()), Visit)


def test_who_is_alone_is_asked_all_the_same_save_where_only_an_operator_helps() -> None:
    turning = Turning()
    turning.fail(Kind.UPSTREAM_RATE_LIMITED)
    assert isinstance(turning.cooldowns.visit(spot_of()), CoolDown)
    assert isinstance(turning.cooldowns.visit(spot_of(), alone=True), Visit)
    turning.fail(Kind.UPSTREAM_AUTH_FAILED, alone=True)
    assert isinstance(turning.cooldowns.visit(spot_of(), alone=True), CoolDown)


@pytest.mark.parametrize(
    "other", [spot_of("gpt-4"), spot_of(key="sk-two"), spot_of(base="http://x"), spot_of(purpose="embeddings")]
)
def test_another_model_key_address_or_purpose_does_not_cool_down_with_it(other: Spot) -> None:
    turning = Turning()
    turning.fail(Kind.UPSTREAM_AUTH_FAILED)
    assert turning.left(other) == 0
    assert turning.left(spot_of()) == FOREVER


def test_a_change_of_the_configuration_drops_them_all() -> None:
    turning = Turning()
    turning.fail(Kind.UPSTREAM_AUTH_FAILED)
    assert turning.cooldowns.targets() == [spot_of().target]
    turning.generation += 1
    assert turning.cooldowns.targets() == []
    assert turning.left() == 0


def test_the_local_worker_never_cools_down() -> None:
    local = Spot(Target("local", "mlxmanager/demo"), "x")
    assert Turning().fail(Kind.UPSTREAM_INVALID_RESPONSE, local) == 0


def test_of_very_many_the_oldest_is_forgotten() -> None:
    turning = Turning()
    for number in range(4):
        turning.fail(Kind.UPSTREAM_ERROR, spot_of(f"model-{number}"))
    assert [target.model for target in turning.cooldowns.targets()] == ["model-1", "model-2", "model-3"]
