"""What an earlier app's admin can do only with a backend: the page of credentials gets an action that tries them."""

import asyncio

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest

from credentials.admin import CloudCredentialAdmin
from credentials.keyring import UnreadableSecret
from credentials.models import CloudCredential
from inference.errors import BackendError
from inference.trial import try_credential
from routing.resolver import read_upstream

admin.site.unregister(CloudCredential)


@admin.register(CloudCredential)
class TriedCredentialAdmin(CloudCredentialAdmin):
    actions = ["test_this_credential"]

    @admin.action(description="Test this credential")
    def test_this_credential(self, request: HttpRequest, queryset: QuerySet[CloudCredential]) -> None:
        for row in CloudCredential.objects.filter(pk__in=queryset.values("pk")):
            problem = find_problem(row)
            if problem is None:
                messages.success(request, f"{row}: the upstream accepts it.")
            else:
                messages.error(request, f"{row}: {problem}")


def find_problem(row: CloudCredential) -> str | None:
    """Ask the upstream, with this row's key. None: it accepted the key."""
    try:
        asyncio.run(try_credential(row.backend_type, read_upstream(row), private=settings.PRIVATE_UPSTREAMS))
    except (BackendError, UnreadableSecret, ImproperlyConfigured) as error:
        return str(error)
    return None
