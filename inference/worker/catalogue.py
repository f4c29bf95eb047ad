"""From a model's name to its files: what is not installed, or not loadable, is refused in the same words everywhere."""

import contextlib
import logging
from collections.abc import Callable, Iterator

from inference.errors import GatewayError, Kind
from inference.installed import Installed, ModelKind

log = logging.getLogger(__name__)

# A name leads to a folder through this alone.
type LookUp = Callable[[str], Installed | None]


def installed(look_up: LookUp, name: str, kind: ModelKind | None = None) -> Installed:
    """Raises GatewayError, also for a model of another kind."""
    model = look_up(name)
    if model is None:
        raise GatewayError(Kind.MODEL_NOT_INSTALLED, f"model: {name} is not installed here.", param="model")
    if model.problem is not None:
        message = f"model: {name} is not loaded: {model.problem}."
        raise GatewayError(Kind.MODEL_NOT_INSTALLED, message, param="model")
    check_kind(model, kind)
    return model


def check_kind(model: Installed, kind: ModelKind | None) -> None:
    if kind is not None and kind != model.kind:
        does = (
            "writes text, and makes no embeddings" if model.kind == "chat" else "makes embeddings, and writes no text"
        )
        raise GatewayError(Kind.UNSUPPORTED_ENDPOINT, f"model: {model.name} {does}.", param="model")


@contextlib.contextmanager
def loading(name: str) -> Iterator[None]:
    """Around what reads a model's files, which can be broken in any way; the reason is for the operator, in the log."""
    try:
        yield
    except Exception as error:
        log.exception("model failed to load model=%s", name)
        message = f"model: {name} cannot be loaded ({type(error).__name__})."
        raise GatewayError(Kind.MODEL_NOT_INSTALLED, message, param="model") from error
