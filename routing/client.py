"""A client key as the request path needs it, frozen. Imports no Django."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from routing import patterns


@dataclass(frozen=True, slots=True)
class Client:
    """`allowed_models` empty: all. A limit of None is no limit, one of 0 allows nothing.

    `is_batch`: nobody waits for its answers, and local models begin others first.
    """

    id: int
    name: str
    digest: bytes = field(repr=False)
    enabled: bool = True
    expires_at: datetime | None = None
    allowed_models: tuple[str, ...] = ()
    is_admin: bool = False
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    monthly_budget: Decimal | None = None
    is_batch: bool = False

    @property
    def is_limited(self) -> bool:
        return self.requests_per_minute is not None or self.tokens_per_minute is not None

    @property
    def has_no_budget(self) -> bool:
        """Nothing that costs money answers it."""
        return self.monthly_budget is not None and not self.monthly_budget

    def allows(self, model: str) -> bool:
        return not self.allowed_models or any(patterns.matches(pattern, model) for pattern in self.allowed_models)
