"""The app `credentials`; importing it registers its system checks."""

from django.apps import AppConfig

from credentials import checks

__all__ = ["CredentialsConfig", "checks"]


class CredentialsConfig(AppConfig):
    name = "credentials"
