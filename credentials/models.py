"""Who we are to providers and who clients are to us: credentials, client keys, and the configuration's counter."""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from credentials import client_keys, forwarding, keyring, validators
from credentials.audit import ConfigurationHistory
from credentials.backend_type import BackendType
from credentials.base_url import origin
from credentials.fields import SealedTextField
from credentials.priority import Priority
from credentials.secret import Secret

CLOUD_TYPES = [(value, label) for value, label in BackendType.choices if value != BackendType.LOCAL]


class CloudCredential(models.Model):
    """What we show an upstream. A mapping without one uses the credential named `default` of its backend.

    Where a row is read to be saved later, `encrypted_api_key` is deferred or the row locked: writing back a token
    read earlier would undo a rotation that went by in between.
    """

    backend_type = models.CharField(max_length=20, choices=CLOUD_TYPES)
    name = models.SlugField(
        max_length=100, default="default", db_index=False, help_text="Mappings that name no credential use “default”."
    )
    uid = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    # In clear only between assignment and save; see the field.
    encrypted_api_key: str | bytes | None = SealedTextField(null=True, blank=True)
    base_url = models.CharField(
        "base URL",
        max_length=500,
        null=True,
        blank=True,
        validators=[validators.base_url],
        help_text="Where the provider answers, if not at the vendor's own address, as https://openrouter.ai/api/v1.",
    )
    allowed_betas = models.JSONField(null=True, blank=True)
    forwarded_headers = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = ConfigurationHistory(table_name="cloud_credentials_history", excluded_fields=["encrypted_api_key"])

    class Meta:
        db_table = "cloud_credentials"
        constraints = [
            models.UniqueConstraint(fields=["backend_type", "name"], name="one_credential_of_a_name"),
            models.CheckConstraint(
                condition=models.Q(backend_type__in=[value for value, _ in CLOUD_TYPES]),
                name="credential_is_for_a_cloud",
                violation_error_message="A local model needs no credential.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.backend_type}/{self.name}"

    @property
    def api_key(self) -> Secret | None:
        """The key in clear; None where the upstream wants none. Raises what `keyring.unseal` raises."""
        stored = self.encrypted_api_key
        if stored is None:
            return None
        return Secret(stored) if isinstance(stored, str) else keyring.unseal(stored, self.uid)

    def clean(self) -> None:
        self.base_url = self.base_url or None
        problems = {
            "allowed_betas": forwarding.beta_problem(self.backend_type, self.allowed_betas),
            "forwarded_headers": forwarding.header_problem(self.backend_type, self.forwarded_headers),
        }
        if any(problems.values()):
            raise ValidationError({field: problem for field, problem in problems.items() if problem})
        stored = CloudCredential.objects.filter(pk=self.pk).first()
        if stored is None:
            return
        if stored.backend_type != self.backend_type:
            raise ValidationError({"backend_type": "A credential keeps its backend: add another one instead."})
        moved = origin(stored.base_url) != origin(self.base_url)
        if stored.encrypted_api_key is not None and self._keeps_key_of(stored) and moved:
            raise ValidationError(
                {"base_url": "The stored key is sent only to the host it was given for: enter the API key again."}
            )

    def _keeps_key_of(self, stored: "CloudCredential") -> bool:
        unread = "encrypted_api_key" in self.get_deferred_fields()
        return unread or self.encrypted_api_key == stored.encrypted_api_key


class ClientKey(models.Model):
    """What a client shows us. Only a digest is kept: a lost key is replaced, not recovered."""

    name = models.CharField(max_length=100, unique=True, validators=[validators.printable])
    prefix = models.CharField(max_length=20, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="UTC. Empty: never.")
    allowed_models = models.JSONField(
        default=list,
        blank=True,
        validators=[validators.patterns],
        help_text="Names or patterns such as claude-*, one a line. Empty: every model.",
    )
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    monthly_budget = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="US dollars a month. Empty: no limit. 0: local models alone. Any other is kept, not counted yet.",
    )
    priority = models.CharField(
        max_length=20,
        choices=Priority,
        default=Priority.INTERACTIVE,
        help_text="At the local models: batch requests wait while interactive ones do.",
    )
    is_admin = models.BooleanField(
        "administrator", default=False, help_text="May read and change the configuration over /api."
    )
    last_used_at = models.DateTimeField(null=True, editable=False)

    history = ConfigurationHistory(table_name="client_keys_history", excluded_fields=["key_hash", "last_used_at"])

    class Meta:
        db_table = "client_keys"

    def __str__(self) -> str:
        return self.name

    def accept(self, key: str) -> None:
        """Take `key` as the one to present; the row is not saved."""
        self.prefix = client_keys.prefix(key)
        self.key_hash = client_keys.digest(key).hex()


class ConfigurationGeneration(models.Model):
    """One row: how often the configuration has changed. See `generation`."""

    number = models.PositiveBigIntegerField()

    class Meta:
        db_table = "configuration_generation"

    def __str__(self) -> str:
        return str(self.number)


class SetupStep(models.Model):
    """Something the first run made. Done once, so that what an owner deletes stays deleted."""

    name = models.CharField(max_length=100, unique=True)
    done_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "setup_steps"

    def __str__(self) -> str:
        return self.name
