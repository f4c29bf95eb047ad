"""The ASGI application: `/v1` and `/health` on a short way of their own, everything else on stock Django."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlxmanager.settings")
site = get_asgi_application()

from mlxmanager.application import Application, make_gateway  # noqa: E402 - needs the apps to be loaded

application = Application(site, make_gateway())
