"""The admin of the request log: to be read, and quick with a million rows.

Filters offer what is known beforehand, and search compares whole words: neither looks at every row.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from credentials.backend_type import BackendType
from credentials.models import ClientKey
from inference.course import ANSWERED, CANCELLED, GONE
from inference.errors import Kind
from inference.models import RequestLog

type Choices = list[tuple[str, str]]

NOTHING = "–"


def by(field: str, title: str, choices: Callable[[], Choices]) -> type[admin.SimpleListFilter]:
    """A filter for one of the values, not for those that happen to be in the table."""

    class By(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
            return choices()

        def queryset(self, request: HttpRequest, queryset: QuerySet[RequestLog]) -> QuerySet[RequestLog]:
            value = self.value()
            return queryset.filter(**{field: value}) if value in dict(self.lookup_choices) else queryset

    By.title = title
    return By


def clients() -> Choices:
    return [(str(key), name) for key, name in ClientKey.objects.order_by("name").values_list("pk", "name")]


def outcomes() -> Choices:
    return [(word, word.replace("_", " ")) for word in (ANSWERED, GONE, CANCELLED, *sorted(map(str, Kind)))]


class StatusFilter(admin.SimpleListFilter):
    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(str(first), f"{first}xx") for first in (2, 4, 5)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RequestLog]) -> QuerySet[RequestLog]:
        first = self.value()
        if first not in ("2", "4", "5"):
            return queryset
        return queryset.filter(status__range=(int(first) * 100, int(first) * 100 + 99))


class RequestLogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django takes none when it runs.
    list_display = ["began", "client_key_name", "model", "answered_by", "result", "duration", "first_byte", "tokens"]
    list_filter = [
        "time",
        StatusFilter,
        by("outcome", "outcome", outcomes),
        by("backend", "backend", lambda: list(BackendType.choices)),
        by("client_key_id", "client", clients),
        "stream",
    ]
    fieldsets = [
        (None, {"fields": ["time", "request_id", "client_key_name", "endpoint", "model", "stream"]}),
        ("Route", {"fields": ["mapping_name", "mapping_id", "tries", "backend", "backend_model"]}),
        ("Answer", {"fields": ["status", "outcome", "first_byte_ms", "duration_ms"]}),
        ("Tokens", {"fields": ["input_tokens", "cached_tokens", "output_tokens", "is_estimated"]}),
    ]
    readonly_fields = ["tries"]
    search_fields = ["request_id__exact", "model__exact"]
    search_help_text = "A request's id, or a model's whole name as the client asked for it."
    ordering = ["-time"]
    # The one it offers reads every row that it deletes, which may be all.
    actions = None
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RequestLog | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RequestLog | None = None) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser

    @admin.display(description="Time", ordering="time")
    def began(self, row: RequestLog) -> str:
        return in_a_line(f"{row.time:%Y-%m-%d %H:%M:%S}")

    @admin.display(description="Answered by")
    def answered_by(self, row: RequestLog) -> str:
        more = f" ({len(row.attempts)} attempts)" if len(row.attempts) > 1 else ""
        return f"{row.backend}: {row.backend_model}{more}" if row.backend else NOTHING

    @admin.display(description="Status")
    def result(self, row: RequestLog) -> str:
        status = NOTHING if row.status is None else str(row.status)
        return status if row.outcome == ANSWERED else f"{status} {row.outcome}"

    @admin.display(description="Duration")
    def duration(self, row: RequestLog) -> str:
        return in_a_line(seconds(row.duration_ms))

    @admin.display(description="First byte")
    def first_byte(self, row: RequestLog) -> str:
        return NOTHING if row.first_byte_ms is None else in_a_line(seconds(row.first_byte_ms))

    @admin.display(description="Tokens in → out")
    def tokens(self, row: RequestLog) -> str:
        about = "about " if row.is_estimated else ""
        return NOTHING if row.input_tokens is None else in_a_line(f"{about}{row.input_tokens} → {row.output_tokens}")

    @admin.display(description="Attempts")
    def tries(self, row: RequestLog) -> str:
        tries = [f"{one['backend']}: {one['model']} — {one['outcome']}, {seconds(one['ms'])}" for one in row.attempts]
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in tries)) or NOTHING


def in_a_line(text: str) -> str:
    """Whatever else the table has to make room for."""
    return format_html('<span class="nowrap">{}</span>', text)


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.2f} s"
