"""Who may use the configuration API: an admin client key, or a superuser who is signed in."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security.apikey import APIKeyCookie, APIKeyHeader
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from credentials import client_keys
from credentials.models import ClientKey

# How old what is known of a key's last use may be.
STALE = timedelta(minutes=1)


class AdminBearer(AuthBase):
    """`Authorization: Bearer KEY`. Not the framework's class, which logs a foreign header when debugging."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> ClientKey | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return admin_key(key.strip()) if scheme.lower() == "bearer" else None


class AdminHeader(APIKeyHeader):
    """`x-api-key: KEY`."""

    param_name = "x-api-key"

    def authenticate(self, request: HttpRequest, key: str | None) -> ClientKey | None:
        return admin_key(key) if key else None


class SuperuserSession(APIKeyCookie):
    """The admin's own cookie, with the CSRF token where something changes."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:  # Any: the framework's own signature.
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        user = request.user
        if not isinstance(user, User):
            return None
        if not user.is_superuser:
            raise HttpError(403, "Only a superuser may read or change the configuration.")
        if check_csrf(request):
            raise HttpError(403, "The CSRF token is missing or wrong: send the cookie's value as X-CSRFToken.")
        return user


ADMINISTRATORS = [AdminBearer(), AdminHeader(), SuperuserSession()]


def admin_key(key: str) -> ClientKey | None:
    """The row of this key; None where nobody knows it. Raises HttpError for a known key that may not pass."""
    row = ClientKey.objects.filter(key_hash=client_keys.digest(key).hex()).first()
    if row is None:
        return None
    if not row.enabled or (row.expires_at is not None and row.expires_at <= timezone.now()):
        raise HttpError(403, f"The client key {row.name} is disabled or has expired.")
    if not row.is_admin:
        raise HttpError(403, f"The client key {row.name} may not use the configuration API: it is no admin key.")
    note_use(row)
    return row


def note_use(row: ClientKey) -> None:
    """A moment ago is as good as now, and reading shall not become writing."""
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at >= STALE:
        # Past `save`, on purpose: it is no change of configuration and belongs into no history.
        ClientKey.objects.filter(pk=row.pk).update(last_used_at=now)


def author(request: HttpRequest) -> str | None:
    """Who to name in the history where no user is signed in."""
    row = getattr(request, "auth", None)
    return f"client key {row.name}" if isinstance(row, ClientKey) else None
