"""The order that each vendor demands of a conversation, checked on the request's JSON without the product's help.

Each function lists what is wrong; an empty list is a request that the vendor takes.
"""

import json
import re
from itertools import pairwise
from typing import Any

from tests.inference.contents import parts_of
from tests.inference.exchanges import ANTHROPIC, OPENAI

IDENTIFIER = re.compile(r"[a-zA-Z0-9_-]+")
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ORDER = {"thinking": 0, "redacted_thinking": 0, "text": 1, "tool_use": 2}


def violations(protocol: str, request: dict[str, Any]) -> list[str]:
    if protocol == ANTHROPIC:
        return anthropic_violations(request)
    return openai_violations(request) if protocol == OPENAI else []


def calls_in(message: dict[str, Any]) -> list[str]:
    return [block["id"] for block in parts_of(message["content"]) if block["type"] == "tool_use"]


def anthropic_violations(request: dict[str, Any]) -> list[str]:
    messages = request["messages"]
    wrong: list[str] = []
    spoken = [message for message in messages if message["role"] != "system"]
    if not spoken or spoken[0]["role"] != "user":
        wrong.append("the first turn is not the user's")
    if any(before["role"] == after["role"] for before, after in pairwise(messages)):
        wrong.append("two turns of one role follow each other")
    for position, message in enumerate(messages):
        wrong += [f"messages[{position}]: {fault}" for fault in turn_faults(message)]
    for before, after in pairwise([{"role": "user", "content": []}, *messages, {"role": "user", "content": []}]):
        wrong += pairing_faults(before, after)
    identifiers = [identifier for message in messages for identifier in calls_in(message)]
    if len(identifiers) != len(set(identifiers)):
        wrong.append("an id is given to two calls")
    if identifiers and not request.get("tools"):
        wrong.append("there are calls but no tools")
    return wrong


def turn_faults(message: dict[str, Any]) -> list[str]:
    blocks = parts_of(message["content"])
    kinds = [block["type"] for block in blocks]
    wrong = [] if blocks else ["it is empty"]
    if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
        wrong.append("a text is empty")
    if message["role"] == "assistant":
        if [ORDER[kind] for kind in kinds] != sorted(ORDER[kind] for kind in kinds):
            wrong.append("thinking, text and calls are not in this order")
        if any(block["type"] == "tool_use" and not isinstance(block["input"], dict) for block in blocks):
            wrong.append("an input is no object")
        if not all(IDENTIFIER.fullmatch(identifier) for identifier in calls_in(message)):
            wrong.append("an id has characters that are refused")
    elif set(kinds) & {"tool_use", "thinking", "redacted_thinking"}:
        wrong.append("the user's turn holds what only a model writes")
    return wrong


def pairing_faults(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Exactly the results of the turn before, in the order of its calls, ahead of everything else."""
    calls = calls_in(before) if before["role"] == "assistant" else []
    results = [block.get("tool_use_id") for block in parts_of(after["content"])]
    if results[: len(calls)] != calls:
        return [f"the calls {calls} are followed by {results}"]
    return ["there is a result without its call"] if any(results[len(calls) :]) else []


def openai_violations(request: dict[str, Any]) -> list[str]:
    messages = request["messages"]
    wrong = [f"messages[{at}] has no content" for at, message in enumerate(messages) if "content" not in message]
    identifiers: list[str] = []
    position = 0
    while position < len(messages):
        message = messages[position]
        if message["role"] == "tool":
            wrong.append(f"messages[{position}] is a result without its call")
        calls = message.get("tool_calls") or []
        wrong += [f"messages[{position}]: {fault}" for made in calls for fault in call_faults(made)]
        identifiers += [made["id"] for made in calls]
        answers = messages[position + 1 : position + 1 + len(calls)]
        if [answer.get("tool_call_id") for answer in answers] != [made["id"] for made in calls]:
            wrong.append(f"messages[{position}]: its calls are not followed by their results")
        position += 1 + len(calls)
    if len(identifiers) != len(set(identifiers)):
        wrong.append("an id is given to two calls")
    return wrong


def call_faults(made: dict[str, Any]) -> list[str]:
    wrong = [] if NAME.fullmatch(made["function"]["name"]) else ["a name is refused"]
    try:
        parsed = json.loads(made["function"]["arguments"])
    except ValueError:
        return [*wrong, "the arguments are no JSON"]
    return wrong if isinstance(parsed, dict) else [*wrong, "the arguments are no object"]
