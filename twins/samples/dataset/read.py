"""From a NONMEM-style table to one course for each subject."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from twins.quantities.dose import Dose, Modelled, Route, SteadyState
from twins.samples.course import Course, CovariateValue, Level
from twins.samples.dataset.error import DatasetError
from twins.samples.dataset.record import Record, has_values, records
from twins.samples.dataset.table import load
from twins.solvers.system import CarryRule

if TYPE_CHECKING:
    import pandas as pd

START = datetime(2000, 1, 1, tzinfo=UTC)
"""Of a course whose table counts hours from nowhere."""
Covariates = Mapping[str, str | tuple[str, float]]
Compartments = Mapping[int, str] | Sequence[str]


def read(
    table: "pd.DataFrame | str | Path",
    *,
    drug: str,
    carry: CarryRule = CarryRule.BACKWARD,
    covariates: Covariates | None = None,
    compartments: Compartments = (),
    outputs: Mapping[int, str] | None = None,
    route: Route = Route.INTRAVENOUS,
    rename: Mapping[str, str] | None = None,
    ignored: Collection[str] = (),
    separator: str | None = None,
    zone: tzinfo | None = None,
    hours_per_time: float = 1.0,
    mg_per_amt: float = 1.0,
    dv_factor: float = 1.0,
) -> dict[int | str, Course]:
    """Read a table in which every row is an event of one subject.

    Parameters
    ----------
    table : DataFrame, str or Path
        A path is read as text with a header line; ``.`` and blanks are missing. Columns: ID, TIME and, where needed,
        DATE, AMT, RATE, DUR, II, ADDL, SS, EVID, MDV, CMT, DV, OCC, BLQ or CENS, LLOQ, DVID, in capitals or not.
    drug : str
        As models name it.
    carry : CarryRule
        How covariates hold between records. NONMEM's rule, ``BACKWARD``, unless said otherwise: a record's covariates
        hold for the interval that it ends. rxode2 and Monolix carry forward.
    covariates : mapping
        Column to chart name, or to chart name and the factor that gives its unit:
        ``{"WT": "weight_kg", "CRCL": ("creatinine_clearance_ml_per_min", 1000 / 60)}``.
    compartments : mapping of int to str, or sequence of str
        CMT to the compartment or the route that a dose enters by, as the model's system names them; of a sequence the
        first has number 1. Without CMT all doses go by `route`. An infusion is kept by its duration, AMT / RATE: where
        a model gives the compartment a bioavailability, the rate is what it lowers; NONMEM lowers the duration.
    outputs : mapping of int to str
        DVID, or the CMT of an observation where there is no DVID, to the output as the model names it; empty for its
        first. Where left out all levels are of the first.
    rename : mapping of str to str
        The table's own names to those above.
    ignored : collection of str
        Columns that are not read. Any other column that is not named above is refused.
    separator : str, optional
        Of a file; found from its header (comma, semicolon, tab, blanks) where left out.
    zone : tzinfo, optional
        Of DATE (ISO days) and TIME (HH:MM or hours) where the table has days; a course then starts at its first record.
    hours_per_time, mg_per_amt, dv_factor : float
        From the table's units to h, mg and the unit in which the drug's levels are kept.

    Returns
    -------
    dict of int or str to Course
        By ID in the table's order; sources of doses and levels name their row. A course is known up to its last record.

    Raises
    ------
    DatasetError
        Names row, column, value and remedy.

    Notes
    -----
    A missing covariate is no record: the rule carries over it (NONMEM reads it as 0). Of records at one time the first
    one's covariates count under ``BACKWARD``, the last one's under ``FORWARD``. An occasion begins, as its covariate
    would change, with the record before the first that bears its number under ``BACKWARD``.
    """
    names = {column: (of, 1.0) if isinstance(of, str) else of for column, of in (covariates or {}).items()}
    for column, (_, factor) in names.items():
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not math.isfinite(factor):
            raise DatasetError("give a number as the factor, (chart name, 0.0113)", column=column, value=factor)
    if zone is not None and not isinstance(zone, tzinfo):
        raise DatasetError(
            "give the zone as an object, such as zoneinfo.ZoneInfo('Europe/Berlin')", column=f"zone {zone!r}"
        )
    loaded = load(
        table,
        rename=rename or {},
        covariates=tuple(names),
        ignored=tuple(ignored),
        separator=separator,
        zone=zone,
        hours_per_time=hours_per_time,
    )
    by_compartment = has_values(loaded, "CMT")
    ways = _ways(compartments)
    found = {}
    for subject, rows in loaded.blocks().items():
        events = records(loaded, rows, tuple(names))
        doses = tuple(
            _dose(record, _way(record, ways, route), hours_per_time, mg_per_amt) for record in events if record.gives
        )
        _ordered(events, ways, route)
        levels = tuple(
            Level(
                record.hour,
                record.measured * dv_factor,
                f"row {record.row}",
                _output(record, outputs, by_compartment and "DVID" not in loaded.columns),
                record.below_limit,
            )
            for record in events
            if record.measured is not None
        )
        found[subject] = Course(
            drug=drug,
            start=loaded.starts.get(subject, START),
            until_h=events[-1].hour,
            doses=doses,
            levels=levels,
            covariates=_covariates(events, names, carry),
            resets_h=tuple(record.hour for record in events if record.resets),
            occasions_h=_occasions(events, carry),
            carry=carry,
        )
    return found


def _ways(compartments: Compartments) -> dict[int, str]:
    if isinstance(compartments, Mapping):
        return dict(compartments)
    return dict(enumerate(compartments, start=1))


def _way(record: Record, ways: Mapping[int, str], route: Route) -> str:
    """The name that a dose enters by: a route's or a compartment's."""
    if record.compartment is None:
        return route.value
    if not ways:
        raise record.refuse(
            "CMT",
            record.compartment,
            "say what the numbers mean: compartments={1: 'depot', 2: 'central'}, or ignore CMT",
        )
    if record.compartment not in ways:
        raise record.refuse("CMT", record.compartment, f"compartments names only {', '.join(map(str, ways))}; add it")
    return ways[record.compartment]


def _dose(record: Record, way: str, hours_per_time: float, mg_per_amt: float) -> Dose:
    by_route = way in set(Route)
    return Dose(
        start_h=record.hour,
        amount_mg=record.amount * mg_per_amt,
        duration_h=record.duration * hours_per_time,
        route=Route(way) if by_route else Route.INTRAVENOUS,
        source=f"row {record.row}",
        interval_h=record.interval * hours_per_time,
        additional=record.additional,
        steady_state=SteadyState(record.steady_state),
        modelled={-1.0: Modelled.RATE, -2.0: Modelled.DURATION}.get(record.rate, Modelled.NO),
        into="" if by_route else way,
    )


def _output(record: Record, outputs: Mapping[int, str] | None, by_compartment: bool) -> str:
    column = "CMT" if by_compartment else "DVID"
    number = record.compartment if by_compartment else record.output
    if outputs is None:
        if not by_compartment and number not in (None, 0, 1):
            raise record.refuse("DVID", number, "say what it is: outputs={1: '', 2: 'effect'}, as the model names them")
        return ""
    if number is None:
        return ""
    if number not in outputs:
        raise record.refuse(column, number, f"outputs names only {', '.join(map(str, outputs))}; add it")
    return outputs[number]


def _ordered(events: Sequence[Record], ways: Mapping[int, str], route: Route) -> None:
    """A level at the very moment of a bolus or a reset is read just before it: refuse one that was written after."""
    for k, record in enumerate(events):
        if record.measured is None:
            continue
        for earlier in reversed(events[:k]):
            if earlier.hour != record.hour:
                break
            into = _way(earlier, ways, route) if earlier.gives else ""
            at_once = into in ("intravenous", "central") and earlier.duration == 0.0 and earlier.rate == 0.0
            if at_once or earlier.resets or earlier.steady_state:
                raise record.refuse(
                    "TIME",
                    record.hour,
                    f"the level follows the dose or reset of row {earlier.row} at the same moment; write it before, or "
                    "give it the later time at which it was drawn",
                )


def _covariates(
    events: Sequence[Record], names: Mapping[str, tuple[str, float]], carry: CarryRule
) -> tuple[CovariateValue, ...]:
    found = []
    for column, (name, factor) in names.items():
        series: dict[float, tuple[float, int]] = {}
        for record in events:
            if column in record.covariates and not (carry is CarryRule.BACKWARD and record.hour in series):
                series[record.hour] = (record.covariates[column] * factor, record.row)
        kept = _changes([(hour, value) for hour, (value, _) in series.items()], carry)
        found += [CovariateValue(name, hour, value, f"row {series[hour][1]}") for hour, value in kept]
    return tuple(sorted(found, key=lambda value: value.time_h))


def _changes(series: list[tuple[float, float]], carry: CarryRule) -> list[tuple[float, float]]:
    """The records without which another value would hold somewhere."""
    if carry is CarryRule.INTERPOLATED:
        return series if len({value for _, value in series}) > 1 else series[:1]
    if carry is CarryRule.FORWARD:
        return series[:1] + [later for earlier, later in pairwise(series) if later[1] != earlier[1]]
    return [earlier for earlier, later in pairwise(series) if later[1] != earlier[1]] + series[-1:]


def _occasions(events: Sequence[Record], carry: CarryRule) -> tuple[float, ...]:
    named = [record for record in events if record.occasion is not None]
    begun: list[float] = []
    seen = {named[0].occasion} if named else set()
    for earlier, later in pairwise(named):
        if later.occasion == earlier.occasion:
            continue
        if later.occasion in seen:
            raise later.refuse(
                "OCC", later.occasion, "this occasion was over; number each stretch of time anew, in order"
            )
        seen.add(later.occasion)
        begun.append(earlier.hour if carry is CarryRule.BACKWARD else later.hour)
    return tuple(begun)


__all__ = ["START", "DatasetError", "read"]
