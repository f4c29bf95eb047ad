"""How an answer shall be drawn: the fields that chats and legacy completions have alike."""

import msgspec

from inference import ir


class SamplingFields(msgspec.Struct, kw_only=True):
    """As clients send them."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    logit_bias: dict[str, float] | None = None


def parse_sampling(asked: SamplingFields) -> ir.Sampling:
    return ir.Sampling(
        temperature=asked.temperature,
        top_p=asked.top_p,
        top_k=asked.top_k,
        min_p=asked.min_p,
        frequency_penalty=asked.frequency_penalty,
        presence_penalty=asked.presence_penalty,
        seed=asked.seed,
        logit_bias=asked.logit_bias,
    )
