"""A small Hugging Face hub on loopback: one repository, made from a folder."""

import http.server
import json
import threading
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40
REPOSITORY = "org/tiny"


class Hub:
    """`cut_after` in bytes: how much of the weights is sent before the connection breaks, as long as it is set.

    `sent` are the files that were asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cut_after: int | None = None
        self.sent: list[str] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Answers(*args, hub=self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class Answers(http.server.BaseHTTPRequestHandler):
    def __init__(self, *args: object, hub: Hub) -> None:
        self.hub = hub
        super().__init__(*args)  # type: ignore[arg-type]  # passed through as the server gives them

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith(f"/api/models/{REPOSITORY}/tree/"):
            self.reply([entry(self.hub.folder, file) for file in files(self.hub.folder)])
        elif path in (f"/api/models/{REPOSITORY}", f"/api/models/{REPOSITORY}/revision/{COMMIT}"):
            self.reply({"id": REPOSITORY, "sha": COMMIT, "siblings": [], "tags": [], "private": False})
        elif path.startswith(f"/api/models/{REPOSITORY}/revision/"):
            self.refuse(404, "RevisionNotFound")
        elif path.startswith("/api/models/org/gated"):
            self.refuse(403, "GatedRepo")
        elif path.startswith(f"/{REPOSITORY}/resolve/{COMMIT}/"):
            self.send_file(self.hub.folder / path.split("/", 5)[5])
        else:
            self.refuse(404, "RepoNotFound")

    def reply(self, value: object) -> None:
        self.begin(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def refuse(self, status: int, code: str) -> None:
        self.begin(status, b"", {"X-Error-Code": code})

    def send_file(self, path: Path) -> None:
        data = path.read_bytes()
        if self.command == "GET":
            self.hub.sent.append(path.name)
        headers = {"ETag": f'"{len(data)}"', "X-Repo-Commit": COMMIT}
        self.begin(200, data, headers, cut=path.suffix == ".safetensors")

    def begin(self, status: int, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body)), "Connection": "close"}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: self.hub.cut_after] if cut else body)

    def log_message(self, *_: object) -> None:
        pass


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def entry(folder: Path, file: str) -> dict[str, object]:
    return {"type": "file", "path": file, "size": (folder / file).stat().st_size, "oid": "b" * 40}
