"""How the configuration API reads and writes a row: locked, validated, and as one change with its author."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.http import Http404, HttpRequest
from pydantic import BaseModel

from credentials import generation
from credentials.api_auth import author


class Refused(Exception):
    """A row that does not validate, with the messages by the API's name of the field."""

    def __init__(self, problems: dict[str, list[str]], *, duplicate: bool) -> None:
        super().__init__("The row does not validate.")
        self.problems = problems
        self.duplicate = duplicate


def find[M: models.Model](model: type[M], row_id: int) -> M:
    row = model._default_manager.filter(pk=row_id).first()
    if row is None:
        raise Http404
    return row


@contextmanager
def changing[M: models.Model](request: HttpRequest, model: type[M], row_id: int) -> Iterator[M]:
    """The row, locked until the block has changed it."""
    with generation.change(author(request)):
        row = model._default_manager.select_for_update().filter(pk=row_id).first()
        if row is None:
            raise Http404
        yield row


def create[M: models.Model](request: HttpRequest, row: M) -> M:
    """Raises Refused."""
    with generation.change(author(request)):
        save(row)
    return row


def update[M: models.Model](request: HttpRequest, model: type[M], row_id: int, payload: BaseModel) -> M:
    """What the payload gives; what it leaves out stays. Raises Refused."""
    with changing(request, model, row_id) as row:
        for field, value in payload.model_dump(exclude_unset=True).items():
            setattr(row, field, value)
        save(row)
    return row


def delete(request: HttpRequest, model: type[models.Model], row_id: int) -> None:
    with changing(request, model, row_id) as row:
        row.delete()


def save(row: models.Model) -> None:
    """Raises Refused. To be called inside a change."""
    try:
        row.full_clean()
    except ValidationError as error:
        problems = {_api_name(row, field): problem.messages for field, problem in _by_field(error)}
        codes = {one.code for _, problem in _by_field(error) for one in problem.error_list}
        raise Refused(problems, duplicate=codes <= {"unique", "unique_together"}) from None
    row.save()


def _by_field(error: ValidationError) -> list[tuple[str, ValidationError]]:
    return [(field, ValidationError(problems)) for field, problems in error.error_dict.items()]


def _api_name(row: models.Model, field: str) -> str:
    """References are named by their id column."""
    return field if field == NON_FIELD_ERRORS else str(row._meta.get_field(field).attname)  # type: ignore[union-attr]
