"""Legacy completions at the local worker: raw prompts, several at once, each with several answers."""

from inference.exchange import Asked
from inference.protocols.choices import LocalChoices
from inference.protocols.codec import Aim, Answering
from inference.protocols.openai_completions.answers import CompletionRendering
from inference.protocols.openai_completions.requests import jobs, parse_request
from inference.unambiguous import unambiguous


def local_completions(asked: Asked, aim: Aim) -> LocalChoices:
    """Raises GatewayError naming the field."""
    unambiguous(asked.body)
    request = parse_request(asked.body, aim.warnings)
    answering = Answering(
        asked.request_id,
        asked.model,
        asked.created,
        include_usage=request.include_usage,
        logprobs=request.logprobs is not None,
    )
    made = jobs(request, aim.model)
    return LocalChoices(
        made,
        CompletionRendering(answering, len(made), drawn=request.drawn, answers=request.answers),
        answers=request.drawn,
        request_id=asked.request_id,
        warnings=aim.warnings,
    )
