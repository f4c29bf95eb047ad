"""What is loaded when a model is asked for: its files, and another model's where one guesses for it."""

from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.installed import Installed
from inference.protocols import wire
from inference.worker.catalogue import LookUp, installed

GUESSES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """`draft` guesses `guesses` tokens at a time. `kv_bits` None: the cache is as the model makes it."""

    model: Installed
    kv_bits: int | None = None
    draft: Installed | None = None
    guesses: int = GUESSES

    @property
    def needs(self) -> int:
        """Bytes of memory without which nothing is answered."""
        return self.model.needs + (self.draft.needs if self.draft is not None else 0)

    @property
    def is_plain(self) -> bool:
        return self.kv_bits is None and self.draft is None


def plan(model: Installed, options: wire.LoadOptions, look_up: LookUp) -> Plan:
    """Raises GatewayError where the draft model is not to be had."""
    if model.kind != "chat":
        return Plan(model)
    draft = None if options.draft_model is None else find_draft(model.name, options.draft_model, look_up)
    return Plan(model, options.kv_bits, draft, options.num_draft_tokens or GUESSES)


def find_draft(name: str, draft: str, look_up: LookUp) -> Installed:
    try:
        return installed(look_up, draft, "chat")
    except GatewayError as error:
        raise unusable(name, f"of its draft model: {error.message}") from error


def unusable(name: str, why: str) -> GatewayError:
    """For a model that cannot be loaded as its options are."""
    return GatewayError(Kind.MODEL_NOT_INSTALLED, f"model: {name} is not loaded because {why}", param="model")
