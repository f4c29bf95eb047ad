"""Explains what would happen to a request for a model."""

import json
from typing import Any

from django.core.management import CommandParser

from credentials.management.tables import TablesCommand
from inference.explain import Explanation, explain, look_around

ORDER = ("First choice", "Fallback")


class Command(TablesCommand):
    help = "Explain, step by step, what would happen to a request for MODEL, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model")

    def handle(self, *_: Any, **options: Any) -> None:
        self.stdout.write(tell(explain(options["model"], look_around())))


def tell(explanation: Explanation) -> str:
    lines = [f"{explanation.model}: {explanation.reason}"]
    lines += [f"  passed over: {other}" for other in explanation.passed_over]
    for place, target in zip(ORDER, explanation.targets, strict=False):
        lines.append(f"{place}: {target.backend} {target.model} (can answer: {target.can_answer})")
        lines += [f"  {check.what}: {check.verdict}{f', {check.why}' if check.why else ''}" for check in target.checks]
        lines += [f"  profile: {name} = {json.dumps(value)}" for name, value in target.overrides.items()]
    if len(explanation.targets) == 1:
        lines.append("Fallback: none")
    return "\n".join(lines)
