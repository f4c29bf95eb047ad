"""A client of a server that runs a model itself, by OpenAI's chat. Its answers come from the demo model."""

import time
from pathlib import Path
from typing import Any

from benchmarks.faults.check import Address, Ask, Outcome, Reply
from benchmarks.faults.exchange import exchange
from benchmarks.faults.must import hear
from benchmarks.faults.sdk import Heard

TICKS = 100.0


class Local:
    """Asks the one model. What is given by name is laid over a short question."""

    def __init__(self, gateway: Address) -> None:
        assert gateway.local is not None
        self.gateway = gateway
        self.model = gateway.local

    def alive(self) -> bool:
        return self.reply(max_tokens=1).status == 200

    def send(self, ask: Ask) -> Outcome:
        return Outcome(ask, self.model, exchange(self.gateway, ask, self.model))

    def ask(self, text: str = "Hi", *, stream: bool = False, **body: Any) -> Heard:
        messages = [{"role": "user", "content": text}]
        return hear(self.send(Ask("openai", "openai", stream, {"messages": messages, "temperature": 0, **body})))

    def reply(self, *, stream: bool = False, **body: Any) -> Reply:
        return self.send(Ask("openai", "openai", stream, body)).reply

    def refuses(self, **body: Any) -> None:
        self.told(Ask("openai", "openai", body=body))

    def refuses_raw(self, raw: bytes) -> None:
        self.told(Ask("openai", "openai", raw=raw))

    def told(self, ask: Ask, *statuses: int) -> None:
        """That it is the client's fault. The shape of an error has a check of its own."""
        reply = self.send(ask).reply
        assert reply.status in (statuses or (400, 422)), f"status {reply.status or reply.broken}: {reply.body[:160]!r}"

    def busy(self, seconds: float) -> float:
        """How many seconds of processor time the server takes in that many seconds."""
        before = self.used()
        time.sleep(seconds)
        return self.used() - before

    def used(self) -> float:
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.gateway.pids()]
        return sum(int(one[11]) + int(one[12]) for one in fields) / TICKS
