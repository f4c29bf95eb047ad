"""The admin's forms: a provider key that is written but never read back, and patterns one a line."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError

from credentials import forwarding, keyring, validators
from credentials.models import ClientKey, CloudCredential

NO_BETA = "none"


class PatternsField(forms.CharField):
    """A list of patterns, as lines of text."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField", "spellcheck": "false"})

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> Any:  # Any: the base class says str.
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: object, data: object) -> bool:
        return bool((initial or []) != self.to_python(data))


class BetasField(PatternsField):
    """A list of beginnings, or None for all; the empty list is written as `none`."""

    def prepare_value(self, value: object) -> object:
        return NO_BETA if value == [] else super().prepare_value(value)

    def to_python(self, value: object) -> Any:  # Any: as above.
        words = re.findall(r"[^,\s]+", str(value or ""))
        return [] if words == [NO_BETA] else words or None

    def has_changed(self, initial: object, data: object) -> bool:
        return bool(initial != self.to_python(data))


class CloudCredentialForm(forms.ModelForm):  # type: ignore[type-arg]  # Not generic at run time.
    api_key = forms.CharField(
        label="API key",
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text="Stored encrypted and never shown again. Empty: what is stored stays; nothing stored, none is sent.",
    )
    remove_api_key = forms.BooleanField(
        label="Remove the stored key",
        required=False,
        help_text="For a server that wants none, such as Ollama on another Mac: no key is sent then.",
    )
    allowed_betas = BetasField(
        required=False,
        help_text=(
            "For Anthropic: the beginnings of those betas that are sent on, such as structured-outputs-, separated by "
            f"commas or lines. Empty: all. The word {NO_BETA}: no beta."
        ),
    )
    forwarded_headers = forms.MultipleChoiceField(
        required=False,
        choices=[(name, name) for names in forwarding.OPT_IN.values() for name in names],
        widget=forms.CheckboxSelectMultiple,
        help_text="Headers of a client that are sent on. Tick one only if its account is the one of this credential.",
    )

    class Meta:
        model = CloudCredential
        fields = ["backend_type", "name", "base_url", "allowed_betas", "forwarded_headers"]

    def clean_api_key(self) -> str:
        given: str = self.cleaned_data["api_key"]
        if not given:
            return ""
        try:
            keyring.require()
        except ImproperlyConfigured as error:
            raise ValidationError(str(error)) from None
        return validators.api_key(given)

    def clean(self) -> dict[str, Any]:  # Any: as the framework has it.
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("api_key") and cleaned.get("remove_api_key"):
            self.add_error("remove_api_key", "Enter a new key or remove the stored one, not both.")
        elif cleaned.get("api_key"):
            self.instance.encrypted_api_key = cleaned["api_key"]
        elif cleaned.get("remove_api_key"):
            self.instance.encrypted_api_key = None
        return cleaned


class ClientKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # Not generic at run time.
    allowed_models = PatternsField(
        required=False, help_text="Names or patterns such as claude-*, one a line. Empty: every model."
    )

    class Meta:
        model = ClientKey
        fields = [
            "name",
            "enabled",
            "expires_at",
            "allowed_models",
            "requests_per_minute",
            "tokens_per_minute",
            "monthly_budget",
            "priority",
            "is_admin",
        ]
