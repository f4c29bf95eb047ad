"""The admin of credentials and client keys. A provider key is only ever written; a client key is shown once."""

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from credentials import client_keys
from credentials.configuration_admin import ConfigurationAdmin, switch
from credentials.forms import ClientKeyForm, CloudCredentialForm
from credentials.keyring import UnreadableSecret
from credentials.models import ClientKey, CloudCredential

HEADERS = ("What clients' headers may say", {"fields": ["allowed_betas", "forwarded_headers"], "classes": ["collapse"]})

LIMITS = (
    "Limits",
    {
        "fields": ["requests_per_minute", "tokens_per_minute", "monthly_budget"],
        "description": "A minute's worth may be used at once, and a sixtieth of it comes back each second.",
        "classes": ["collapse"],
    },
)


@admin.register(CloudCredential)
class CloudCredentialAdmin(ConfigurationAdmin):
    form = CloudCredentialForm
    list_display = ["name", "backend_type", "base_url", "stored_key"]
    list_filter = ["backend_type"]
    search_fields = ["name", "base_url"]
    ordering = ["backend_type", "name"]
    readonly_fields = ["stored_key"]
    fieldsets = [
        (None, {"fields": ["backend_type", "name", "base_url"]}),
        ("Key", {"fields": ["stored_key", "api_key", "remove_api_key"]}),
        HEADERS,
    ]
    add_fieldsets = [(None, {"fields": ["backend_type", "name", "base_url", "api_key"]}), HEADERS]

    def get_readonly_fields(self, request: HttpRequest, obj: CloudCredential | None = None) -> list[str]:
        return self.readonly_fields if obj is None else [*self.readonly_fields, "backend_type"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CloudCredential]:
        """Without the token, so that saving the rest of a row never writes an old one back."""
        rows: QuerySet[CloudCredential] = super().get_queryset(request)
        return rows.defer("encrypted_api_key")

    @admin.display(description="Stored key", empty_value="none")
    def stored_key(self, row: CloudCredential) -> str | None:
        """Each row is tried on its own: one that cannot be read breaks only itself."""
        found = CloudCredential.objects.filter(pk=row.pk).first()
        try:
            return "stored" if found is not None and found.api_key is not None else None
        except UnreadableSecret:
            return "cannot be decrypted: enter it again"
        except ImproperlyConfigured as error:
            return f"cannot be decrypted: {error}"


@admin.register(ClientKey)
class ClientKeyAdmin(ConfigurationAdmin):
    form = ClientKeyForm
    list_display = ["name", "shown_prefix", "enabled", "models", "priority", "expires_at", "last_used_at"]
    list_filter = ["enabled", "priority", "is_admin"]
    search_fields = ["name", "prefix"]
    ordering = ["name"]
    actions = [switch(enabled=True), switch(enabled=False)]
    readonly_fields = ["shown_prefix", "last_used_at"]
    add_fieldsets = [
        (None, {"fields": ["name", "enabled", "expires_at", "priority", "is_admin"]}),
        ("It may use", {"fields": ["allowed_models"]}),
        LIMITS,
    ]
    fieldsets = [*add_fieldsets, ("Key", {"fields": ["shown_prefix", "last_used_at"]})]

    @admin.display(description="Key", ordering="prefix")
    def shown_prefix(self, row: ClientKey) -> str:
        return f"{row.prefix}…"

    @admin.display(description="Models")
    def models(self, row: ClientKey) -> str:
        return ", ".join(row.allowed_models) or "all"

    def save_model(self, request: HttpRequest, obj: ClientKey, form: "ModelForm[ClientKey]", change: bool) -> None:
        if not change:
            key = client_keys.make()
            obj.accept(key)
            # For `response_add` alone. A message would travel in a cookie.
            request.new_client_key = key  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ClientKey, post_url_continue: str | None = None) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": "The new client key",
            "opts": self.opts,
            "row": obj,
            "key": request.new_client_key,  # type: ignore[attr-defined]  # Set in `save_model`.
        }
        return TemplateResponse(request, "admin/credentials/clientkey/created.html", context)
