"""The kinds of backend a mapping can name, as choices for models and forms."""

from django.db import models


class BackendType(models.TextChoices):
    LOCAL = "local", "Local"
    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
