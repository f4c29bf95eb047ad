"""The admin of local models; and what an earlier app's admin can do only with a backend: trying a credential."""

import asyncio
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from credentials.admin import CloudCredentialAdmin
from credentials.configuration_admin import ConfigurationAdmin
from credentials.keyring import UnreadableSecret
from credentials.models import CloudCredential
from inference.budget import readable
from inference.errors import BackendError
from inference.explain import address_check
from inference.installed import Installed
from inference.local_states import State, look
from inference.models import LocalModel, RequestLog
from inference.request_log_admin import RequestLogAdmin
from inference.trial import try_credential
from inference.worker_words import describe
from routing.resolver import read_upstream

YES_NO = {True: "yes", False: "no", None: "unknown"}


class WithStates(ChangeList):
    """The worker is asked once a page, which says how it is doing, too, and which models have no options."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        drafts = dict(LocalModel.objects.values_list("name", "draft_model"))
        seen = look(drafts)
        self.worker = describe(seen.worker)
        self.others = [(name, told(state)) for name, state in sorted(seen.models.items()) if name not in drafts]
        for row in self.result_list:
            row.state = seen.models[row.name]


def told(state: State) -> tuple[str, str, str]:
    """What lies on the disk, whether that fits, and whether it is in memory."""
    return files(state.installed), YES_NO[state.fits], YES_NO[state.in_memory]


def files(model: Installed | None) -> str:
    if model is None:
        return "not installed"
    return readable(model.size) if model.problem is None else f"not loaded: {model.problem}"


@admin.register(LocalModel)
class LocalModelAdmin(ConfigurationAdmin):
    list_display = ["name", "on_disk", "fits", "in_memory", "pinned", "preload", "idle_ttl", "max_context"]
    list_filter = ["pinned", "preload"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "pinned", "preload", "idle_ttl", "max_context"]}),
        ("How it is loaded", {"fields": ["kv_bits", "draft_model", "num_draft_tokens"]}),
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return WithStates

    # Any: a row with the state that the list has put there.

    @admin.display(description="On disk")
    def on_disk(self, row: Any) -> str:
        return told(row.state)[0]

    @admin.display(description="Fits")
    def fits(self, row: Any) -> str:
        return told(row.state)[1]

    @admin.display(description="In memory")
    def in_memory(self, row: Any) -> str:
        return told(row.state)[2]


admin.site.register(RequestLog, RequestLogAdmin)
admin.site.unregister(CloudCredential)


@admin.register(CloudCredential)
class TriedCredentialAdmin(CloudCredentialAdmin):
    actions = ["test_this_credential"]

    # Any: as the base class has it.
    def save_model(self, request: HttpRequest, obj: CloudCredential, form: "ModelForm[Any]", change: bool) -> None:
        super().save_model(request, obj, form, change)
        address = address_check(obj.base_url)
        if address.verdict == "no":
            messages.warning(request, f"The credential {obj} cannot be used yet: {address.why}")

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
