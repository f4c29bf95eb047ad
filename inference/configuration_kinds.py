"""All that a configuration file may say: what the earlier apps keep, and the options of local models."""

from inference.local_models_api import LocalModelCreate
from inference.models import LocalModel
from routing import applying
from routing.config_kinds import Difference, Kind


def apply_local_model(entry: LocalModelCreate, difference: Difference) -> LocalModel:
    row = applying.find_row(LocalModel, name=entry.name)
    applying.write(row, entry.model_dump(exclude={"name"}), difference)
    return row


KINDS = (*applying.KINDS, Kind("local_models", LocalModelCreate, LocalModel, apply_local_model))
