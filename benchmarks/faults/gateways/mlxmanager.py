"""This product, as `manage.py serve` in a HOME of its own."""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.faults.check import Address, Place, Served
from tests.gateway import ROOT, Gateway, running_gateway


@contextmanager
def mlxmanager(served: Sequence[Served]) -> Iterator[Address]:
    with running_gateway(MLXMANAGER_LOG_LEVEL="info") as gateway:
        gateway.configure(configuration(served))
        version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        yield Address(gateway.url, gateway.key, f"mlxmanager {version}", "mlxmanager/demo", lambda: workers(gateway))


def workers(gateway: Gateway) -> list[int]:
    return gateway.children("runworker")


def configuration(served: Sequence[Served]) -> str:
    """Each model has credentials of its own, so that what one check does to them is no other's concern."""
    return "\n".join(part for one in served for part in entries(one))


def entries(one: Served) -> Iterator[str]:
    yield credential(f"{one.name}-first", one.first)
    mapping = f'[[mappings]]\nmodel_pattern = "{one.name}"\nbackend_type = "{one.first.protocol}"'
    mapping += f'\nbackend_model = "{one.first.model}"\ncredential = "{one.name}-first"'
    if one.second is not None:
        yield credential(f"{one.name}-second", one.second)
        mapping += f'\nfallback_backend = "{one.second.protocol}"\nfallback_model = "{one.second.model}"'
        mapping += f'\nfallback_credential = "{one.name}-second"'
    yield mapping


def credential(name: str, place: Place) -> str:
    base = f"{place.base}/v1" if place.protocol == "openai" else place.base
    kind = f'[[credentials]]\nbackend_type = "{place.protocol}"\nname = "{name}"'
    return f'{kind}\nbase_url = "{base}"\napi_key = "sk-upstream"'
