"""What the upstream says in each conversation that an SDK has. The model's name picks it: `gpt-tool`, `claude-tool`."""

from dataclasses import dataclass
from typing import Any

from tests.answers import Answer, Received
from tests.clients.turns import ToolCall, Turn, answer

type Json = dict[str, Any]

TEXT = Turn(text="Grüße aus Zürich: 42 € 🙂")
PARIS = ToolCall("call_paris", "get_weather", {"city": "Paris"})
ZURICH = ToolCall("call_zurich", "get_weather", {"city": "Zürich"})
THOUGHT = Turn(thinking="First I think about it.", text="Then I answer.")
LONG = Turn(text="This text goes on and on and then")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The upstream's turns, one a request; after calls of tools it also says which results reached it."""

    turns: tuple[Turn, ...]
    stream: bool = True
    tools: bool = False


CONVERSATIONS = {
    "plain": Conversation((TEXT,), stream=False),
    "streamed": Conversation((TEXT,)),
    "tool": Conversation((Turn(text="I will look.", calls=(PARIS,)), TEXT), tools=True),
    "plain-tool": Conversation((Turn(calls=(PARIS,)), TEXT), stream=False, tools=True),
    "parallel": Conversation((Turn(calls=(PARIS, ZURICH)), TEXT), tools=True),
    "thinking": Conversation((THOUGHT,)),
    "plain-thinking": Conversation((THOUGHT,), stream=False),
    "thinking-tool": Conversation((Turn(thinking="I need the weather.", calls=(PARIS,)), TEXT), tools=True),
    "cut": Conversation((Turn(text=LONG.text, cut_short=True),)),
    "plain-cut": Conversation((Turn(text=LONG.text, cut_short=True),), stream=False),
    "refused": Conversation((Turn(breaks="refused"),)),
    "plain-refused": Conversation((Turn(breaks="refused"),), stream=False),
    "error": Conversation((Turn(text=LONG.text, breaks="error"),)),
    "truncated": Conversation((Turn(text=LONG.text, breaks="truncated"),)),
}


def say(received: Received) -> Answer:
    """The next turn of the conversation that the model's name picks."""
    request = received.json()
    conversation = CONVERSATIONS[request["model"].partition("-")[2]]
    said = sum(message["role"] == "assistant" for message in request["messages"])
    return answer(with_results(conversation.turns[said], results(request)), received)


def results(request: Json) -> list[tuple[str, str]]:
    """The id of each call that the request answers, and its result."""
    found: list[tuple[str, str]] = []
    for message in request["messages"]:
        if message["role"] == "tool":
            found.append((message["tool_call_id"], text_of(message["content"])))
        elif isinstance(message["content"], list):
            parts = [part for part in message["content"] if part["type"] == "tool_result"]
            found += [(part["tool_use_id"], text_of(part["content"])) for part in parts]
    return found


def text_of(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def with_results(turn: Turn, found: list[tuple[str, str]]) -> Turn:
    heard = "".join(f" {call}={result}" for call, result in found)
    return Turn(turn.text + heard, turn.thinking, turn.calls, turn.cut_short, turn.breaks)


def expected(conversation: Conversation) -> tuple[Turn, ...]:
    """The turns as they are said when every result arrives under its call's id."""
    told = [(call.id, f"sun in {call.arguments['city']}") for turn in conversation.turns for call in turn.calls]
    return (*conversation.turns[:1], *(with_results(turn, told) for turn in conversation.turns[1:]))
