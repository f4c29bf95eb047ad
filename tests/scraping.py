"""Reads `/metrics` as a scraper does."""

import re

import httpx2

from tests.gateway import Gateway

LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.]+(?:e[-+]?[0-9]+)?)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Scrape(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """Each sample by its name and labels."""

    def of(self, name: str, **labels: str) -> float:
        """The sum of all that have these labels; the name is without the product's."""
        wanted = set(labels.items())
        return sum(value for (full, given), value in self.items() if full == f"mlxmanager_{name}" and wanted <= given)


def parse(text: str) -> Scrape:
    samples = Scrape()
    for line in text.splitlines():
        if not line.startswith("#"):
            found = LINE.fullmatch(line)
            assert found is not None, line
            key = (found[1], frozenset(LABEL.findall(found[2] or "")))
            assert key not in samples, line
            samples[key] = float(found[3])
    return samples


def scrape(gateway: Gateway) -> Scrape:
    answer = httpx2.get(f"{gateway.url}/metrics", timeout=10)
    assert answer.status_code == 200, answer.text
    return parse(answer.text)
