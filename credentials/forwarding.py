"""What a credential lets through of a client's headers, beyond what always travels. Imports no Django."""

import re
from collections.abc import Mapping

# Each is bound to an account at the provider, so it means nothing unless the credential belongs to that account too.
OPT_IN: Mapping[str, tuple[str, ...]] = {
    "openai": ("openai-organization", "openai-project"),
    "anthropic": ("anthropic-workspace-id", "anthropic-user-profile-id"),
}
BEGINNING = re.compile(r"[A-Za-z0-9._-]{1,100}")


def beta_problem(backend_type: str, beginnings: object) -> str | None:
    """What is wrong with the beginnings of those Anthropic betas that may be sent; None of them means all."""
    if beginnings is None:
        return None
    if backend_type != "anthropic":
        return "Only Anthropic knows betas: leave this empty."
    if not isinstance(beginnings, list) or not all(
        isinstance(one, str) and BEGINNING.fullmatch(one) for one in beginnings
    ):
        return "This is a list of beginnings of betas, such as structured-outputs-."
    return None


def header_problem(backend_type: str, names: object) -> str | None:
    known = OPT_IN.get(backend_type, ())
    if isinstance(names, list) and all(name in known for name in names) and len(set(names)) == len(names):
        return None
    return f"Of a client's headers these can be let through, each once: {', '.join(known)}."
