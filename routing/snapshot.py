"""The whole configuration at one moment, frozen, so that a request is routed without a query. Imports no Django."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from routing import patterns
from routing.client import Client
from routing.route import Route, Target, Upstream

CACHED_ROUTES = 4096
LONGEST_CACHED_NAME = 256


@dataclass(frozen=True, slots=True)
class Step:
    """A target before the requested name is known. `model` None: the requested name."""

    backend: str
    model: str | None = None
    upstream: Upstream | None = None
    problem: str | None = None

    def target(self, requested: str) -> Target:
        return Target(self.backend, self.model or requested, self.upstream, self.problem)


@dataclass(frozen=True, slots=True)
class Rule:
    """An enabled mapping. A higher `priority` is checked first."""

    mapping_id: int
    pattern: str
    priority: int
    steps: tuple[Step, ...]
    local_only: bool = False
    strict_params: bool = False

    def route(self, model: str) -> Route:
        # The fence holds here too, whatever a row that came past validation says.
        steps = [step for step in self.steps if step.backend == "local" or not self.local_only]
        targets = tuple(step.target(model) for step in steps)
        return Route(
            model,
            self.mapping_id,
            targets,
            local_only=self.local_only,
            strict_params=self.strict_params,
            pattern=self.pattern,
        )


@dataclass(frozen=True, slots=True)
class Override:
    """What the operator says of a backend's models whose name the pattern matches."""

    backend: str
    pattern: str
    settings: Mapping[str, Any]


class Snapshot:
    """`problems` names the credentials that cannot be read, each with its reason. `limited_ids` are the client keys
    that have a limit.
    """

    def __init__(
        self,
        generation: int,
        rules: Iterable[Rule] = (),
        *,
        overrides: Iterable[Override] = (),
        clients: Iterable[Client] = (),
        problems: Iterable[str] = (),
    ) -> None:
        ordered = sorted(rules, key=precedence)
        self.generation = generation
        self.problems = tuple(problems)
        self.patterns = tuple(dict.fromkeys(rule.pattern for rule in ordered))
        self.exact_names = tuple(name for name in self.patterns if not patterns.is_glob(name))
        self.has_cloud_target = any(step.upstream is not None for rule in ordered for step in rule.steps)
        self._index = patterns.Index(ordered, lambda rule: rule.pattern)
        self._overrides = _by_backend(overrides)
        self._clients = {client.digest: client for client in clients}
        self.limited_ids = frozenset(client.id for client in self._clients.values() if client.is_limited)
        self._cached_route = lru_cache(maxsize=CACHED_ROUTES)(self._route)

    def route(self, model: str) -> Route | None:
        """What the first matching mapping makes of this name; None where no mapping matches."""
        # Clients choose the names: a long one must not fill the memory.
        return self._cached_route(model) if len(model) <= LONGEST_CACHED_NAME else self._route(model)

    def client(self, digest: bytes) -> Client | None:
        """The client whose key has this SHA-256 digest, whether or not it is enabled or expired."""
        client = self._clients.get(digest)
        return client if client is not None and hmac.compare_digest(client.digest, digest) else None

    def _route(self, model: str) -> Route | None:
        rule = self._index.first(model)
        if rule is None:
            return None
        route = rule.route(model)
        return replace(route, targets=tuple(self._with_overrides(target) for target in route.targets))

    def _with_overrides(self, target: Target) -> Target:
        overrides = self._overrides.get(target.backend)
        override = overrides.first(target.model) if overrides is not None else None
        return replace(target, overrides=override.settings) if override is not None else target


def _by_backend(overrides: Iterable[Override]) -> Mapping[str, patterns.Index[Override]]:
    """The more specific pattern decides, then the one that comes first."""
    ordered = sorted(overrides, key=lambda override: patterns.specificity(override.pattern))
    return {
        backend: patterns.Index([one for one in ordered if one.backend == backend], lambda override: override.pattern)
        for backend in {override.backend for override in ordered}
    }


def precedence(rule: Rule) -> tuple[int, tuple[bool, int], int]:
    """Higher priority first, then the more specific pattern, then the older mapping."""
    return -rule.priority, patterns.specificity(rule.pattern), rule.mapping_id
