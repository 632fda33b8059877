"""`Record`: one row of a table, checked: what it says was given, measured or changed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from twins.samples.dataset.error import DatasetError
from twins.samples.dataset.table import Table

_DOSING = ("AMT", "RATE", "DUR", "II", "ADDL", "SS")
_CLOSE = 1e-6


class Event(IntEnum):
    """The numbers of NONMEM's column EVID."""

    OBSERVATION = 0
    DOSE = 1
    OTHER = 2
    RESET = 3
    RESET_AND_DOSE = 4


@dataclass(frozen=True, slots=True)
class Record:
    """One row; times as the table's TIME was converted, amounts and values as they stand there.

    Attributes
    ----------
    duration : float
        AMT / RATE or DUR, in the table's unit of time; 0 for a bolus, and where `rate` is -1 or -2.
    measured : float or None
        None where the row measures nothing.
    """

    row: int
    subject: str
    hour: float
    event: Event
    amount: float
    rate: float
    duration: float
    interval: float
    additional: int
    steady_state: int
    compartment: int | None
    measured: float | None
    below_limit: bool
    output: int | None
    occasion: int | None
    covariates: Mapping[str, float]

    @property
    def gives(self) -> bool:
        return self.event in (Event.DOSE, Event.RESET_AND_DOSE)

    @property
    def resets(self) -> bool:
        return self.event in (Event.RESET, Event.RESET_AND_DOSE)

    def refuse(self, column: str, value: object, remedy: str) -> DatasetError:
        return DatasetError(remedy, column=column, value=value, row=self.row, subject=self.subject)


class _Row:
    """A row's values by column, and the error that names them."""

    def __init__(self, table: Table, index: int) -> None:
        self.number = index + 1
        self.subject = str(table.subjects[index])
        self._values = {name: float(column[index]) for name, column in table.columns.items()}

    def has(self, name: str) -> bool:
        return not math.isnan(self._values.get(name, math.nan))

    def number_of(self, name: str, default: float = 0.0) -> float:
        return self._values[name] if self.has(name) else default

    def whole(self, name: str, default: int, allowed: range | None = None) -> int:
        value = self.number_of(name, float(default))
        if not value.is_integer() or (allowed is not None and int(value) not in allowed):
            meant = "a whole number" if allowed is None else f"one of {', '.join(str(k) for k in allowed)}"
            raise self.refuse(name, value, f"give {meant}")
        return int(value)

    def refuse(self, column: str, value: object, remedy: str) -> DatasetError:
        return DatasetError(remedy, column=column, value=value, row=self.number, subject=self.subject)


def records(table: Table, rows: range, covariates: tuple[str, ...]) -> tuple[Record, ...]:
    """The rows of one subject, each checked by itself."""
    return tuple(_record(table, index, covariates) for index in rows)


def _record(table: Table, index: int, covariates: tuple[str, ...]) -> Record:
    row = _Row(table, index)
    event = _event(row, table)
    gives = event in (Event.DOSE, Event.RESET_AND_DOSE)
    if not gives:
        for name in _DOSING:
            if row.number_of(name) != 0.0:
                raise row.refuse(
                    name,
                    row.number_of(name),
                    f"a record with EVID {int(event)} gives no dose; set it to 0 or EVID to 1",
                )
    amount, rate, duration = _infusion(row) if gives else (0.0, 0.0, 0.0)
    additional = row.whole("ADDL", 0)
    if additional < 0:
        raise row.refuse("ADDL", float(additional), "give how many doses follow, 0 or more")
    steady = row.whole("SS", 0, range(3))
    interval = row.number_of("II")
    for name, asked in (("ADDL", additional), ("SS", steady)):
        if asked and not interval > 0:
            raise row.refuse("II", interval, f"{name} is {asked}, which needs the time between doses; give II")
    if interval < 0:
        raise row.refuse("II", interval, "give the time between doses")
    compartment = row.whole("CMT", 0)
    if compartment < 0:
        raise row.refuse(
            "CMT", float(compartment), "turning compartments off is not supported; give a number from 1 on"
        )
    measured, below = _measured(row, table, event)
    return Record(
        row=row.number,
        subject=row.subject,
        hour=float(table.hours[index]),
        event=event,
        amount=amount,
        rate=rate,
        duration=duration,
        interval=interval if additional or steady else 0.0,
        additional=additional,
        steady_state=steady,
        compartment=compartment or None,
        measured=measured,
        below_limit=below,
        output=row.whole("DVID", 0) if row.has("DVID") else None,
        occasion=row.whole("OCC", 0) if row.has("OCC") else None,
        covariates={name: row.number_of(name) for name in covariates if row.has(name)},
    )


def _event(row: _Row, table: Table) -> Event:
    if "EVID" in table.columns:
        if not row.has("EVID"):
            raise row.refuse("EVID", ".", "say what kind of record it is: 0, 1, 2, 3 or 4")
        return Event(row.whole("EVID", 0, range(5)))
    if row.number_of("AMT") == 0.0:
        return Event.OBSERVATION
    if row.has("DV") and row.number_of("DV") != 0.0 and row.number_of("MDV") == 0.0:
        raise row.refuse("DV", row.number_of("DV"), "the record gives a dose, too; write two records, or set MDV to 1")
    return Event.DOSE


def _infusion(row: _Row) -> tuple[float, float, float]:
    amount, rate, duration = row.number_of("AMT"), row.number_of("RATE"), row.number_of("DUR")
    if not amount > 0:
        raise row.refuse("AMT", amount, "a dose needs a positive amount; leave the record out, or set EVID to 0 or 2")
    if rate < 0 and rate not in (-1.0, -2.0):
        raise row.refuse("RATE", rate, "give a positive rate, 0 for a bolus, or -1 or -2 where the model says it")
    if duration < 0:
        raise row.refuse("DUR", duration, "give the infusion's length, or 0 for a bolus")
    if rate > 0:
        by_rate = amount / rate
        if duration > 0 and not math.isclose(duration, by_rate, rel_tol=_CLOSE):
            raise row.refuse("DUR", duration, f"AMT and RATE make it {by_rate:g}; correct one of the three")
        return amount, rate, by_rate
    if rate < 0 and duration > 0:
        raise row.refuse("DUR", duration, f"RATE {rate:g} leaves it to the model; set one of the two to 0")
    return amount, rate, duration


def _measured(row: _Row, table: Table, event: Event) -> tuple[float | None, bool]:
    """The level, or its limit of quantification and True."""
    hidden = row.whole("MDV", 0, range(2))
    if event is not Event.OBSERVATION:
        if row.has("MDV") and not hidden:
            raise row.refuse("MDV", 0.0, f"a record with EVID {int(event)} measures nothing; set MDV to 1")
        return None, False
    if hidden:
        return None, False
    flagged = row.whole("CENS", 0, range(-1, 2)) if row.has("CENS") else row.whole("BLQ", 0, range(2))
    if flagged < 0:
        raise row.refuse("CENS", float(flagged), "values above a limit are not supported; set MDV to 1")
    if not row.has("DV") and not flagged:
        if "MDV" in table.columns and row.has("MDV"):
            raise row.refuse("DV", ".", "MDV 0 says that there is a value; give it, or set MDV to 1")
        return None, False
    value, limit = row.number_of("DV"), row.number_of("LLOQ")
    if value < 0:
        raise row.refuse(
            "DV",
            value,
            "give 0 or more: what the assay put below 0 is below its limit (BLQ and LLOQ); undo logarithms",
        )
    if limit < 0:
        raise row.refuse("LLOQ", limit, "give the limit of quantification")
    if flagged or (row.has("LLOQ") and value < limit):
        limit = limit if row.has("LLOQ") else value
        if not limit > 0:
            name = "LLOQ" if row.has("LLOQ") else "DV"
            raise row.refuse(name, limit, "the value lies below a limit; give it in DV or LLOQ")
        return limit, True
    return value, False


def has_values(table: Table, name: str) -> bool:
    """Whether a column is there and holds a number anywhere."""
    return name in table.columns and bool(np.any(np.isfinite(table.columns[name])))
