"""The log of requests; and what an operator wants of local models, which need no row: a folder alone installs one."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from credentials.audit import ConfigurationHistory
from inference.installed import NAME
from inference.protocols.wire import LoadOptions, ModelOptions

IS_NAME = RegexValidator(f"^{NAME.pattern}\\Z", "Enter a model's name, as organisation/model.")
MOST_GUESSES = 16


class LocalModel(models.Model):
    """Options of a model that is installed, or of one to come."""

    name = models.CharField(
        max_length=255,
        unique=True,
        validators=[IS_NAME],
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
    kv_bits = models.PositiveSmallIntegerField(
        "bits of the cache",
        null=True,
        blank=True,
        choices=[(4, "4"), (8, "8")],
        help_text="Of each number that is kept of what was read: longer prompts fit. It answers one request at a time. "
        "Empty: as many as the model computes with.",
    )
    draft_model = models.CharField(
        max_length=255,
        null=True,
        blank=True,
        validators=[IS_NAME],
        help_text="A small model of the same vocabulary that guesses what this one writes, so that several tokens come "
        "in a step; the text stays the same. It answers one request at a time.",
    )
    num_draft_tokens = models.PositiveSmallIntegerField(
        "guesses",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_GUESSES)],
        help_text="How many tokens the draft model guesses at a time. Empty: 3.",
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
            models.CheckConstraint(
                condition=Q(kv_bits=None) | Q(kv_bits__in=[4, 8]), name="local_model_has_known_kv_bits"
            ),
            models.CheckConstraint(
                condition=Q(num_draft_tokens=None) | Q(num_draft_tokens__range=(1, MOST_GUESSES)),
                name="local_model_guesses_few_tokens",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.draft_model = self.draft_model or None


class RequestLog(models.Model):
    """One request under /v1 that showed a valid key. Never what was asked or answered.

    Client key and mapping are kept by id and name, without a constraint: rows outlive them.
    """

    time = models.DateTimeField(help_text="When the request began.")
    request_id = models.CharField(max_length=64, unique=True)
    client_key_id = models.BigIntegerField()
    client_key_name = models.CharField("client", max_length=255)
    endpoint = models.CharField(max_length=255)
    model = models.CharField("asked for", max_length=255, help_text="The model's name as the client has it.")
    mapping_id = models.BigIntegerField(null=True)
    mapping_name = models.CharField("mapping", max_length=255, help_text="Its pattern. Empty: no mapping matched.")
    attempts = models.JSONField(help_text="Each with its backend, model, outcome and milliseconds.")
    backend = models.CharField(max_length=20, help_text="Who answered or failed last. Empty: nobody was asked.")
    backend_model = models.CharField("answered by", max_length=255, help_text="The model's name as its backend has it.")
    status = models.PositiveSmallIntegerField(null=True, help_text="None: the client left before there was one.")
    outcome = models.CharField(max_length=64, help_text="“answered”, or what went wrong.")
    stream = models.BooleanField(help_text="A stream was asked for.")
    first_byte_ms = models.PositiveIntegerField("first byte", null=True, help_text="Milliseconds.")
    duration_ms = models.PositiveIntegerField("duration", help_text="Milliseconds.")
    input_tokens = models.PositiveIntegerField(null=True, help_text="Of the whole prompt.")
    cached_tokens = models.PositiveIntegerField(null=True, help_text="Those of the prompt that had been read before.")
    output_tokens = models.PositiveIntegerField(null=True)
    is_estimated = models.BooleanField("tokens are estimated", help_text="The backend did not tell all of them.")

    class Meta:
        db_table = "request_logs"
        verbose_name = "request"
        ordering = ["-time", "-id"]
        # What is rare among many. For what is not, such as a backend, the times alone lead to a page of rows.
        indexes = [
            models.Index(fields=["time"], name="request_logs_time"),
            models.Index(fields=["client_key_id", "time"], name="request_logs_client"),
            models.Index(fields=["outcome", "time"], name="request_logs_outcome"),
        ]

    def __str__(self) -> str:
        return self.request_id


def read_options() -> tuple[ModelOptions, ...]:
    """As the worker is told of them."""
    return tuple(map(options_of, LocalModel.objects.all()))


def read_load_options() -> dict[str, LoadOptions]:
    """By the model's name; what is not there is loaded as it is."""
    return {one.name: one.load for one in read_options()}


def options_of(row: LocalModel) -> ModelOptions:
    return ModelOptions(
        row.name,
        pinned=row.pinned,
        preload=row.preload,
        idle_ttl=row.idle_ttl,
        max_context=row.max_context,
        load=LoadOptions(row.kv_bits, row.draft_model, row.num_draft_tokens),
    )
