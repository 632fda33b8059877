"""The rows of a search in their order, and those beyond a place in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, F, Func, Q, QuerySet, Value
from django.db.models.fields import BooleanField

from integrations.fhir.resources.served import Key


class _Beyond(Func):
    """``(a, b) > (c, d)``, which an index of a and b answers without a walk."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, *expressions: Any, sign: str = ">") -> None:
        super().__init__(*expressions)
        self._sign = sign

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # noqa: ARG002
        parts, values = [], []
        for expression in self.source_expressions:
            sql, params = compiler.compile(expression)
            parts.append(sql)
            values.extend(params)
        return f"({parts[0]}, {parts[1]}) {self._sign} ({parts[2]}, {parts[3]})", values


@dataclass(frozen=True)
class Phase:
    """Rows in one order: by `column`, by the columns of `then`, each with its direction, and by number.

    A place is the values of them all, in this order; `column` is None where the rows have no value of it.
    """

    query: QuerySet[Any]
    column: str | None
    then: tuple[tuple[str, bool], ...]
    number: str
    descending: bool
    start: Key | None

    def beyond(self, place: Key | None) -> QuerySet[Any]:
        rows, sign = self.query, "-" if self.descending else ""
        if place is not None:
            rows = rows.filter(self._later(place) if self.then else self._next(place))
        order: list[Any] = [f"{sign}{self.column}"] if self.column else []
        for column, descends in self.then:
            order.append(F(column).desc(nulls_last=True) if descends else F(column).asc(nulls_last=True))
        return rows.order_by(*order, f"{sign}{self.number}")

    def _next(self, place: Key) -> Any:
        number = int(place[-1] or 0)
        if self.column is None:
            return Q(**{f"{self.number}__{'lt' if self.descending else 'gt'}": number})
        value: Any = Value(place[0])
        if not self.column.endswith("source_key"):
            value = Value(datetime.fromisoformat(str(place[0])), output_field=DateTimeField())
        return _Beyond(F(self.column), F(self.number), value, Value(number), sign="<" if self.descending else ">")

    def _later(self, place: Key) -> Q:
        """Beyond the place by the first of several columns in which a row differs from it."""
        first = [(self.column, self.descending)] if self.column else []
        columns = [*first, *self.then, (self.number, self.descending)]
        values = place if self.column else place[1:]
        found, alike = Q(pk__in=[]), Q()
        for (column, descends), text in zip(columns, values, strict=True):
            value = _value(column, text)
            if value is not None:
                beyond = Q(**{f"{column}__{'lt' if descends else 'gt'}": value})
                found |= alike & (beyond | Q(**{f"{column}__isnull": True}) if column == "low" else beyond)
            alike &= Q(**{f"{column}__isnull": True}) if value is None else Q(**{column: value})
        return found

    def place(self, row: dict[str, Any]) -> Key:
        names = ["place"] if self.column else []
        values = [row[name] for name in (*names, *(f"place_{n}" for n, _ in enumerate(self.then)))]
        said = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        return (*([] if self.column else [None]), *said, row["pk_"] if "pk_" in row else row["pk"])


def _value(column: str, text: str | int | None) -> Any:
    """What stands in the column of a place."""
    is_text = column.endswith("source_key") or not isinstance(text, str)
    return text if is_text else datetime.fromisoformat(str(text))
