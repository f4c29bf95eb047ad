"""The whole configuration at one moment, frozen, so that a request is routed without a query. Imports no Django."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

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
        return Route(model, self.mapping_id, targets, local_only=self.local_only, strict_params=self.strict_params)


class Snapshot:
    """`problems` names the credentials that cannot be read, each with its reason."""

    def __init__(
        self,
        generation: int,
        rules: Iterable[Rule] = (),
        *,
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
        self._clients = {client.digest: client for client in clients}
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
        return rule.route(model) if rule is not None else None


def precedence(rule: Rule) -> tuple[int, tuple[bool, int], int]:
    """Higher priority first, then the more specific pattern, then the older mapping."""
    return -rule.priority, patterns.specificity(rule.pattern), rule.mapping_id
