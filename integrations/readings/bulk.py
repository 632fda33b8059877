"""Rows written in bulk: by COPY on PostgreSQL, where there are many, and else by INSERT."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import F, JSONField, Lookup, Model, Q

Row = TypeVar("Row", bound=Model)
_WORTH_A_COPY = 100
_INSERTED_AT_ONCE = 1000


def make(model: type[Row], **values: Any) -> Row:
    """A row of the model, of the values by column; in half the time that its class needs to take them by name."""
    pick, defaults = _places(model)
    return model(*pick({**defaults, **values}))


@lru_cache(maxsize=16)
def _places(model: type[Model]) -> tuple[Callable[[dict[str, Any]], tuple[Any, ...]], dict[str, Any]]:
    """What brings values in the order of the fields, and the values of those left out; one made anew must be given."""
    fields = model._meta.concrete_fields
    made_anew = {field.attname for field in fields if field.has_default() and callable(field.default)}
    defaults = {field.attname: field.get_default() for field in fields if field.attname not in made_anew}
    return itemgetter(*(field.attname for field in fields)), defaults


def store(model: type[Model], rows: Sequence[Any]) -> None:
    """Write new rows, which get their keys; one that is there already raises IntegrityError and none is written."""
    if connection.vendor != "postgresql" or len(rows) < _WORTH_A_COPY:
        model._default_manager.bulk_create(rows, batch_size=_INSERTED_AT_ONCE)
        return
    table = model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [table, model._meta.pk.column, len(rows)],
        )
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
        columns, types, _ = _layout(model)
        copy_in(cursor, table, columns, types, _values(model, rows))
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def copy_in(
    cursor: Any, table: str, columns: Sequence[str], types: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """COPY rows of values into the table; errors are those that Django raises."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


@lru_cache(maxsize=16)
def _layout(model: type[Model]) -> tuple[list[str], list[str], list[int]]:
    """Columns of a model, their types, and the places of those of JSON."""
    fields = model._meta.concrete_fields
    types = [(field.db_type(connection) or "").split("(")[0] for field in fields]
    types = [{"bigint": "int8"}.get(name, name) for name in types]
    of_json = [place for place, field in enumerate(fields) if isinstance(field, JSONField)]
    return [field.column for field in fields], types, of_json


def _values(model: type[Model], rows: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    fields = model._meta.concrete_fields
    pick = attrgetter(*(field.attname for field in fields))
    of_json = _layout(model)[2]
    if not of_json:
        yield from map(pick, rows)
        return
    for row in rows:
        values = list(pick(row))
        for place in of_json:
            values[place] = fields[place].get_db_prep_value(values[place], connection)
        yield tuple(values)


class _Any(Lookup):
    """``column = ANY(array)``: one parameter however many there are."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*parameters, self.rhs]


def among(keys: Iterable[str]) -> Q | Lookup:
    """The condition that `source_key` is one of many; text of a query with a parameter for each takes long to read."""
    if connection.vendor != "postgresql":
        return Q(source_key__in=list(keys))
    return _Any(F("source_key"), list(keys))
