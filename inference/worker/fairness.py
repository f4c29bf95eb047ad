"""The waiting line: first come, first served for each tenant, while the tenants take turns."""

from collections import OrderedDict, deque
from collections.abc import Callable


class FairQueue[T]:
    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def put(self, tenant: str, item: T) -> None:
        self._lines.setdefault(tenant, deque()).append(item)

    def in_order(self) -> list[T]:
        """The items: the first of them that can has the next turn."""
        return [item for line in self._lines.values() for item in line]

    def take(self, wanted: T) -> bool:
        """Give an item its turn; its tenant then stands last. False: it is no longer there."""
        for tenant, line in self._lines.items():
            if wanted in line:
                line.remove(wanted)
                self._lines.move_to_end(tenant)
                self._drop_if_empty(tenant)
                return True
        return False

    def remove(self, unwanted: Callable[[T], bool]) -> list[T]:
        removed = [item for line in self._lines.values() for item in line if unwanted(item)]
        for tenant in list(self._lines):
            self._lines[tenant] = deque(item for item in self._lines[tenant] if not unwanted(item))
            self._drop_if_empty(tenant)
        return removed

    def _drop_if_empty(self, tenant: str) -> None:
        if not self._lines[tenant]:
            del self._lines[tenant]
