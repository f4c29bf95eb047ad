"""The models in memory, each with its batch, loaded when they are first asked for."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.installed import Installed
from inference.worker.batch import Batch, Engine

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resident:
    installed: Installed
    batch: Batch


class Models:
    """Called on the MLX thread, but for `find` and `loading`.

    `find` looks up what is installed: a name leads to a folder through it alone.
    """

    def __init__(self, find: Callable[[], dict[str, Installed]], load: Callable[[Installed], Engine]) -> None:
        self._find = find
        self._load = load
        self._residents: dict[str, Resident] = {}
        self.loading: str | None = None

    def __iter__(self) -> Iterator[Resident]:
        return iter(list(self._residents.values()))

    def has_room(self, name: str) -> bool:
        """Whether a request for the model could begin now: one that is not loaded has all its room."""
        resident = self._residents.get(name)
        return resident is None or resident.batch.has_room

    def batch(self, name: str) -> Batch:
        """The model's batch. Raises GatewayError where the model cannot be loaded."""
        resident = self._residents.get(name)
        if resident is None:
            resident = self._residents[name] = self._bring(name)
        return resident.batch

    def drop(self, name: str) -> None:
        resident = self._residents.pop(name, None)
        if resident is not None:
            resident.batch.engine.close()
            log.info("model unloaded model=%s", name)

    def _bring(self, name: str) -> Resident:
        installed = self._find().get(name)
        if installed is None:
            raise GatewayError(Kind.MODEL_NOT_INSTALLED, f"model: {name} is not installed here.", param="model")
        if installed.problem is not None:
            message = f"model: {name} is not loaded: {installed.problem}."
            raise GatewayError(Kind.MODEL_NOT_INSTALLED, message, param="model")
        self.loading = name
        began = time.monotonic()
        try:
            engine = self._load(installed)
        except Exception as error:
            # A model's files can be broken in any way; the reason is for the operator, in the log.
            log.exception("model failed to load model=%s", name)
            message = f"model: {name} cannot be loaded ({type(error).__name__})."
            raise GatewayError(Kind.MODEL_NOT_INSTALLED, message, param="model") from error
        finally:
            self.loading = None
        log.info("model loaded model=%s bytes=%d seconds=%.2f", name, installed.size, time.monotonic() - began)
        return Resident(installed, Batch(engine))
