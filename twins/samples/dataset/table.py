"""A table's columns as numbers, from a file or a DataFrame; nothing of their meaning yet."""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twins.quantities.clock import hours_between
from twins.samples.dataset.error import DatasetError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

KNOWN = (
    "ID", "TIME", "DATE", "AMT", "RATE", "DUR", "II", "ADDL", "SS", "EVID", "MDV", "CMT", "DV", "OCC", "BLQ", "CENS",
    "LLOQ", "DVID",
)  # fmt: skip
_MISSING = frozenset({"", ".", "NA", "nan", "NaN", "None", "<NA>"})


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length.

    Attributes
    ----------
    subjects : tuple of int or str
        Of each row; rows of a subject stand together.
    hours : ndarray
        Since `starts` of the row's subject, or since whatever TIME counts from.
    columns : mapping of str to ndarray
        All others but ID, TIME and DATE; NaN is missing.
    starts : mapping of subject to datetime
        Where DATE gives days.
    """

    subjects: tuple[int | str, ...]
    hours: Array
    columns: dict[str, Array]
    starts: dict[int | str, datetime]

    def blocks(self) -> dict[int | str, range]:
        """Rows of each subject, in the table's order."""
        edges = [0, *(k for k in range(1, len(self.subjects)) if self.subjects[k] != self.subjects[k - 1])]
        edges.append(len(self.subjects))
        return {self.subjects[a]: range(a, b) for a, b in pairwise(edges) if b > a}


def load(
    source: "pd.DataFrame | str | Path",
    *,
    rename: Mapping[str, str],
    covariates: Collection[str],
    ignored: Collection[str],
    separator: str | None,
    zone: tzinfo | None,
    hours_per_time: float,
) -> Table:
    """Read and check columns; `covariates` and `ignored` as the table names them."""
    frame = _frame(source, separator)
    names = {str(name): _name(str(name), rename, covariates) for name in frame.columns}
    frame = frame.rename(columns=names)
    doubled = [name for name in frame.columns if list(frame.columns).count(name) > 1]
    if doubled:
        raise DatasetError("stands twice; drop or rename one", column=doubled[0])
    for name in frame.columns:
        if name not in KNOWN and name not in covariates and name not in ignored:
            raise DatasetError(
                "is unknown; say covariates={column: chart name}, ignored=(column,) or rename={column: known column}",
                column=name,
            )
    for name in ("ID", "TIME", *covariates):
        if name not in frame.columns:
            raise DatasetError("is not there; add it, or rename the column that holds it", column=name)
    if len(frame) == 0:
        raise DatasetError("the table has no rows; give at least one record", column="ID")
    subjects = tuple(_subject(value, row) for row, value in enumerate(frame["ID"], start=1))
    _together(subjects)
    hours, starts = _hours(frame, subjects, zone, hours_per_time)
    wanted = [name for name in frame.columns if name not in ("ID", "TIME", "DATE") and name not in ignored]
    return Table(subjects, hours, {name: _numbers(frame[name], name, subjects) for name in wanted}, starts)


def _frame(source: "pd.DataFrame | str | Path", separator: str | None) -> "pd.DataFrame":
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source.reset_index(drop=True)
    if not isinstance(source, str | Path):
        raise DatasetError("give a DataFrame or a file's path", column=f"table {type(source).__name__}")
    try:
        lines = Path(source).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DatasetError(f"the file cannot be read ({error.strerror})", column=f"table {source}") from None
    except UnicodeDecodeError:
        raise DatasetError("the file is not UTF-8 text; save it as such", column="ID") from None
    if lines and lines[0].startswith("TABLE NO."):
        lines = lines[1:]
    header = lines[0] if lines else ""
    if separator is None:
        separator = next((sign for sign in (",", ";", "\t") if sign in header), r"\s+")
    rows = [_fields(line, separator) for line in lines if line.strip()]
    if not rows:
        raise DatasetError("the file is empty; give a header and at least one record", column="ID")
    names = [name.strip().lstrip("#") for name in rows[0]]
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names):
            # A sign too many or too few would move every value behind it into another column.
            raise DatasetError(
                f"the header names {len(names)} columns and this row has {len(row)} values; give one for each",
                column=names[0], row=number,
            )  # fmt: skip
    return pd.DataFrame(rows[1:], columns=names, dtype=str)


def _fields(line: str, separator: str) -> list[str]:
    if separator == r"\s+":
        return line.split()
    return [value.strip() for value in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]


def _name(name: str, rename: Mapping[str, str], covariates: Collection[str]) -> str:
    found = rename.get(name, name)
    if found in covariates or found.upper() not in KNOWN:
        return found
    return found.upper()


def _subject(value: Any, row: int) -> int | str:
    text = str(value).strip()
    if text in _MISSING:
        raise DatasetError("say whose record it is", column="ID", value=text, row=row)
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else text


def _together(subjects: tuple[int | str, ...]) -> None:
    seen: set[int | str] = set()
    for k, subject in enumerate(subjects):
        if k and subject == subjects[k - 1]:
            continue
        if subject in seen:
            raise DatasetError(
                "this subject's records stand in two places; sort them together, or give the later ones another ID",
                column="ID", value=subject, row=k + 1,
            )  # fmt: skip
        seen.add(subject)


def _numbers(values: "pd.Series[Any]", name: str, subjects: tuple[int | str, ...]) -> Array:
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        text = str(value).strip()
        if text in _MISSING:
            continue
        try:
            found[row] = float(text)
        except ValueError:
            raise DatasetError(
                "give a number, or . where there is none",
                column=name,
                value=text,
                row=row + 1,
                subject=str(subjects[row]),
            ) from None
        if np.isinf(found[row]):
            raise DatasetError("give a finite number", column=name, value=text, row=row + 1, subject=str(subjects[row]))
    return found


def _hours(
    frame: "pd.DataFrame", subjects: tuple[int | str, ...], zone: tzinfo | None, hours_per_time: float
) -> tuple[Array, dict[int | str, datetime]]:
    """Hours of each row; from the subject's first record where there are days."""
    if not hours_per_time > 0:
        raise DatasetError(f"hours_per_time is {hours_per_time}; give the hours in one unit of TIME", column="TIME")
    starts: dict[int | str, datetime] = {}
    if "DATE" not in frame.columns:
        for row, value in enumerate(frame["TIME"], start=1):
            if ":" in str(value):
                raise DatasetError(
                    "a clock time says no day; give hours, or a column DATE with ISO days",
                    column="TIME", value=str(value), row=row, subject=str(subjects[row - 1]),
                )  # fmt: skip
        hours = _numbers(frame["TIME"], "TIME", subjects) * hours_per_time
    else:
        if zone is None:
            raise DatasetError("days need their time zone; give zone=, for example datetime.UTC", column="DATE")
        moments = [
            _moment(str(day).strip(), str(clock).strip(), zone, row, str(subjects[row - 1]))
            for row, (day, clock) in enumerate(zip(frame["DATE"], frame["TIME"], strict=True), start=1)
        ]
        for subject, moment in zip(subjects, moments, strict=True):
            starts.setdefault(subject, moment)
        hours = np.array([hours_between(starts[s], moment) for s, moment in zip(subjects, moments, strict=True)])
    for row in range(hours.size):
        subject, hour = subjects[row], float(hours[row])
        if np.isnan(hour):
            raise DatasetError("say when", column="TIME", value=".", row=row + 1, subject=str(subject))
        if row and subjects[row - 1] == subject and hour < hours[row - 1]:
            raise DatasetError(
                f"comes after {hours[row - 1]:g} h; sort each subject's records by time",
                column="TIME", value=hour, row=row + 1, subject=str(subject),
            )  # fmt: skip
        if hour < 0:
            raise DatasetError(
                "is before the start; count from the first record",
                column="TIME",
                value=hour,
                row=row + 1,
                subject=str(subject),
            )
    return hours, starts


def _moment(day: str, clock: str, zone: tzinfo, row: int, subject: str) -> datetime:
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise DatasetError(
            "is no ISO day such as 2026-03-02; other orders of day and month can be misread", column="DATE", value=day,
            row=row, subject=subject,
        ) from None  # fmt: skip
    try:
        at = time.fromisoformat(clock.zfill(5)) if ":" in clock else None
        hours = 0.0 if at is not None else float(clock)
        if at is not None and at.tzinfo is not None:
            raise ValueError("a clock with a zone of its own")
    except ValueError:
        raise DatasetError(
            "give HH:MM in the zone of the table, or hours since midnight",
            column="TIME",
            value=clock,
            row=row,
            subject=subject,
        ) from None
    if at is None:
        if not 0 <= hours < 24:
            raise DatasetError(
                "with DATE, give hours since midnight", column="TIME", value=hours, row=row, subject=subject
            )
        seconds = round(hours * 3600.0 * 1e6) / 1e6
        at = time(
            int(seconds // 3600), int(seconds % 3600 // 60), int(seconds % 60), round(seconds % 1 * 1e6) % 1_000_000
        )
    return datetime.combine(on, at, tzinfo=zone)
