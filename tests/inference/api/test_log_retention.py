"""Which rows of the log of requests are kept, and that the others go a few at a time."""

from datetime import UTC, datetime, timedelta

import pytest

from inference.api.log_retention import AT_ONCE, DAYS, MOST_ROWS, remove_some
from inference.models import RequestLog
from inference.request_log import write
from tests.inference.test_request_log import course

pytestmark = pytest.mark.django_db(transaction=True)


def test_old_rows_go_and_others_stay() -> None:
    write([course(f"req_{number}") for number in range(AT_ONCE + 20)])
    RequestLog.objects.exclude(request_id="req_0").update(time=datetime.now(UTC) - timedelta(days=DAYS, minutes=1))
    assert remove_some()
    assert not remove_some()
    assert RequestLog.objects.get().request_id == "req_0"


def test_of_too_many_rows_the_oldest_go() -> None:
    write([course("req_1"), course("req_2")])
    RequestLog.objects.filter(request_id="req_2").update(id=RequestLog.objects.order_by("id")[0].pk + MOST_ROWS)
    remove_some()
    assert RequestLog.objects.get().request_id == "req_2"
