"""What a model name resolves to, as frozen values. Imports no Django: backends and executor read these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from credentials.secret import Secret


@dataclass(frozen=True, slots=True)
class Upstream:
    """A credential as a backend needs it.

    `api_key` None: the upstream wants no key. `base_url` None: the vendor's own. `allowed_betas` are the beginnings of
    those Anthropic betas that may be sent, None: all. `forwarded_headers` are further headers of the client's that
    may, in lower case.
    """

    credential_id: int
    name: str
    base_url: str | None
    api_key: Secret | None
    allowed_betas: tuple[str, ...] | None = None
    forwarded_headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One step of a route: which backend, and the model name it knows.

    `upstream` is None for `local`. A cloud target whose credential is missing or cannot be decrypted
    keeps `upstream` None and says why in `problem`; an attempt at it fails with `no_upstream_credential`.
    `overrides` is what the operator says of the model, in the fields of `routing.profile.Profile`.
    """

    backend: str
    model: str
    upstream: Upstream | None = None
    problem: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Route:
    """The ordered targets for one requested model. `mapping_id` None: an installed model answers under its own name.

    `pattern` is the mapping's, empty where there is none.
    `strict_params`: what translation would have to weaken or leave out is refused instead.
    """

    requested_model: str
    mapping_id: int | None
    targets: tuple[Target, ...]
    local_only: bool = False
    strict_params: bool = False
    pattern: str = field(default="", compare=False)
