"""How likely the tokens of an answer were, as chat completions show it."""

from collections.abc import Iterable

from inference import ir
from inference.ir import JSON


def render_tokens(tokens: Iterable[ir.Token]) -> dict[str, JSON]:
    return {"content": [render_token(token) for token in tokens], "refusal": None}


def render_token(token: ir.Token) -> dict[str, JSON]:
    candidates = [render_one(candidate.data, candidate.logprob) for candidate in token.candidates]
    return render_one(token.data, token.logprob) | {"top_logprobs": candidates}


def render_one(data: bytes, logprob: float | None) -> dict[str, JSON]:
    return {"token": shown(data), "logprob": logprob, "bytes": list(data)}


def shown(data: bytes) -> str:
    r"""A piece of a character as OpenAI writes it: `\xe2\x82`."""
    return data.decode(errors="backslashreplace")
