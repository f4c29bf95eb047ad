"""The admin of mappings, with the fallback beside the first choice, and of what an operator says of models."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from credentials.backend_type import BackendType
from credentials.configuration_admin import ConfigurationAdmin, switch
from credentials.models import CloudCredential
from routing import profile_words
from routing.models import BackendMapping, ModelProfile


@admin.register(BackendMapping)
class BackendMappingAdmin(ConfigurationAdmin):
    list_display = ["model_pattern", "target", "fallback", "priority", "enabled"]
    list_filter = ["enabled", "backend_type", "fallback_backend", "local_only", "strict_params"]
    search_fields = ["model_pattern", "backend_model", "fallback_model"]
    actions = [switch(enabled=True), switch(enabled=False)]
    list_select_related = ["credential", "fallback_credential"]
    fieldsets = [
        ("Requests for", {"fields": ["model_pattern", "priority", "enabled", "strict_params"]}),
        ("are answered by", {"fields": ["backend_type", "backend_model", "credential", "local_only"]}),
        ("and if that fails, by", {"fields": ["fallback_backend", "fallback_model", "fallback_credential"]}),
    ]

    @admin.display(description="Target", ordering="backend_type")
    def target(self, row: BackendMapping) -> str:
        fence = " — local only" if row.local_only else ""
        return _step(row.backend_type, row.sent_model, row.credential) + fence

    @admin.display(description="Fallback", ordering="fallback_backend", empty_value="nobody")
    def fallback(self, row: BackendMapping) -> str | None:
        if row.fallback_backend is None:
            return None
        return _step(row.fallback_backend, row.sent_fallback_model, row.fallback_credential)

    # What an empty choice means, in place of dashes. Any: the framework's own arguments.

    def formfield_for_foreignkey(
        self, db_field: "models.ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        kwargs["empty_label"] = "the default one"
        field: forms.Field | None = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

    def formfield_for_choice_field(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.Field:
        if db_field.name == "fallback_backend":
            kwargs["choices"] = [("", "nobody"), *BackendType.choices]
        field: forms.Field = super().formfield_for_choice_field(db_field, request, **kwargs)
        return field


def _step(backend: str, model: str | None, credential: CloudCredential | None) -> str:
    named = f" ({credential.name})" if credential is not None else ""
    return f"{BackendType(backend).label}: {model or 'same name'}{named}"


class ModelProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # Not generic at run time.
    settings = forms.JSONField(
        required=False,
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField", "spellcheck": "false"}),
        help_text=format_html(
            "JSON, such as {}. What is not named stays as it is built in.<br>{}",
            '{"images": false}',
            format_html_join("", "{}: {}<br>", profile_words.ACCEPTED.items()),
        ),
    )

    class Meta:
        model = ModelProfile
        fields = ["backend_type", "model_pattern", "settings"]


@admin.register(ModelProfile)
class ModelProfileAdmin(ConfigurationAdmin):
    form = ModelProfileForm
    list_display = ["model_pattern", "backend_type", "shown_settings"]
    list_filter = ["backend_type"]
    search_fields = ["model_pattern"]

    @admin.display(description="Settings", empty_value="none")
    def shown_settings(self, row: ModelProfile) -> str | None:
        return ", ".join(f"{name} = {json.dumps(value)}" for name, value in row.settings.items()) or None
