"""How an answer shall be drawn, as far as an Anthropic model lets itself be told."""

from inference import ir
from inference.errors import Untranslatable
from inference.ir import JSON
from inference.protocols.codec import Aim

LEAST_BAN = 100
HIGHEST_TEMPERATURE = 1.0
# Without effect, so that nobody need be told that it is left out.
NEUTRAL = 1.0
LEAST_TOP_P_WITH_THINKING = 0.95


def render_sampling(sampling: ir.Sampling, aim: Aim, *, thinks: bool) -> dict[str, JSON]:
    """Raises Untranslatable."""
    warn_of_unknown(sampling, aim)
    fixed = aim.profile.sampling == "none"
    body: dict[str, JSON] = {}
    temperature, top_p = sampling.temperature, sampling.top_p
    if temperature is not None and not (fixed or thinks):
        if temperature > HIGHEST_TEMPERATURE:
            aim.warnings.add("temperature", "clamped")
        body["temperature"] = min(temperature, HIGHEST_TEMPERATURE)
    elif temperature not in (None, NEUTRAL):
        aim.warnings.add("temperature", "thinking" if thinks and not fixed else "unsupported")
    excluded = "temperature" in body and aim.profile.sampling == "one"
    too_low = thinks and top_p is not None and top_p < LEAST_TOP_P_WITH_THINKING
    if top_p is not None and not (fixed or excluded or too_low):
        body["top_p"] = top_p
    elif top_p not in (None, NEUTRAL):
        aim.warnings.add("top_p", "unsupported" if fixed else "temperature" if excluded else "thinking")
    if sampling.top_k is not None:
        if aim.profile.top_k and not thinks:
            body["top_k"] = sampling.top_k
        else:
            aim.warnings.add("top_k", "thinking" if aim.profile.top_k else "unsupported")
    return body


def warn_of_unknown(sampling: ir.Sampling, aim: Aim) -> None:
    """Of what no Anthropic model knows. To ban or force a token is more than a wish, and refused."""
    bias = sampling.logit_bias or {}
    if any(abs(value) >= LEAST_BAN for value in bias.values()):
        message = "The backend that answers this model cannot ban or force tokens."
        raise Untranslatable(message, param="logit_bias")
    unknown = {
        "logit_bias": bool(bias),
        "seed": sampling.seed is not None,
        "frequency_penalty": bool(sampling.frequency_penalty),
        "presence_penalty": bool(sampling.presence_penalty),
        "min_p": bool(sampling.min_p),
    }
    for name, present in unknown.items():
        if present:
            aim.warnings.add(name, "unsupported")


def render_stop(stop: tuple[str, ...], aim: Aim) -> dict[str, JSON]:
    kept = [sequence for sequence in stop if sequence.strip()]
    if len(kept) < len(stop):
        aim.warnings.add("stop", "white_space")
    return {"stop_sequences": kept} if kept else {}
