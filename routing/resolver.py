"""Reads the configuration into a snapshot, and keeps the snapshot of this process fresh from a thread of its own."""

import logging
import threading
import time
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from credentials import generation
from credentials.backend_type import BackendType
from credentials.keyring import UnreadableSecret
from credentials.models import ClientKey, CloudCredential
from credentials.priority import Priority
from routing import profile_words
from routing.client import Client
from routing.models import BackendMapping, ModelProfile
from routing.route import Upstream
from routing.snapshot import Override, Rule, Snapshot, Step

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
STALE_SECONDS = 5.0
NEVER = -1

type Found = Upstream | str  # An upstream, or why there is none.


def load_snapshot() -> Snapshot:
    """Read everything. A credential that cannot be read is a problem of its targets, not an exception."""
    while True:
        before = generation.current()
        snapshot = _read(before)
        # Every change raises the counter in its own transaction, so an unmoved counter means one whole state
        # was read: on both databases, and without SQLite's write lock that a transaction would take.
        if generation.current() == before:
            return snapshot


def read_upstream(credential: CloudCredential) -> Upstream:
    """Raises UnreadableSecret or ImproperlyConfigured."""
    return Upstream(
        credential.pk,
        str(credential),
        credential.base_url,
        credential.api_key,
        allowed_betas=None if credential.allowed_betas is None else tuple(credential.allowed_betas),
        forwarded_headers=tuple(credential.forwarded_headers),
    )


class SnapshotKeeper:
    """`current` is always a snapshot: the last good one while the database is away, an empty one before the first.

    `healthy` says whether the database has answered lately, so that an unknown key can be told from an unread one.
    """

    def __init__(self, poll_seconds: float = POLL_SECONDS) -> None:
        self.current = Snapshot(NEVER)
        self._poll_seconds = poll_seconds
        self._answered_at: float | None = None
        self._first_attempt = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    @property
    def healthy(self) -> bool:
        answered_at = self._answered_at
        return answered_at is not None and time.monotonic() - answered_at < STALE_SECONDS

    def start(self, patience: float = 10.0) -> None:
        """Start the thread; return once it has tried to read, or after `patience` seconds."""
        self._thread.start()
        self._first_attempt.wait(patience)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._refresh()
                self._first_attempt.set()
                self._stopping.wait(self._poll_seconds)
        finally:
            connection.close()

    def _refresh(self) -> None:
        try:
            if generation.current() != self.current.generation:
                self.current = load_snapshot()
                logger.info("configuration loaded generation=%d", self.current.generation)
            self._answered_at = time.monotonic()
        except Exception:
            # The edge of this thread: it must outlive whatever the database does.
            is_news = self.healthy or not self._first_attempt.is_set()
            self._answered_at = None
            connection.close()
            if is_news:
                logger.exception("configuration cannot be read; the last known one stays in force")


def _read(number: int) -> Snapshot:
    found: dict[int, Found] = {}
    defaults: dict[str, Found] = {}
    for credential in CloudCredential.objects.all():
        found[credential.pk] = _found(credential)
        if credential.name == "default":
            defaults[credential.backend_type] = found[credential.pk]
    mappings = BackendMapping.objects.filter(enabled=True)
    return Snapshot(
        number,
        [_rule(mapping, found, defaults) for mapping in mappings],
        overrides=filter(None, map(_override, ModelProfile.objects.order_by("pk"))),
        clients=[_client(key) for key in ClientKey.objects.all()],
        problems=[problem for problem in found.values() if isinstance(problem, str)],
    )


def _found(credential: CloudCredential) -> Found:
    try:
        return read_upstream(credential)
    except (UnreadableSecret, ImproperlyConfigured) as error:
        return f"Credential {credential}: {error}"


def _rule(mapping: BackendMapping, found: Mapping[int, Found], defaults: Mapping[str, Found]) -> Rule:
    def step(backend: str, model: str | None, credential_id: int | None) -> Step:
        if backend == BackendType.LOCAL:
            return Step(backend, model)
        upstream = found.get(credential_id) if credential_id is not None else defaults.get(backend)
        if isinstance(upstream, Upstream) and not upstream.name.startswith(f"{backend}/"):
            return Step(backend, model, problem=f"Credential {upstream.name} is not for {backend}.")
        if isinstance(upstream, Upstream):
            return Step(backend, model, upstream)
        return Step(backend, model, problem=upstream or f"There is no credential {backend}/default.")

    steps = [step(mapping.backend_type, mapping.sent_model, mapping.credential_id)]
    if mapping.fallback_backend is not None:
        steps.append(step(mapping.fallback_backend, mapping.sent_fallback_model, mapping.fallback_credential_id))
    return Rule(
        mapping.pk,
        mapping.model_pattern,
        mapping.priority,
        tuple(steps),
        local_only=mapping.local_only,
        strict_params=mapping.strict_params,
    )


def _override(profile: ModelProfile) -> Override | None:
    """None for one that another version has stored and this one does not understand."""
    problems = profile_words.problems(profile.settings)
    if problems:
        logger.warning("model profile %s is not used: %s", profile, " ".join(problems))
        return None
    return Override(profile.backend_type, profile.model_pattern, profile.settings)


def _client(key: ClientKey) -> Client:
    return Client(
        id=key.pk,
        name=key.name,
        digest=bytes.fromhex(key.key_hash),
        enabled=key.enabled,
        expires_at=key.expires_at,
        allowed_models=tuple(key.allowed_models),
        is_admin=key.is_admin,
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        monthly_budget=key.monthly_budget,
        is_batch=key.priority == Priority.BATCH,
    )
