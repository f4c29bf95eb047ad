"""What a model name resolves to, as frozen values. Imports no Django: backends and executor read these."""

from dataclasses import dataclass

from credentials.secret import Secret


@dataclass(frozen=True, slots=True)
class Upstream:
    """A credential as a backend needs it.

    `api_key` None: the upstream wants no key. `base_url` None: the vendor's own.
    """

    credential_id: int
    name: str
    base_url: str | None
    api_key: Secret | None


@dataclass(frozen=True, slots=True)
class Target:
    """One step of a route: which backend, and the model name it knows.

    `upstream` is None for `local`. A cloud target whose credential is missing or cannot be decrypted
    keeps `upstream` None and says why in `problem`; an attempt at it fails with `no_upstream_credential`.
    """

    backend: str
    model: str
    upstream: Upstream | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The ordered targets for one requested model. `mapping_id` None: an installed model answers under its own name."""

    requested_model: str
    mapping_id: int | None
    targets: tuple[Target, ...]
    local_only: bool = False
