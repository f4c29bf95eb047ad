"""The least that an ASGI relay can do, on the same server and HTTP client as the product: what the rest costs, is ours.

    python -m benchmarks.overhead.raw_relay PORT UPSTREAM

It checks nothing, routes nothing and counts nothing.
"""

import sys
from typing import Any

import aiohttp
import uvicorn
from multidict import CIMultiDict

type Message = dict[str, Any]  # As ASGI has it.
PASSED = (b"content-type", b"authorization", b"x-api-key", b"anthropic-version")


class RawRelay:
    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if self.session is None:
            self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False)
        parts: list[bytes] = []
        more = True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        headers = CIMultiDict((name.decode(), value.decode()) for name, value in scope["headers"] if name in PASSED)
        async with self.session.post(self.upstream + scope["path"], data=b"".join(parts), headers=headers) as answer:
            kept = [(name.lower(), value) for name, value in answer.raw_headers if name.lower() != b"transfer-encoding"]
            await send({"type": "http.response.start", "status": answer.status, "headers": kept})
            while chunk := await answer.content.readany():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})


def main() -> None:
    uvicorn.run(
        RawRelay(sys.argv[2]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
