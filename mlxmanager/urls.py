"""Every address that is served by the stock handler."""

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.urls import path
from ninja import NinjaAPI

from credentials import api_errors
from credentials.api import credentials, keys
from credentials.api_auth import ADMINISTRATORS
from inference.configuration_api import route
from inference.local_models_api import local_models
from mlxmanager.views import start
from routing.api import mappings, profiles


def configuration_api() -> NinjaAPI:
    """The configuration as JSON, for administrators alone; its page of documentation for staff."""
    api = NinjaAPI(
        title="MLX Manager configuration",
        urls_namespace="configuration",
        auth=ADMINISTRATORS,
        docs_decorator=staff_member_required,
    )
    api.add_router("/mappings", mappings)
    api.add_router("/credentials", credentials)
    api.add_router("/client-keys", keys)
    api.add_router("/profiles", profiles)
    api.add_router("/local-models", local_models)
    api.add_router("/route", route)
    api_errors.register(api)
    return api


admin.site.site_header = admin.site.site_title = "MLX Manager"
admin.site.index_title = "Configuration"

urlpatterns = [
    path("", start),
    path("admin/", admin.site.urls),
    path("api/", api_errors.complete(configuration_api().urls)),
]
