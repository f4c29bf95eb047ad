"""One running gateway for the tests that only ask it, with an OpenAI and an Anthropic upstream behind it."""

from collections.abc import Iterator

import anthropic
import openai
import pytest

from tests.gateway import Gateway, running_gateway
from tests.upstreams import Upstream

# A page in a browser that may call the gateway.
PAGE = "https://app.example.org"
PROVIDER_KEY = "sk-provider-key-that-nobody-may-see"


def cloud_config(upstream: Upstream) -> str:
    """Mappings to both vendors, both led to one local server that speaks both protocols."""
    return f"""
[[credentials]]
backend_type = "openai"
name = "cloud"
base_url = "{upstream.url}/v1"
api_key_env = "PROVIDER_KEY"

[[credentials]]
backend_type = "anthropic"
name = "cloud"
base_url = "{upstream.url}"
api_key_env = "PROVIDER_KEY"

[[mappings]]
model_pattern = "gpt-*"
backend_type = "openai"
credential = "cloud"

[[mappings]]
model_pattern = "claude-*"
backend_type = "anthropic"
credential = "cloud"

[[mappings]]
model_pattern = "renamed"
backend_type = "openai"
backend_model = "gpt-real-name"
credential = "cloud"

[[mappings]]
model_pattern = "renamed-claude"
backend_type = "anthropic"
backend_model = "claude-real-name"
credential = "cloud"

[[mappings]]
model_pattern = "safe-*"
backend_type = "openai"
credential = "cloud"
fallback_backend = "local"
fallback_model = "mlxmanager/demo"

[[mappings]]
model_pattern = "local-first"
backend_type = "local"
backend_model = "mlxmanager/demo"
fallback_backend = "anthropic"
fallback_model = "claude-fallback"
fallback_credential = "cloud"

[[mappings]]
model_pattern = "twice-*"
backend_type = "openai"
credential = "cloud"
fallback_backend = "openai"
fallback_model = "gpt-second"
fallback_credential = "cloud"

# Nobody listens there.
[[credentials]]
backend_type = "openai"
name = "closed"
base_url = "http://127.0.0.1:9/v1"

[[mappings]]
model_pattern = "closed-*"
backend_type = "openai"
credential = "closed"

# Nobody listed this address.
[[credentials]]
backend_type = "openai"
name = "private"
base_url = "http://127.0.0.2:9901/v1"

[[mappings]]
model_pattern = "private-*"
backend_type = "openai"
credential = "private"

# Nobody made a credential named "default".
[[mappings]]
model_pattern = "nobody-*"
backend_type = "openai"
"""


@pytest.fixture(scope="session")
def cloud() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def _gateway(cloud: Upstream) -> Iterator[Gateway]:
    with running_gateway(MLXMANAGER_CORS_ORIGINS=PAGE) as gateway:
        gateway.configure(cloud_config(cloud), PROVIDER_KEY=PROVIDER_KEY)
        yield gateway


@pytest.fixture
def gateway(_gateway: Gateway, cloud: Upstream) -> Gateway:
    """The shared one, with a worker that is up and no target cooling down, whatever the test before did to it."""
    _gateway.wait_for_worker()
    _gateway.end_cooldowns()
    cloud.forget()
    return _gateway


@pytest.fixture
def openai_client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=gateway.url, api_key=gateway.key, max_retries=0) as client:
        yield client
