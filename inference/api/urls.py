"""The addresses of `/v1`, as its own handler resolves them."""

from django.urls import path

from inference.api.views import anthropic, openai

urlpatterns = [path("v1/", openai.urls), path("v1/", anthropic.urls)]
