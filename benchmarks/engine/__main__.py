"""`python -m benchmarks.engine`: both servers in turn, a table of what they did, and what lies before our engine."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks.engine import pace, ways
from benchmarks.engine.client import Server
from benchmarks.engine.model import copy_endless
from benchmarks.engine.scenarios import TOKENS, Figures, Texts, together
from benchmarks.engine.servers import MODEL, gateway, mlx_lm_server, ours
from benchmarks.engine.table import ROWS, Pair, Row, head, line
from inference.installed import DEMO_FOLDER

ROUNDS, QUICK = 5, 2


def main() -> None:
    arguments = options()
    rounds = arguments.rounds or (QUICK if arguments.quick else ROUNDS)
    rows = [row for row in ROWS if arguments.only in row.name]
    with tempfile.TemporaryDirectory() as models:
        model = copy_endless(arguments.model, Path(models) / MODEL, single=arguments.single)
        with gateway(Path(models)) as started, mlx_lm_server(model) as theirs:
            print(f"{TOKENS} tokens each, medians of {rounds} rounds\n")
            asyncio.run(compare(ours(started), theirs, rows=rows, rounds=rounds, model=model))
            print(f"\n{arguments.tokens} tokens each; tokens a second from the first on, of all streams together\n")
            print(ways.HEAD)
            for way in asyncio.run(ways.measure(started, model, rounds=rounds, tokens=arguments.tokens)):
                print(way.line())


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds instead of {ROUNDS}")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", default="", help="the rows whose name holds these words")
    parser.add_argument("--model", type=Path, default=DEMO_FOLDER, help="a folder with another model")
    parser.add_argument(
        "--tokens", type=int, default=pace.TOKENS, help="of each answer where the engine alone is measured as well"
    )
    parser.add_argument("--single", action="store_true", help="have the weights in single precision in the files")
    return parser.parse_args()


async def compare(ours: Server, theirs: Server, *, rows: list[Row], rounds: int, model: Path) -> None:
    for server in (ours, theirs):
        await together(server, Texts(model, "warm"))
    print(head(ours.name, theirs.name))
    for row in rows:
        print(line(row, [await turn(row, ours, theirs, number, model) for number in range(rounds)]), flush=True)


async def turn(row: Row, ours: Server, theirs: Server, number: int, model: Path) -> Pair:
    """Both are asked the same, now the one first and now the other."""

    async def run(server: Server) -> Figures:
        return await row.run(server, Texts(model, f"{row.name} {number}"))

    if number % 2:
        other = await run(theirs)
        return await run(ours), other
    return await run(ours), await run(theirs)


if __name__ == "__main__":
    main()
