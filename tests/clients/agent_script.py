"""The upstream that agents talk to: it has a file read where a tool for it is offered, and tells what was in it."""

import base64
from collections.abc import Callable
from pathlib import Path

from tests.answers import Answer, Received, vendor_answer
from tests.clients.conversations import results
from tests.clients.turns import ToolCall, Turn, answer

SECRET = "mauve-otter-41"
TOLD = "The file says"
NOTHING_TO_READ = "Hello from upstream"
# What the agents call their tool that reads a file, and its parameter. The last is the one we give to `llm`.
READERS = {"Read": "file_path", "read": "filePath", "read_file": "file_path", "read_secret": "path"}
# What aider calls the form in which it wants a file back.
EDIT_FORMAT = "file listing"


def agent_script(file: Path) -> Callable[[Received], Answer]:
    """Calls for the file; after that it tells the secret, if what is in the file reached the upstream."""

    def say(received: Received) -> Answer:
        if not received.target.partition("?")[0].endswith(("/messages", "/chat/completions")):
            return vendor_answer(received)
        return answer(next_turn(received, file), received)

    return say


def next_turn(received: Received, file: Path) -> Turn:
    request = received.json()
    if results(request):
        seen = SECRET.encode() in received.body or base64.b64encode(file.read_bytes()) in received.body
        return Turn(text=f"{TOLD}: {SECRET}" if seen else "I did not get to see the file.")
    offered = {tool.get("name") or tool["function"]["name"] for tool in request.get("tools") or []}
    for name, parameter in READERS.items():
        if name in offered:
            call = ToolCall("call_read", name, {parameter: str(file)})
            return Turn(thinking="I must read it.", text="I will look.", calls=(call,))
    if EDIT_FORMAT in str(request["messages"][-1]["content"]):
        return Turn(text=f"{file.name}\n```\n{NOTHING_TO_READ}\n```\n")
    return Turn(text=NOTHING_TO_READ)
