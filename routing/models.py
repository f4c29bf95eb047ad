"""The mapping of a model name to those who answer it, and what an operator says of models; what makes either valid."""

from collections.abc import Collection

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import F, Q

from credentials import validators
from credentials.audit import ConfigurationHistory
from credentials.backend_type import BackendType
from credentials.models import CLOUD_TYPES, CloudCredential
from routing import profile_words

REQUESTED = "*"
LOCAL = BackendType.LOCAL


class BackendMapping(models.Model):
    """The first enabled mapping that matches a request's model decides; nothing is merged."""

    model_pattern = models.CharField(
        max_length=255,
        db_index=True,
        validators=[validators.printable],
        help_text="The name clients ask for, or a pattern in which * stands for anything: gpt-*, mlx-community/*, *.",
    )
    backend_type = models.CharField("backend", max_length=20, choices=BackendType.choices, help_text="Who answers.")
    backend_model = models.CharField(
        "model",
        max_length=255,
        null=True,
        blank=True,
        validators=[validators.printable],
        help_text="The name this backend knows. Empty: the name the client asked for.",
    )
    credential = models.ForeignKey(
        CloudCredential,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the one named “default”. A local model needs none.",
    )
    fallback_backend = models.CharField(
        max_length=20,
        choices=BackendType.choices,
        null=True,
        blank=True,
        help_text="Who answers when the first cannot. Empty: nobody.",
    )
    fallback_model = models.CharField(
        max_length=255,
        null=True,
        blank=True,
        validators=[validators.printable],
        help_text="The name the fallback knows. * sends the name the client asked for.",
    )
    fallback_credential = models.ForeignKey(
        CloudCredential, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    local_only = models.BooleanField(
        default=False, help_text="The privacy fence: requests for this model never leave the machine."
    )
    strict_params = models.BooleanField(
        "strict",
        default=False,
        help_text="What translation to the backend's protocol would weaken or leave out is refused, not warned about.",
    )
    priority = models.IntegerField(default=0, help_text="Higher is checked first.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = ConfigurationHistory(table_name="backend_mappings_history")

    class Meta:
        db_table = "backend_mappings"
        ordering = ["-priority", "model_pattern", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(model_pattern=""),
                name="mapping_has_a_pattern",
                violation_error_code="model_pattern",
                violation_error_message="Enter a model name or a pattern; * alone matches every name.",
            ),
            models.CheckConstraint(
                condition=Q(backend_type__in=BackendType.values)
                & (Q(fallback_backend=None) | Q(fallback_backend__in=BackendType.values)),
                name="mapping_names_known_backends",
                violation_error_code="backend_type",
                violation_error_message="A backend is local, openai or anthropic.",
            ),
            models.CheckConstraint(
                condition=~Q(backend_type=LOCAL) | Q(credential=None),
                name="mapping_local_needs_no_credential",
                violation_error_code="credential",
                violation_error_message="A local model needs no credential: leave it empty.",
            ),
            models.CheckConstraint(
                condition=~Q(fallback_backend=LOCAL) | Q(fallback_credential=None),
                name="mapping_local_fallback_needs_no_credential",
                violation_error_code="fallback_credential",
                violation_error_message="A local fallback needs no credential: leave it empty.",
            ),
            models.CheckConstraint(
                condition=~Q(fallback_backend=None) | Q(fallback_model=None, fallback_credential=None),
                name="mapping_fallback_has_a_backend",
                violation_error_code="fallback_backend",
                violation_error_message="Choose a fallback backend, or leave its model and credential empty.",
            ),
            models.CheckConstraint(
                condition=Q(fallback_backend=None)
                | Q(fallback_backend=F("backend_type"))
                | Q(fallback_model__isnull=False),
                name="mapping_foreign_fallback_names_its_model",
                violation_error_code="fallback_model",
                violation_error_message=(
                    "Another provider does not know this name: enter the fallback's model, or * if it does."
                ),
            ),
            models.CheckConstraint(
                condition=Q(local_only=False)
                | Q(backend_type=LOCAL) & (Q(fallback_backend=None) | Q(fallback_backend=LOCAL)),
                name="mapping_local_only_stays_local",
                violation_error_code="local_only",
                violation_error_message="Local only: choose local as backend, and local or nobody as fallback.",
            ),
        ]

    def __str__(self) -> str:
        return self.model_pattern

    @property
    def sent_model(self) -> str | None:
        """The name the backend is sent; None: the requested one."""
        return _sent(self.backend_model)

    @property
    def sent_fallback_model(self) -> str | None:
        return _sent(self.fallback_model)

    def clean(self) -> None:
        """What the database cannot check. The constraints say the rest."""
        for field in ("backend_model", "fallback_backend", "fallback_model"):
            setattr(self, field, getattr(self, field) or None)
        first, second = _find(self.credential_id), _find(self.fallback_credential_id)
        problems = {
            "credential": _type_problem(first, self.backend_type),
            "fallback_credential": _type_problem(second, self.fallback_backend),
        }
        if _choice(self.backend_type, self.sent_model or self.model_pattern, first) == _choice(
            self.fallback_backend, self.sent_fallback_model or self.model_pattern, second
        ):
            problems["fallback_backend"] = "This is the first choice again: change the backend, model or credential."
        if any(problems.values()):
            raise ValidationError({field: problem for field, problem in problems.items() if problem})

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """A constraint's code is the field at fault, so that forms and the API show its message there."""
        try:
            super().validate_constraints(exclude)
        except ValidationError as error:
            raise ValidationError({str(one.code): one.messages for one in error.error_dict[NON_FIELD_ERRORS]}) from None


class ModelProfile(models.Model):
    """An operator's word on what a cloud's model can do; of a local one the worker knows that itself.

    The most specific pattern that matches the target's name decides; nothing is merged.
    """

    backend_type = models.CharField("backend", max_length=20, choices=CLOUD_TYPES)
    model_pattern = models.CharField(
        max_length=255,
        validators=[validators.printable],
        help_text="The name the backend knows the model by, or a pattern in which * stands for anything: claude-*, *.",
    )
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = ConfigurationHistory(table_name="model_profiles_history")

    class Meta:
        db_table = "model_profiles"
        ordering = ["backend_type", "model_pattern"]
        constraints = [
            models.UniqueConstraint(fields=["backend_type", "model_pattern"], name="one_profile_of_a_pattern"),
            models.CheckConstraint(
                condition=Q(backend_type__in=[value for value, _ in CLOUD_TYPES]),
                name="profile_is_for_a_cloud",
                violation_error_message="A local model needs no profile.",
            ),
            models.CheckConstraint(condition=~Q(model_pattern=""), name="profile_has_a_pattern"),
        ]

    def __str__(self) -> str:
        return f"{self.backend_type}/{self.model_pattern}"

    def clean(self) -> None:
        # A form that is left empty gives None.
        self.settings = {} if self.settings is None else self.settings
        problems = profile_words.problems(self.settings)
        if problems:
            raise ValidationError({"settings": problems})


def _find(credential_id: int | None) -> CloudCredential | None:
    return CloudCredential.objects.filter(pk=credential_id).first() if credential_id is not None else None


def _sent(model: str | None) -> str | None:
    return None if model in (None, REQUESTED) else model


def _choice(backend: str | None, model: str, credential: CloudCredential | None) -> tuple[str | None, str, str]:
    """Who answers, in a form that can be compared."""
    return backend, model, credential.name if credential is not None else "default"


def _type_problem(credential: CloudCredential | None, backend: str | None) -> str | None:
    if credential is None or backend in (None, LOCAL) or credential.backend_type == backend:
        return None
    labels: dict[str | None, str] = dict(BackendType.choices)
    wanted = labels.get(backend, "this backend")
    return f"This credential is for {credential.get_backend_type_display()}: choose one for {wanted}, or none."
