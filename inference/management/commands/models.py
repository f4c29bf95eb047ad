"""Lists, brings and removes local models."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from inference import downloads, prefix_folder
from inference.budget import readable
from inference.explain import Check, draft_of, fits
from inference.installed import Installed, find
from inference.local_states import is_resident, known_budget, worker_state
from inference.models import read_load_options
from inference.protocols.wire import LoadOptions

PLACES = {"bundled": "comes with MLX Manager", "models": "MLXMANAGER_MODELS_DIR", "cache": "the Hugging Face cache"}


class Command(BaseCommand):
    help = "List the installed local models, pull one from the Hugging Face hub, or remove one."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|pull|remove")
        actions.add_parser("list", help="names, sizes and where they lie")
        pull = actions.add_parser("pull", help="download a model; goes on where it was interrupted")
        pull.add_argument("name", help="as organisation/model")
        pull.add_argument("--revision", help="a branch, tag or commit; the default is main")
        remove = actions.add_parser("remove", help="delete a model that was pulled")
        remove.add_argument("name", help="as organisation/model")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            match options["action"]:
                case "list":
                    self.list()
                case "pull":
                    self.pull(options["name"], options["revision"])
                case "remove":
                    self.remove(options["name"])
        except downloads.DownloadError as error:
            raise CommandError(str(error)) from None

    def list(self) -> None:
        worker = worker_state().status
        available = known_budget(worker)
        models, options = installed(), load_options()
        for model in models.values():
            draft = draft_of(model, models, options)
            notes = ["for embeddings"] if model.kind == "embedding" else []
            notes += [f"adapter of {model.adapter.base}"] if model.adapter else []
            notes += ["in memory"] if worker is not None and is_resident(model.name, worker) else []
            notes += [f"not loaded: {model.problem}"] if model.problem else []
            row = [
                f"{model.name:48} {readable(model.size):>9}",
                tell(fits(model, draft, available)),
                PLACES[model.place],
                *notes,
            ]
            self.stdout.write("   ".join(row))

    def pull(self, name: str, revision: str | None) -> None:
        folder = downloads.pull(
            name,
            settings.MODELS_DIR,
            revision=revision,
            announce=lambda size: self.stdout.write(f"{name} is {readable(size)} to download"),
        )
        models = installed()
        model, draft = models[name], draft_of(models[name], models, load_options())
        self.stdout.write(f"{name} is installed ({readable(model.size)}) in {folder}")
        if model.problem is not None:
            self.stdout.write(f"It is not loaded: {model.problem}.")
            return
        self.stdout.write(f"It {tell(fits(model, draft, known_budget(worker_state().status)))}.")

    def remove(self, name: str) -> None:
        folder = downloads.place(name, settings.MODELS_DIR)
        model = installed().get(name)
        if model is not None and model.place != "models":
            raise CommandError(f"{name} stays: it lies in {PLACES[model.place]}, not in MLXMANAGER_MODELS_DIR.")
        if model is None and not downloads.partial_place(folder).exists():
            raise CommandError(f"{name} is not installed.")
        downloads.remove(folder)
        prefix_folder.remove(prefix_folder.locate(settings.HOME), name)
        self.stdout.write(f"{name} is removed.")


def installed() -> dict[str, Installed]:
    return find(settings.MODELS_DIR, settings.HUB_CACHE)


def load_options() -> dict[str, LoadOptions]:
    """None are there where nothing was configured yet: models may be pulled before."""
    try:
        return read_load_options()
    except DatabaseError:
        return {}


def tell(check: Check) -> str:
    """Whether a model fits, with the numbers."""
    words = {"yes": "fits", "no": "does not fit", "unknown": "may fit"}
    return f"{words[check.verdict]} ({check.why})"
