"""The admin of the log of requests: read, filtered and searched, with few queries, and changed by nobody."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from inference.models import RequestLog
from inference.request_log import write
from tests.builders import make_client_key
from tests.inference.test_request_log import course

LOG = "/admin/inference/requestlog/"


@pytest.fixture
def log(transactional_db: None) -> None:
    write([course("req_ok"), course("req_bad", status=429, outcome="upstream_rate_limited", model="other")])


@pytest.fixture
def browser(transactional_db: None) -> Browser:
    return signed_in(User.objects.create_superuser("admin"))


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def ids(browser: Browser, **query: str) -> list[str]:
    answer = browser.get(LOG, query)
    assert answer.status_code == 200
    return sorted(row.request_id for row in answer.context["cl"].result_list)


def test_the_list_opens_with_few_queries_however_many_rows_it_shows(browser: Browser) -> None:
    write([course(f"req_{number}") for number in range(60)])
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(LOG).content.decode()
    # The session, the user, the clients to filter by, how many there are, and a page of them.
    assert len(queries) <= 5
    for text in ("laptop", "gpt-5", "openai: gpt-real", "100 → 20"):
        assert text in page


def test_the_list_is_filtered_and_searched(browser: Browser, log: None) -> None:
    key, _ = make_client_key()
    RequestLog.objects.filter(request_id="req_ok").update(client_key_id=key.pk)
    assert ids(browser) == ["req_bad", "req_ok"]
    assert ids(browser, status="4") == ["req_bad"]
    assert ids(browser, outcome="answered") == ["req_ok"]
    assert ids(browser, client_key_id=str(key.pk)) == ["req_ok"]
    assert ids(browser, backend="local") == ids(browser, stream__exact="1") == []
    assert ids(browser, q="req_bad") == ids(browser, q="other") == ["req_bad"]
    assert ids(browser, client_key_id="no number") == ["req_bad", "req_ok"]


def test_a_request_is_shown_with_its_attempts_and_cannot_be_changed(browser: Browser, log: None) -> None:
    row = RequestLog.objects.get(request_id="req_bad")
    page = browser.get(f"{LOG}{row.pk}/change/").content.decode()
    assert "openai: gpt-real — answered, 0.12 s" in page
    assert 'name="_save"' not in page
    assert browser.post(f"{LOG}{row.pk}/change/", {"model": "changed"}).status_code == 403
    assert browser.get(f"{LOG}add/").status_code == 403


def test_only_a_superuser_deletes_a_row(browser: Browser, log: None) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(content_type__model="requestlog"))
    row = RequestLog.objects.get(request_id="req_bad")
    assert ids(signed_in(reader)) == ["req_bad", "req_ok"]
    assert signed_in(reader).post(f"{LOG}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(f"{LOG}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert ids(browser) == ["req_ok"]
