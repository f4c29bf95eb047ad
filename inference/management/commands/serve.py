"""The command that runs everything: first set-up, then the web processes and the worker as children."""

import asyncio
import errno
import functools
import importlib.util
import os
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connection, connections

from inference import figures, first_run, heartbeat, load_crashes, locks, restarts, sockets
from inference.backends.local import LocalBackend
from inference.shares import make_room
from inference.sqlite import has_reset_bug
from inference.supervisor import WORKER_GRACE, Child, parent_pipe, supervise

BACKLOG = 2048
AFTER_DRAIN = 5.0


class Command(BaseCommand):
    help = "Set up what is missing, then serve on MLXMANAGER_HOST and MLXMANAGER_PORT until SIGTERM or Ctrl-C."
    requires_system_checks = ()

    def handle(self, *_: Any, **__: Any) -> None:
        settings.HOME.chmod(0o700)
        lock = hold_home()
        listener = listen(settings.BIND_HOST, settings.BIND_PORT)
        made = first_run.prepare()
        connections.close_all()
        self.welcome(made)
        parent = parent_pipe()
        # The token is for `models pull` alone; no child needs it.
        os.environ.pop("HF_TOKEN", None)
        restarts.forget(restarts.place(settings.HOME))
        figures.forget(figures.place(settings.HOME))
        load_crashes.forget(load_crashes.place(settings.HOME))
        local = heartbeat.listen(sockets.socket_path(settings.HOME))
        worker = self.worker(parent, local)
        with tempfile.TemporaryFile() as shares:
            web = web_processes(listener, parent, shares.fileno())
            asyncio.run(supervise(web, worker, listener=listener, greet=lambda: self.greet(local if worker else None)))
        os.close(lock)

    def worker(self, parent: int, local: LocalBackend) -> Child | None:
        """None where MLX is not installed: the gateway then runs without local models."""
        if importlib.util.find_spec("mlx") is None:
            self.stderr.write("MLX is not installed on this machine: there are no local models, cloud models work.")
            return None
        return Child(
            restarts.WORKER,
            [sys.executable, "-m", "inference.runworker", f"--parent={parent}"],
            WORKER_GRACE,
            (parent,),
            watch=functools.partial(heartbeat.watch, local),
            tell=record(restarts.WORKER),
        )

    async def greet(self, local: LocalBackend | None) -> None:
        """Say when local models can be asked; until then a request for one is answered with 503."""
        if local is not None:
            await heartbeat.until_it_answers(local)
        self.stdout.write("Ready. Ctrl-C ends it.")

    def welcome(self, made: dict[str, str]) -> None:
        """Say where we are. What was generated now is shown this once, on a terminal or in a file of the owner's."""
        host = f"[{settings.BIND_HOST}]" if ":" in settings.BIND_HOST else settings.BIND_HOST
        address = f"http://{host}:{settings.BIND_PORT}"
        self.stdout.write(f"MLX Manager   {address}/v1\nAdmin         {address}/admin/\n")
        if settings.WEB_PROCESSES > 1:
            self.stdout.write("\n".join(about_several(settings.WEB_PROCESSES)))
        if not made:
            return
        shown = first_words(address, made)
        if self.stdout.isatty():
            self.stdout.write(shown)
            return
        path = settings.HOME / "first-run.txt"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(shown)
        self.stdout.write(f"The first password and client key are in {path}\n")


def web_processes(listener: socket.socket, parent: int, shares: int) -> list[Child]:
    """`shares` is an empty file, where they show each other how many connections each has."""
    make_room(shares, settings.WEB_PROCESSES)
    inherited = (listener.fileno(), parent, shares)
    command = [sys.executable, "-m", "mlxmanager.server"]
    command += [
        f"--{name}={descriptor}" for name, descriptor in zip(("socket", "parent", "shares"), inherited, strict=True)
    ]
    return [
        Child(
            name := f"web {place + 1}",
            [*command, f"--place={place}"],
            settings.DRAIN_SECONDS + AFTER_DRAIN,
            inherited,
            tell=record(name),
        )
        for place in range(settings.WEB_PROCESSES)
    ]


def about_several(processes: int) -> list[str]:
    """What an owner of several web processes should know."""
    told = [f"{processes} web processes: limits of client keys and cool-downs count in each of them."]
    if connection.vendor == "sqlite" and has_reset_bug(sqlite3.sqlite_version_info):
        told.append(
            f"SQLite {sqlite3.sqlite_version} can damage a database that several processes write: "
            "use 3.51.3 or newer, or PostgreSQL (DATABASE_URL)."
        )
    return told


def record(child: str) -> Callable[[restarts.Restarts], None]:
    return functools.partial(restarts.write, restarts.place(settings.HOME), child)


def first_words(address: str, made: dict[str, str]) -> str:
    lines = []
    if "admin" in made:
        lines.append(f"Sign in       user admin, password {made['admin']}")
    if "client key" in made:
        key = made["client key"]
        body = '{"model": "demo", "messages": [{"role": "user", "content": "What is the capital of France?"}]}'
        lines += [
            f"Client key    {key}",
            "",
            "Two lines to paste, once it says Ready:",
            "",
            f"  curl {address}/v1/chat/completions -H 'authorization: Bearer {key}' "
            f"-H 'content-type: application/json' -d '{body}'",
            "",
            f"  export ANTHROPIC_BASE_URL={address} ANTHROPIC_AUTH_TOKEN={key}",
            "",
            "The second line points any Anthropic client here; Claude Code wants a larger model than demo.",
        ]
    return "\n".join(["", *lines, "These secrets are not shown again.", "", ""])


def hold_home() -> int:
    """One `serve` per HOME: the lock is held until this process ends, however it ends."""
    try:
        return locks.hold(settings.HOME / "run" / "serve.lock")
    except locks.Held as held:
        raise CommandError(f"MLXMANAGER_HOME ({settings.HOME}) is held by another serve, pid {held.holder}.") from None


def listen(host: str, port: int) -> socket.socket:
    """Bind before anything else starts, so that a port that is taken is known first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise CommandError(f"{host}:{port} {reason}; set MLXMANAGER_HOST or MLXMANAGER_PORT.") from None
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener
