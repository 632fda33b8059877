"""A course from plain data: lists of doses, levels and covariates, or a DataFrame, with units in the names."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twins.samples import events
from twins.samples.course import Course, CourseError
from twins.samples.events import Moment, Record
from twins.solvers.system import CarryRule

if TYPE_CHECKING:
    import pandas as pd

Series = float | int | bool | Sequence[tuple[Moment, float]] | Mapping[Moment, float]

START = datetime(2000, 1, 1, tzinfo=UTC)
"""Of a course whose times are hours from nowhere."""


def from_data(
    *,
    drug: str,
    doses: Iterable[Record] = (),
    levels: Iterable[Record] = (),
    covariates: Mapping[str, Series | str] | None = None,
    dialysis: Iterable[Record] = (),
    occasions: Iterable[Moment] = (),
    resets: Iterable[Moment] = (),
    start: datetime | None = None,
    until: Moment | None = None,
    carry: CarryRule = CarryRule.FORWARD,
) -> Course:
    """A course from lists and dicts.

    Parameters
    ----------
    doses
        Each ``(time, mg)``, ``(time, mg, hours of infusion)`` or a dict: ``time_h`` (or ``time_min``, ``time_days``, or
        ``at`` with a datetime or its ISO text), ``amount_mg`` (``amount_g``, ``amount_ug``), ``duration_h`` or
        ``rate_mg_per_h`` for an infusion, ``interval_h`` with ``additional`` or ``steady_state`` for a series,
        ``route`` or ``into``, ``modelled``.
    levels
        Each ``(time, value)`` or a dict: ``time_h`` or ``at``, ``value`` in the unit of the drug's levels, ``output``,
        ``below_limit`` (``value`` is then the limit of quantification).
    covariates
        By chart name with the unit in it: one number, which holds throughout, or records ``[(time, value), ...]``.
        ``sex`` may be "male" or "female"; creatinine in µmol/L, weight in g, height in m, age in months or days,
        albumin in g/dL are converted by their names.
    dialysis
        Each ``(from, to, L/h)``, or a dict: ``from_h``, ``to_h``, ``clearance_l_per_h`` (``clearance_ml_per_min``).
    start
        What instants are counted from; the first of them where left out.
    until
        How far the course is known; its last dose, level or covariate where left out.

    Raises
    ------
    CourseError
        Names field, value and remedy.
    """
    if not isinstance(drug, str):
        raise CourseError(f"drug is {drug!r}; give its name, as models have it")
    if not isinstance(carry, CarryRule):
        raise CourseError(
            f"carry is {carry!r}; give {events.listed(f'twins.CarryRule.{rule.name}' for rule in CarryRule)}"
        )
    if not isinstance(covariates or {}, Mapping):
        raise CourseError(f"covariates are {covariates!r}; give a dict by chart name, {{'weight_kg': 80}}")
    records = list(covariates.items()) if covariates else []
    given, measured, sessions = (
        _records(name, rows) for name, rows in (("doses", doses), ("levels", levels), ("dialysis", dialysis))
    )
    origin = (
        start
        or events.first_instant([*given, *measured, *sessions, *events.moments(records), *occasions, *resets])
        or START
    )
    clock = events.Clock(origin)
    found_doses = [events.dose(record, clock, f"doses[{k}]") for k, record in enumerate(given)]
    found_levels = [events.level(record, clock, f"levels[{k}]") for k, record in enumerate(measured)]
    charted = [value for name, series in records for value in events.covariate(name, series, clock)]
    held = [events.session(record, clock, f"dialysis[{k}]") for k, record in enumerate(sessions)]
    last = max(
        [
            0.0,
            *(dose.start_h for dose in found_doses),
            *(level.time_h for level in found_levels),
            *(value.time_h for value in charted),
        ]
    )
    return Course(
        drug=drug,
        start=origin,
        until_h=last if until is None else clock.hours(until, "until"),
        doses=tuple(sorted(found_doses, key=lambda dose: dose.start_h)),
        levels=tuple(sorted(found_levels, key=lambda level: level.time_h)),
        covariates=tuple(charted),
        dialysis=tuple(sorted(held, key=lambda session: session.start_h)),
        resets_h=tuple(sorted(clock.event(moment, "resets") for moment in resets)),
        occasions_h=tuple(sorted(clock.event(moment, "occasions") for moment in occasions)),
        carry=carry,
    )


def _records(name: str, rows: Any) -> list[Any]:
    if isinstance(rows, str | Mapping) or not isinstance(rows, Iterable):
        raise CourseError(f"{name} is {rows!r}, which is no list of records; give a list, even of one")
    return list(rows)


def from_frame(
    frame: "pd.DataFrame",
    *,
    drug: str,
    covariates: Collection[str] = (),
    subject: str | None = None,
    start: datetime | None = None,
    until: Moment | None = None,
    carry: CarryRule = CarryRule.FORWARD,
) -> "Course | dict[Any, Course]":
    """A course from a DataFrame whose rows are events; a dict of courses where `subject` names a column.

    Parameters
    ----------
    frame
        Columns under the names that `from_data` has for doses and levels: a row with an amount is a dose, a row with a
        ``value`` is a level, one with both is refused. Missing cells are left out.
    covariates
        Which other columns are covariates, by chart name with the unit in it; a row's value holds from its time on.

    Raises
    ------
    CourseError
        Names row, field, value and remedy.
    """
    if not hasattr(frame, "columns"):
        raise CourseError(
            f"frame is a {type(frame).__name__}, which is no DataFrame; for lists there is Course.from_data"
        )
    if subject is not None:
        if subject not in frame.columns:
            raise CourseError(f"subject is {subject!r}, which is no column; give one of {events.listed(frame.columns)}")
        parts = frame.groupby(subject, sort=False)
        return {
            name: _from_rows(part.drop(columns=[subject]), drug, tuple(covariates), start, until, carry)
            for name, part in parts
        }
    return _from_rows(frame, drug, tuple(covariates), start, until, carry)


def _from_rows(
    frame: "pd.DataFrame",
    drug: str,
    covariates: tuple[str, ...],
    start: datetime | None,
    until: Moment | None,
    carry: CarryRule,
) -> Course:
    import pandas as pd

    absent = [name for name in covariates if name not in frame.columns]
    if absent:
        raise CourseError(
            f"covariates name {absent[0]!r}, which is no column; give some of {events.listed(frame.columns)}"
        )
    doses: list[dict[str, Any]] = []
    levels: list[dict[str, Any]] = []
    charted: dict[str, Any] = {name: [] for name in covariates}
    for row, cells in enumerate(frame.to_dict("records"), start=1):
        plain = {
            str(name): value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
            for name, value in cells.items()
            if not pd.isna(value)
        }
        event = {name: value for name, value in plain.items() if name not in covariates}
        gives = any(name in event for name in events.FACTORS["amount_mg"])
        if gives and "value" in event:
            raise CourseError(f"row {row} has an amount and a value; write the dose and the level as two rows")
        (doses if gives else levels if "value" in event else []).append(event)
        when = {name: value for name, value in event.items() if name == "at" or name in events.FACTORS["time_h"]}
        moment = events.when(when, f"row {row}")
        if not gives and "value" not in event:
            events.known_only(event, (*events.FACTORS["time_h"], "at"), f"row {row}")
        for name in covariates:
            if name in plain:
                charted[name].append((moment, plain[name]))
    return from_data(drug=drug, doses=doses, levels=levels, covariates=charted, start=start, until=until, carry=carry)
