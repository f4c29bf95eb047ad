"""One running gateway for all clients, with an upstream of both kinds behind it."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import PROVIDER_KEY, cloud_config
from tests.gateway import Gateway, running_gateway
from tests.upstreams import Upstream

# Names that clients know by heart can lead anywhere.
MAPPINGS = """
[[mappings]]
model_pattern = "claude-opus-4-8"
backend_type = "openai"
backend_model = "gpt-agent"
credential = "cloud"

[[mappings]]
model_pattern = "claude-haiku-5-5"
backend_type = "local"
backend_model = "mlxmanager/demo"
"""


@pytest.fixture(scope="session")
def cloud() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def gateway(cloud: Upstream) -> Iterator[Gateway]:
    with running_gateway() as running:
        running.configure(cloud_config(cloud) + MAPPINGS, PROVIDER_KEY=PROVIDER_KEY)
        yield running
