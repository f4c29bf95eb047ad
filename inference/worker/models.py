"""The models in memory, each with its batch, loaded when they are first asked for."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inference.installed import Installed, ModelKind
from inference.worker.batch import Batch
from inference.worker.catalogue import LookUp, check_kind, installed, loading
from inference.worker.embedding_batch import EmbeddingBatch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resident:
    installed: Installed
    batch: Batch | EmbeddingBatch


class Models:
    """Called on the MLX thread, but for `loading`."""

    def __init__(self, look_up: LookUp, load: Callable[[Installed], Batch | EmbeddingBatch]) -> None:
        self._look_up = look_up
        self._load = load
        self._residents: dict[str, Resident] = {}
        self.loading: str | None = None

    def __iter__(self) -> Iterator[Resident]:
        return iter(list(self._residents.values()))

    def has_room(self, name: str) -> bool:
        """Whether a request for the model could begin now: one that is not loaded has all its room."""
        resident = self._residents.get(name)
        return resident is None or resident.batch.has_room

    def batch(self, name: str, kind: ModelKind | None = None) -> Batch | EmbeddingBatch:
        """The model's batch. Raises GatewayError where the model cannot be loaded, or is of another kind."""
        resident = self._residents.get(name)
        if resident is None:
            resident = self._residents[name] = self._bring(name, kind)
        check_kind(resident.installed, kind)
        return resident.batch

    def drop(self, name: str) -> None:
        resident = self._residents.pop(name, None)
        if resident is not None:
            resident.batch.close()
            log.info("model unloaded model=%s", name)

    def _bring(self, name: str, kind: ModelKind | None) -> Resident:
        model = installed(self._look_up, name, kind)
        self.loading = name
        began = time.monotonic()
        try:
            with loading(name):
                batch = self._load(model)
        finally:
            self.loading = None
        log.info("model loaded model=%s bytes=%d seconds=%.2f", name, model.size, time.monotonic() - began)
        return Resident(model, batch)
