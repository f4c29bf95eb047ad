"""Several answers to one conversation, as chat completions show them."""

from collections.abc import Sequence

import msgspec

from inference import ir
from inference.protocols import native
from inference.protocols.choices import LocalChoices, numbered
from inference.protocols.codec import Aim, Answering
from inference.protocols.openai_chat.responses import render_completions
from inference.protocols.openai_chat.stream_rendering import StreamRenderer


class ChoiceRendering:
    def __init__(self, answering: Answering, count: int) -> None:
        self._answering = answering
        self._renderers = [StreamRenderer(answering, index=index, closes=False) for index in range(count)]

    def whole(self, completions: Sequence[ir.Completion], usage: ir.Usage) -> bytes:
        return render_completions(completions, usage, self._answering)

    def piece(self, index: int, events: ir.Events) -> bytes:
        # What merely begins an answer goes out with its first content.
        return self._renderers[index].render([e for e in events if not isinstance(e, ir.Started | ir.Ping)])

    def end(self, usage: ir.Usage) -> bytes:
        return self._renderers[0].close(usage)


def local_choices(request: ir.Request, aim: Aim, answering: Answering) -> LocalChoices:
    """Raises Untranslatable."""
    job = native.job(request, aim)
    jobs = [
        msgspec.structs.replace(job, request=msgspec.structs.replace(job.request, sampling=sampling))
        for sampling in (numbered(request.sampling, number) for number in range(request.answers))
    ]
    rendering = ChoiceRendering(answering, len(jobs))
    return LocalChoices(jobs, rendering, answers=len(jobs), request_id=answering.request_id, warnings=aim.warnings)
