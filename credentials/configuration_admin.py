"""What the admin of every kind of configuration shares: superusers alone, one change a save, and the history."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from credentials import generation

type Action = Callable[[Any, HttpRequest, QuerySet[Any]], None]


class ConfigurationAdmin(SimpleHistoryAdmin):  # type: ignore[misc]  # The library is untyped.
    """Permissions of other staff do not count here: whoever edits a mapping decides where keys and prompts go."""

    add_fieldsets: list[Any] | None = None  # Any: Django's shape of fieldsets.

    def permits(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser

    has_module_permission = has_view_permission = has_add_permission = permits
    has_change_permission = has_delete_permission = permits

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:  # Any: as above.
        return self.add_fieldsets if obj is None and self.add_fieldsets else super().get_fieldsets(request, obj)

    def get_history_queryset(
        self, request: HttpRequest, history_manager: models.Manager[Any], pk_name: str, object_id: str
    ) -> QuerySet[Any]:
        """Not the library's own, which joins nothing where a model refers to nothing, and Django warns of that."""
        return history_manager.filter(**{pk_name: object_id}).select_related("history_user")

    # Any: each admin has its own row.
    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:
        with generation.change():
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        with generation.change():
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[models.Model]) -> None:
        with generation.change():
            super().delete_queryset(request, queryset)


def switch(*, enabled: bool) -> Action:
    """An action that sets `enabled`. Row by row: an update of the whole would leave no history."""

    def act(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        rows = list(queryset.filter(enabled=not enabled))
        with generation.change():
            for row in rows:
                row.enabled = enabled
                row.save(update_fields=["enabled"])
        messages.success(request, f"{len(rows)} {'enabled' if enabled else 'disabled'}.")

    act.__name__ = "enable" if enabled else "disable"
    return admin.action(description=f"{act.__name__.title()} selected")(act)
