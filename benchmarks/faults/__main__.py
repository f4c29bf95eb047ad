"""`python -m benchmarks.faults --gateway NAME`: runs the checks, names what failed, and prints the totals."""

import argparse
import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import anthropic
import openai

from benchmarks.faults.check import Address, Served
from benchmarks.faults.checks import GROUPS, LOCAL
from benchmarks.faults.exchange import Bench
from benchmarks.faults.gateways.litellm import litellm
from benchmarks.faults.gateways.mlx_lm_server import mlx_lm_server
from benchmarks.faults.gateways.mlxmanager import mlxmanager
from benchmarks.faults.local import Local
from tests.upstreams import Upstream

type Start = Callable[[Sequence[Served]], AbstractContextManager[Address]]

GATEWAYS: dict[str, Start] = {"mlxmanager": mlxmanager, "mlx_lm.server": mlx_lm_server}


@dataclass(frozen=True, slots=True)
class Result:
    group: str
    name: str
    wrong: str | None


def main() -> int:
    arguments = options()
    start: Start = GATEWAYS.get(arguments.gateway) or functools.partial(litellm, program=arguments.litellm)
    with_upstreams = arguments.gateway != "mlx_lm.server"
    results = run_groups(start, arguments.only) if with_upstreams else []
    if arguments.gateway != "litellm":
        results += map(tell, run_local(start, arguments.only))
    summarise(results)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([asdict(result) for result in results], indent=1), encoding="utf-8")
    return 0 if all(result.wrong is None for result in results) else 1


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--gateway", choices=[*GATEWAYS, "litellm"], default="mlxmanager")
    parser.add_argument("--litellm", default="litellm", help="LiteLLM's program, where it is not on PATH")
    parser.add_argument("--only", default="", help="the checks whose group and name hold these words")
    parser.add_argument("--json", help="a file to write each check's result to")
    return parser.parse_args()


def run_groups(start: Start, only: str) -> list[Result]:
    checks = [(group, one) for group, rows in GROUPS.items() for one in rows if only in f"{group}: {one.name}"]
    with Upstream() as upstream:
        bench = Bench(upstream, tuple(check for _, check in checks))
        with start(bench.served()) as gateway:
            print(gateway.version, flush=True)
            return [
                tell(Result(group, check.name, wrong(functools.partial(judge, bench, name, gateway))))
                for (group, check), name in zip(checks, bench.checks, strict=True)
            ]


def judge(bench: Bench, name: str, gateway: Address) -> None:
    outcome = bench.run(name, gateway)
    for must in bench.checks[name].must:
        must(outcome)


def run_local(start: Start, only: str) -> Iterator[Result]:
    """Whom a check has killed or keeps busy is started anew for the next one."""
    names = [name for name in LOCAL if only in f"local: {name}"]
    while names:
        with start(()) as gateway:
            local = Local(gateway)
            while names and local.alive():
                name = names.pop(0)
                yield Result("local", name, wrong(functools.partial(LOCAL[name], local)))


def wrong(check: Callable[[], None]) -> str | None:
    try:
        check()
    except AssertionError as error:
        return str(error) or "an assertion without words"
    except (openai.OpenAIError, anthropic.AnthropicError) as error:
        return f"the SDK raised {type(error).__name__}: {error}"
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        return f"a shape that is not the vendor's: {type(error).__name__}: {error}"
    return None


def tell(result: Result) -> Result:
    if result.wrong is not None:
        print(f"FAILED  {result.group}: {result.name}\n        {result.wrong}", flush=True)
    return result


def summarise(results: list[Result]) -> None:
    print()
    for group in dict.fromkeys(result.group for result in results):
        total(group, [result for result in results if result.group == group])
    total("all", results)


def total(name: str, results: list[Result]) -> None:
    passed = sum(result.wrong is None for result in results)
    print(f"{name:<44} {passed:>3} of {len(results):>3}")


if __name__ == "__main__":
    sys.exit(main())
