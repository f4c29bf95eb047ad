"""What a local server must refuse by OpenAI's chat protocol, and say that it is the client's fault."""

from collections.abc import Callable, Mapping

from benchmarks.faults.check import Ask
from benchmarks.faults.local import Local
from benchmarks.faults.must import refused

WITH = b'{"model":"MODEL","messages":[{"role":"user","content":"Hi"}],'
DEEP = b"[" * 100_000 + b"]" * 100_000


def refuses_get(local: Local) -> None:
    local.told(Ask("openai", "openai", method="GET"), 404, 405)


def refuses_an_unknown_path(local: Local) -> None:
    local.told(Ask("openai", "openai", path="/v1/chat/unknown"), 404)


def names_an_unknown_model(local: Local) -> None:
    local.told(Ask("openai", "openai", body={"model": "nobody/has-this"}), 400, 404)


def shapes_errors(local: Local) -> None:
    refused(400, 422)(local.send(Ask("openai", "openai", body={"temperature": -1})))


LOCAL_REFUSALS: Mapping[str, Callable[[Local], None]] = {
    "an unknown path": refuses_an_unknown_path,
    "GET where POST is meant": refuses_get,
    "an unknown model": names_an_unknown_model,
    "no messages": lambda local: local.refuses(messages=[]),
    "messages that are missing": lambda local: local.refuses_raw(b'{"model":"MODEL"}'),
    "messages that are text": lambda local: local.refuses(messages="Hi"),
    "a role nobody knows": lambda local: local.refuses(messages=[{"role": "wizard", "content": "Hi"}]),
    "a message without content": lambda local: local.refuses(messages=[{"role": "user"}]),
    "a body that is no JSON": lambda local: local.refuses_raw(b'{"model": '),
    "a body that is a list": lambda local: local.refuses_raw(b"[1]"),
    "bytes that are no UTF-8": lambda local: local.refuses_raw(WITH + b'"user":"caf\xe9"}'),
    "NaN in the body": lambda local: local.refuses_raw(WITH + b'"temperature":NaN}'),
    "nesting 100,000 deep": lambda local: local.refuses_raw(WITH + b'"metadata":' + DEEP + b"}"),
    "a negative temperature": lambda local: local.refuses(temperature=-1),
    "a temperature that is text": lambda local: local.refuses(temperature="warm"),
    "a top_p of 5": lambda local: local.refuses(top_p=5),
    "max_tokens of -1": lambda local: local.refuses(max_tokens=-1),
    "stop that is a number": lambda local: local.refuses(stop=7),
    "tools that are text": lambda local: local.refuses(tools="all of them"),
    "stream that is text": lambda local: local.refuses(stream="yes"),
    "a logit_bias that is text": lambda local: local.refuses(logit_bias={"7": "much"}),
    "an error has OpenAI's shape": shapes_errors,
}
