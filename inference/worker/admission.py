"""Who of those who wait begins, and who is refused. Called on the models' thread."""

import logging
import time

from inference.errors import GatewayError, Kind
from inference.protocols import wire
from inference.worker.inbox import Inbox
from inference.worker.models import Models, Verdict
from inference.worker.work import Update, Wish, Work, failed

log = logging.getLogger(__name__)

# How long prompts are taken in before the answers being written get their next token.
ADMISSION_SECONDS = 0.02


class Admission:
    """`stuck`: how many have to wait, as things are."""

    def __init__(self, inbox: Inbox, models: Models) -> None:
        self._inbox = inbox
        self._models = models
        self.stuck = 0

    def admit(self) -> list[Update]:
        """Begin those who can, for a moment, and refuse those who have waited too long or never can."""
        updates = self._expire()
        until = time.monotonic() + ADMISSION_SECONDS
        while time.monotonic() < until and (begun := self._next()) is not None:
            updates += begun
        self.stuck = len(self._inbox)
        return updates

    def _expire(self) -> list[Update]:
        now = time.monotonic()
        late = self._inbox.remove(lambda work: work.expires < now)
        return [failed(work.caller, self._models.too_late(work.model)) for work in late]

    def _next(self) -> list[Update] | None:
        """Begin the first who can, or end the first who never can; None: all have to wait.

        Once one waits for memory, none may take it who came later.
        """
        self._models.residents.begin_round()
        is_short = False
        for work in self._inbox.in_order():
            verdict = self._verdict(work)
            if isinstance(verdict, GatewayError):
                if self._inbox.take(work):
                    return [failed(work.caller, verdict)]
                continue
            is_short = is_short or verdict == "short"
            if verdict == "now" and not is_short and self._inbox.take(work):
                return self._begin(work)
        return None

    def _verdict(self, work: Work) -> Verdict | GatewayError:
        try:
            return self._models.verdict(work)
        except GatewayError as error:
            return error
        except Exception:
            # The model's tokenizer is foreign code: what it raises ends this request alone.
            log.exception("request failed to be read model=%s", work.model)
            return GatewayError(Kind.INTERNAL_ERROR, "The request could not be begun.")

    def _begin(self, work: Work) -> list[Update]:
        if isinstance(work.job, Wish):
            return [Update(work.caller, wire.Result(work.caller.id))]
        try:
            self._models.batch(work.model).admit(work)
        except GatewayError as error:
            return [failed(work.caller, error)]
        except Exception:
            log.exception("request failed to begin model=%s", work.model)
            return [failed(work.caller, GatewayError(Kind.INTERNAL_ERROR, "The request could not be begun."))]
        return []
