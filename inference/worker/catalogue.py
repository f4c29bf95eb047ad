"""From a model's name to its files: what is not installed, or not loadable, is refused in the same words everywhere."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from inference.errors import GatewayError, Kind
from inference.installed import Installed, ModelKind
from inference.model_files import FilesError

log = logging.getLogger(__name__)

# A name leads to a folder through this alone.
type LookUp = Callable[[str], Installed | None]

# Characters: mlx lists all the weights that it misses.
LONGEST_REASON = 300
# How long, in seconds, the disk is not asked again about a model that is there.
SEEN = 1.0


def remembering(look_up: LookUp) -> LookUp:
    """A look at a folder is a hundred system calls, at each of which the thread that runs the models may go first."""
    seen: dict[str, tuple[float, Installed]] = {}

    def look(name: str) -> Installed | None:
        until, model = seen.get(name, (0.0, None))
        if model is None or time.monotonic() >= until:
            model = look_up(name)
            if model is not None:
                seen[name] = time.monotonic() + SEEN, model
        return model

    return look


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
    except GatewayError:
        raise
    except FilesError as error:
        raise GatewayError(Kind.MODEL_NOT_INSTALLED, f"model: {name} is not loaded: {error}.", param="model") from error
    except Exception as error:
        # At each request for it: where in the code it was is of use to few.
        log.warning("model failed to load model=%s reason=%s", name, told(error))
        log.debug("model failed to load model=%s", name, exc_info=True)
        message = f"model: {name} cannot be loaded ({type(error).__name__})."
        raise GatewayError(Kind.MODEL_NOT_INSTALLED, message, param="model") from error


def told(error: Exception) -> str:
    """In one line, and not without end."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST_REASON]
