"""What an operator wants of local models. A model needs no row: it is installed by its folder alone."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from credentials.audit import ConfigurationHistory
from inference.installed import NAME
from inference.protocols.wire import ModelOptions


class LocalModel(models.Model):
    """Options of a model that is installed, or of one to come."""

    name = models.CharField(
        max_length=255,
        unique=True,
        validators=[RegexValidator(f"^{NAME.pattern}\\Z", "Enter a model's name, as organisation/model.")],
        help_text="As the model is installed, such as mlx-community/Qwen3-4B-4bit.",
    )
    pinned = models.BooleanField(default=False, help_text="Once in memory, it stays: it makes room for no other model.")
    preload = models.BooleanField(
        default=False, help_text="It is loaded when the worker starts, where there is room, not when first asked for."
    )
    idle_ttl = models.PositiveIntegerField(
        "leaves when idle for",
        null=True,
        blank=True,
        help_text="Seconds without a request after which it leaves the memory. Empty: 15 minutes.",
    )
    max_context = models.PositiveIntegerField(
        "context",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many tokens a prompt and its answer may have together. Empty: as many as the model can.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = ConfigurationHistory(table_name="local_models_history")

    class Meta:
        db_table = "local_models"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="local_model_has_a_name"),
            models.CheckConstraint(
                condition=Q(max_context=None) | Q(max_context__gte=1), name="local_model_has_room_for_a_token"
            ),
        ]

    def __str__(self) -> str:
        return self.name


def read_options() -> tuple[ModelOptions, ...]:
    """As the worker is told of them."""
    return tuple(
        ModelOptions(
            row.name, pinned=row.pinned, preload=row.preload, idle_ttl=row.idle_ttl, max_context=row.max_context
        )
        for row in LocalModel.objects.all()
    )
