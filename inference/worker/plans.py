"""What is loaded when a model is asked for: its files, and another model's where one guesses for it."""

from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.installed import Installed
from inference.model_stamps import Stamp, stamp
from inference.protocols import wire
from inference.worker.catalogue import LookUp, installed

GUESSES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """`draft` is the model that the options name."""

    model: Installed
    options: wire.LoadOptions = wire.AS_IT_IS
    draft: Installed | None = None

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def needs(self) -> int:
        """Bytes of memory without which nothing is answered."""
        return self.model.needs + (self.draft.needs if self.draft is not None else 0)

    def stamp(self) -> Stamp:
        """Of the files as they are now."""
        models = [one for one in (self.model, self.draft) if one is not None]
        return stamp(
            *(one.folder for one in models), *(one.adapter.folder for one in models if one.adapter is not None)
        )

    @property
    def guesses(self) -> int:
        """How many tokens the draft model guesses at a time."""
        return self.options.num_draft_tokens or GUESSES


def plan(model: Installed, options: wire.LoadOptions, look_up: LookUp) -> Plan:
    """Raises GatewayError where the draft model is not to be had."""
    if options.draft_model is None or model.kind != "chat":
        return Plan(model, options)
    return Plan(model, options, find_draft(model.name, options.draft_model, look_up))


def find_draft(name: str, draft: str, look_up: LookUp) -> Installed:
    try:
        return installed(look_up, draft, "chat")
    except GatewayError as error:
        raise unusable(name, f"of its draft model: {error.message}") from error


def unusable(name: str, why: str) -> GatewayError:
    """For a model that cannot be loaded as its options are."""
    return GatewayError(Kind.MODEL_NOT_INSTALLED, f"model: {name} is not loaded because {why}", param="model")
