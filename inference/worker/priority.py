"""Who goes first: requests that somebody waits for before those of batches, which are put off but never for ever."""

from collections.abc import Callable, Collection

from inference.worker.fairness import FairQueue
from inference.worker.work import Work

# One of so many turns is a batch's, while one waits.
TURNS_FOR_ONE_BATCH = 8


class Line:
    """The waiting line. Within either kind the tenants take turns."""

    def __init__(self) -> None:
        self._interactive: FairQueue[Work] = FairQueue()
        self._batch: FairQueue[Work] = FairQueue()
        self._went_before = 0

    def __len__(self) -> int:
        return len(self._interactive) + len(self._batch)

    def put(self, work: Work) -> None:
        (self._batch if work.is_batch else self._interactive).put(work.tenant, work)

    def in_order(self) -> list[Work]:
        """The requests: the first of them that can begin has the next turn."""
        interactive, batch = self._interactive.in_order(), self._batch.in_order()
        is_due = self._went_before >= TURNS_FOR_ONE_BATCH - 1
        return batch + interactive if is_due else interactive + batch

    def take(self, work: Work) -> bool:
        """Give a request its turn. False: it is no longer there."""
        taken = (self._batch if work.is_batch else self._interactive).take(work)
        if taken:
            self._went_before = 0 if work.is_batch else self._went_before + 1
        self._forget()
        return taken

    def remove(self, unwanted: Callable[[Work], bool]) -> list[Work]:
        removed = self._interactive.remove(unwanted) + self._batch.remove(unwanted)
        self._forget()
        return removed

    def _forget(self) -> None:
        if not len(self._batch):
            self._went_before = 0


def has_place(work: Work, begun: Collection[Work], slots: int) -> bool:
    """Whether a request may begin beside those that have. Batches leave one of several places free."""
    if work.is_batch and slots > 1 and sum(one.is_batch for one in begun) >= slots - 1:
        return False
    return len(begun) < slots
