"""Explains what would happen to a request for a model."""

import asyncio
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandParser

from inference import installed, sockets
from inference.backends.local import LocalBackend
from inference.errors import BackendError
from inference.explain import Explanation, Surroundings, explain
from routing.resolver import load_snapshot

ORDER = ("First choice", "Fallback")


class Command(BaseCommand):
    help = "Explain, step by step, what would happen to a request for MODEL, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model")

    def handle(self, *_: Any, **options: Any) -> None:
        around = Surroundings(
            snapshot=load_snapshot(),
            installed=installed.find(settings.MODELS_DIR, settings.HUB_CACHE),
            loaded=asyncio.run(loaded_models()),
        )
        self.stdout.write(tell(explain(options["model"], around)))


async def loaded_models() -> frozenset[str] | None:
    """Ask the running worker; None where none answers."""
    local = LocalBackend(sockets.socket_path(settings.HOME))
    try:
        status = await local.status()
    except BackendError:
        return None
    finally:
        await local.aclose()
    return frozenset(model.name for model in status.models)


def tell(explanation: Explanation) -> str:
    lines = [f"{explanation.model}: {explanation.reason}"]
    lines += [f"  passed over: {other}" for other in explanation.passed_over]
    for place, target in zip(ORDER, explanation.targets, strict=False):
        lines.append(f"{place}: {target.backend} {target.model} (can answer: {target.can_answer})")
        lines += [f"  {check.what}: {check.verdict}{f', {check.why}' if check.why else ''}" for check in target.checks]
    if len(explanation.targets) == 1:
        lines.append("Fallback: none")
    return "\n".join(lines)
