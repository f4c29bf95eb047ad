"""Says what would happen to a request for a model, step by step and why. Behind `route` and `/api/route`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings

from inference import budget, installed, running_gateway
from inference.backends.addresses import DEFAULT_PORTS, AddressRefused, vet_host
from inference.cooldowns import Cooldowns, name_of
from inference.installed import Installed
from inference.local_states import is_resident, known_budget, worker_state
from inference.models import read_load_options
from inference.protocols import wire
from inference.suitability import guessing_problem, quantizing_problem
from routing import patterns
from routing.models import BackendMapping
from routing.resolver import load_snapshot
from routing.route import Route, Target
from routing.snapshot import Snapshot

type Verdict = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to hold for a target to answer."""

    what: str
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedTarget:
    """`overrides`: what a model profile says of this model."""

    backend: str
    model: str
    checks: list[Check]
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def can_answer(self) -> Verdict:
        verdicts = {check.verdict for check in self.checks}
        return "no" if "no" in verdicts else "unknown" if "unknown" in verdicts else "yes"


@dataclass(frozen=True, slots=True)
class Explanation:
    """`reason` says which mapping decides, or why none does. `passed_over` are mappings that match as well."""

    model: str
    reason: str
    mapping_id: int | None = None
    passed_over: list[str] = field(default_factory=list)
    targets: list[ExplainedTarget] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`worker` None: none answers. `budget` is for the local models' memory in bytes; None: not known.

    `cooling`: the targets that are cooling down, by name; None: no gateway answers. `options`: how
    models are to be loaded, where not as they are.
    """

    snapshot: Snapshot
    installed: Mapping[str, Installed]
    worker: wire.Status | None
    budget: int | None
    cooling: Collection[str] | None
    options: Mapping[str, wire.LoadOptions]


def look_around(cooldowns: Cooldowns | None = None) -> Surroundings:
    """As it is now. For synchronous callers: it asks the database, the disk and the worker.

    `cooldowns` are this process's own, where it is a gateway; else the one that runs is asked.
    """
    if cooldowns is None:
        cooling = running_gateway.cooling_targets(settings.BIND_HOST, settings.BIND_PORT)
    else:
        cooling = [name_of(target) for target in cooldowns.targets()]
    worker = worker_state().status
    return Surroundings(
        snapshot=load_snapshot(),
        installed=installed.find(settings.MODELS_DIR, settings.HUB_CACHE),
        worker=worker,
        budget=known_budget(worker),
        cooling=cooling,
        options=read_load_options(),
    )


def explain(model: str, around: Surroundings) -> Explanation:
    route = around.snapshot.route(model)
    mappings = {mapping.pk: mapping for mapping in BackendMapping.objects.all()}
    passed_over = [why for mapping in mappings.values() if (why := why_not(mapping, model, route))]
    if route is not None and route.mapping_id is not None:
        # It can have been deleted since the snapshot was made.
        mapping = mappings.get(route.mapping_id)
        name = describe(mapping) if mapping is not None else f"mapping {route.mapping_id}"
        reason = f"{name} is the first that matches"
        targets = [explain_target(target, around) for target in route.targets]
        if route.local_only:
            reason += "; it keeps requests on this machine"
        if route.strict_params:
            reason += "; what translation would weaken or leave out is refused"
        return Explanation(model, reason, route.mapping_id, passed_over, targets)
    if model in around.installed:
        reason = "no mapping matches; an installed model has this name"
        return Explanation(model, reason, None, passed_over, [explain_target(Target("local", model), around)])
    return Explanation(model, "no mapping matches and no installed model has this name: 404", None, passed_over)


def why_not(mapping: BackendMapping, model: str, route: Route | None) -> str | None:
    """Why a mapping that matches does not decide; None for one that does not match, and for the one that decides."""
    if not patterns.matches(mapping.model_pattern, model) or (route is not None and mapping.pk == route.mapping_id):
        return None
    why = "comes later" if mapping.enabled else "is disabled"
    return f"{describe(mapping)} {why}"


def describe(mapping: BackendMapping) -> str:
    return f"mapping {mapping.pk} ({mapping.model_pattern}, priority {mapping.priority})"


def explain_target(target: Target, around: Surroundings) -> ExplainedTarget:
    checks = local_checks(target, around) if target.backend == "local" else cloud_checks(target, around)
    return ExplainedTarget(target.backend, target.model, checks, target.overrides)


def local_checks(target: Target, around: Surroundings) -> list[Check]:
    found = around.installed.get(target.model)
    if found is None:
        checks = [Check("installed", "no", f"pull it: manage.py models pull {target.model}")]
    else:
        installed = Check("installed", "no" if found.problem else "yes", found.problem or describe_files(found))
        draft = draft_of(found, around.installed, around.options)
        checks = [installed, *option_checks(found, draft, around.options), fits(found, draft, around.budget)]
    if around.worker is None:
        return [*checks, Check("worker running", "unknown", "none answers; serve starts it")]
    return [*checks, Check("worker running", "yes", residence(target.model, around.worker))]


def describe_files(model: Installed) -> str:
    size = budget.readable(model.size)
    return size if model.adapter is None else f"{size}, an adapter of {model.adapter.base}"


def draft_of(
    model: Installed, models: Mapping[str, Installed], options: Mapping[str, wire.LoadOptions]
) -> Installed | None:
    """The installed model that guesses for this one."""
    name = options.get(model.name, wire.AS_IT_IS).draft_model
    return models.get(name) if name is not None and model.kind == "chat" else None


def option_checks(model: Installed, draft: Installed | None, options: Mapping[str, wire.LoadOptions]) -> list[Check]:
    wanted = options.get(model.name, wire.AS_IT_IS)
    checks: list[Check] = []
    if model.kind == "chat" and wanted.kv_bits is not None and (problem := quantizing_problem(model)) is not None:
        checks.append(Check("kv_bits", "no", problem))
    if model.kind == "chat" and wanted.draft_model is not None:
        checks.append(draft_check(model, wanted.draft_model, draft))
    return checks


def draft_check(model: Installed, name: str, draft: Installed | None) -> Check:
    if draft is None:
        return Check("draft model", "no", f"{name} is not installed; pull it: manage.py models pull {name}")
    if draft.problem is not None:
        return Check("draft model", "no", f"{name} is not loaded: {draft.problem}")
    if (problem := guessing_problem(model, draft)) is not None:
        return Check("draft model", "no", f"{name}: {problem}")
    return Check("draft model", "yes", f"{name}, {describe_files(draft)}")


def fits(model: Installed, draft: Installed | None, available: int | None) -> Check:
    needs = model.needs + (draft.needs if draft is not None else 0)
    needed = f"it needs {budget.readable(needs)}" + (" with its draft model" if draft is not None else "")
    if available is None:
        return Check("fits", "unknown", f"{needed}; only a running worker knows the device")
    why = f"{needed} of {budget.readable(available)}"
    return Check("fits", "yes" if needs <= available else "no", why)


def residence(model: str, worker: wire.Status) -> str:
    if worker.loading == model:
        return "the model is being loaded"
    return "the model is in memory" if is_resident(model, worker) else "not in memory yet; the first request loads it"


def cloud_checks(target: Target, around: Surroundings) -> list[Check]:
    upstream = target.upstream
    if upstream is None:
        return [Check("credential", "no", target.problem or "there is none")]
    key = "its key can be decrypted" if upstream.api_key is not None else "it holds no key, and none is sent"
    return [
        Check("credential", "yes", f"{upstream.name}: {key}"),
        address_check(upstream.base_url),
        patience_check(target, around),
    ]


def address_check(base_url: str | None) -> Check:
    """Where a name leads is judged when it is asked."""
    if base_url is None:
        return Check("address", "yes", "the vendor's own address")
    try:
        parts = urlsplit(base_url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        vet_host(parts.hostname or "", port, private=settings.PRIVATE_UPSTREAMS)
    except (ValueError, AddressRefused) as error:
        return Check("address", "no", str(error))
    return Check("address", "yes", base_url)


def patience_check(target: Target, around: Surroundings) -> Check:
    what = "not cooling down"
    if around.cooling is None:
        return Check(what, "unknown", "no gateway answers; serve starts it")
    if name_of(target) in around.cooling:
        return Check(what, "no", "it has failed lately; a fallback answers in its place")
    return Check(what, "yes")
