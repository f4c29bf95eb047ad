"""The other addresses that the vendors' SDKs and agents call."""

import anthropic
import openai

from benchmarks.faults.check import Ask, Check, Outcome, Protocol
from benchmarks.faults.must import refused
from benchmarks.faults.sdk import played

COUNTED = b'{"model":"MODEL","system":"' + b"Be brief. " * 50 + b'","messages":[{"role":"user","content":"Hi"}]}'


def counts(outcome: Outcome) -> None:
    """Agents ask before each turn, and do badly without an answer. 100 words are more than 50 tokens."""
    reply = outcome.reply
    assert reply.status == 200, f"status {reply.status}: {reply.body[:160]!r}"
    with anthropic.Anthropic(base_url="http://played", api_key="any", http_client=played(reply)) as client:
        count = client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "Hi"}])
    assert isinstance(count.input_tokens, int), f"input_tokens is {count.input_tokens!r}"
    if outcome.ask.to == "openai":
        assert count.input_tokens > 50, f"{count.input_tokens} tokens for 100 words"


def lists_for_openai(outcome: Outcome) -> None:
    with openai.OpenAI(base_url="http://played", api_key="any", http_client=played(outcome.reply)) as client:
        names = {model.id for model in client.models.list() if model.object == "model" and model.owned_by}
    assert outcome.model in names, "the model is not in the list"


def lists_for_anthropic(outcome: Outcome) -> None:
    with anthropic.Anthropic(base_url="http://played", api_key="any", http_client=played(outcome.reply)) as client:
        names = {model.id for model in client.models.list().data if model.type == "model" and model.display_name}
    assert outcome.model in names, "the model is not in the list"


def names_it(outcome: Outcome) -> None:
    with openai.OpenAI(base_url="http://played", api_key="any", http_client=played(outcome.reply)) as client:
        assert client.models.retrieve("any").id == outcome.model, "another model"


def count(to: Protocol) -> Ask:
    return Ask("anthropic", to, raw=COUNTED, path="/v1/messages/count_tokens")


ADDRESSES = (
    Check("tokens are counted, anthropic to anthropic", count("anthropic"), (counts,)),
    Check("tokens are counted, anthropic to openai", count("openai"), (counts,)),
    Check("models for OpenAI's SDK", Ask("openai", "openai", method="GET", path="/v1/models"), (lists_for_openai,)),
    Check(
        "models for Anthropic's SDK",
        Ask("anthropic", "anthropic", method="GET", path="/v1/models?limit=1000"),
        (lists_for_anthropic,),
    ),
    Check("one model", Ask("openai", "openai", method="GET", path="/v1/models/MODEL"), (names_it,)),
    Check(
        "a model that is not there",
        Ask("openai", "openai", method="GET", path="/v1/models/nobody-serves-this"),
        (refused(404),),
    ),
)
