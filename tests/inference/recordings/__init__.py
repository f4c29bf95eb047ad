"""Streams in the vendors' shapes, written by hand for these tests. Those below `errors/` hold no whole answer."""

from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(path.name for path in HERE.glob("*.sse"))
OPENAI = [name for name in NAMES if name.startswith("openai")]
ANTHROPIC = [name for name in NAMES if name.startswith("anthropic")]
ERRORS = sorted(f"errors/{path.name}" for path in HERE.glob("errors/*.sse"))


def read(name: str) -> bytes:
    return (HERE / name).read_bytes()


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]
