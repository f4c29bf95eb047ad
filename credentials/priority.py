"""Who of the clients goes first at the local models, as choices for models and forms."""

from django.db import models


class Priority(models.TextChoices):
    INTERACTIVE = "interactive", "Interactive"
    BATCH = "batch", "Batch"
