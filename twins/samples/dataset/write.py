"""From courses to a NONMEM-style table that `read` gives back as equivalent courses."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from twins.quantities.dose import Dose, Modelled
from twins.samples.course import Course, Level
from twins.samples.dataset.error import DatasetError
from twins.samples.dataset.read import Compartments, Covariates, _ways
from twins.solvers.system import CarryRule

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, float | int | str]


def write(
    courses: Mapping[int | str, Course],
    *,
    covariates: Covariates | None = None,
    compartments: Compartments = (),
    outputs: Mapping[int, str] | None = None,
) -> "pd.DataFrame":
    """The table of these courses, by ID; times in h, amounts in mg, NaN where a row has no value.

    Parameters
    ----------
    covariates, compartments, outputs
        As for `read`; charted covariates that `covariates` does not name are left out.

    Returns
    -------
    DataFrame
        Columns ID, TIME, EVID, AMT, RATE, II, ADDL, SS, DV, MDV; CMT, DVID, CENS and OCC where they are needed; the
        covariates. `read` with the same mappings and the courses' own carry rule gives courses back that differ only
        in their start, their sources and in what no table holds (orders, findings).

    Raises
    ------
    DatasetError
        For dialysis sessions, and for compartments or outputs that the mappings do not name.
    """
    import pandas as pd

    names = {column: (of, 1.0) if isinstance(of, str) else of for column, of in (covariates or {}).items()}
    numbers = {way: number for number, way in _ways(compartments).items()}
    kinds = {output: number for number, output in (outputs or {}).items()}
    rows = [row for subject, course in courses.items() for row in _rows(subject, course, names, numbers, kinds)]
    columns = [
        "ID",
        "TIME",
        "EVID",
        "AMT",
        "RATE",
        "II",
        "ADDL",
        "SS",
        "CMT",
        "DV",
        "MDV",
        "CENS",
        "DVID",
        "OCC",
        *names,
    ]
    frame = pd.DataFrame(rows, columns=columns)
    spare = {"CMT": not numbers, "DVID": not kinds}
    spare |= {name: not (frame[name] > 0).any() for name in ("CENS", "OCC")}
    return frame.drop(columns=[name for name, idle in spare.items() if idle])


def _rows(
    subject: int | str,
    course: Course,
    names: Mapping[str, tuple[str, float]],
    numbers: Mapping[str, int],
    kinds: Mapping[str, int],
) -> list[Row]:
    if course.dialysis:
        raise DatasetError(
            "a NONMEM-style table holds no dialysis sessions; leave them out, or model them as a covariate",
            column="EVID", value=course.dialysis[0].start_h, subject=str(subject),
        )  # fmt: skip
    events: list[tuple[float, int, Row]] = [(level.time_h, 0, _level(level, kinds)) for level in course.levels]
    resets = list(course.resets_h)
    for dose in course.doses:
        together = dose.start_h in resets
        if together:
            resets.remove(dose.start_h)
        events.append((dose.start_h, 2, {**_dose(dose, numbers), "EVID": 4 if together else 1}))
    events += [(hour, 1, {"EVID": 3, "MDV": 1}) for hour in resets]
    marked = {hour for hour, _, _ in events}
    read = [value for value in course.covariates if value.name in {name for name, _ in names.values()}]
    # without a record before it, an occasion would seem to have run from the start
    opening = {0.0} if course.occasions_h else set()
    wanted = {course.until_h, *opening, *course.occasions_h, *(value.time_h for value in read if value.time_h >= 0)}
    events += [(hour, 3, {"EVID": 2, "MDV": 1}) for hour in wanted if hour not in marked]
    begun = np.array(course.occasions_h)
    rows = []
    for hour, _, row in sorted(events, key=lambda event: event[:2]):
        if hour < 0:
            raise DatasetError(
                "is before the course's start; start it earlier", column="TIME", value=hour, subject=str(subject)
            )
        values = {column: _value(course, name, hour) / factor for column, (name, factor) in names.items()}
        # backward, a record at an occasion's beginning still ends the interval before it
        over = begun < hour if course.carry is CarryRule.BACKWARD else begun <= hour
        occasion = int(np.count_nonzero(over)) + 1 if begun.size else 0
        rows.append({"ID": subject, "TIME": hour, **row, "OCC": occasion, **values})
    return rows


def _level(level: Level, kinds: Mapping[str, int]) -> Row:
    row: Row = {"EVID": 0, "MDV": 0, "DV": level.value, "CENS": int(level.below_limit)}
    if level.output and level.output not in kinds:
        raise DatasetError("outputs does not name it; add it", column="DVID", value=level.output)
    if level.output in kinds:
        row["DVID"] = kinds[level.output]
    return row


def _dose(dose: Dose, numbers: Mapping[str, int]) -> Row:
    rate = {Modelled.NO: 0.0, Modelled.RATE: -1.0, Modelled.DURATION: -2.0}[dose.modelled]
    row: Row = {
        "MDV": 1,
        "AMT": dose.amount_mg,
        "RATE": dose.amount_mg / dose.duration_h if dose.duration_h else rate,
        "II": dose.interval_h,
        "ADDL": dose.additional,
        "SS": int(dose.steady_state),
    }
    way = dose.into or dose.route.value
    if way in numbers:
        row["CMT"] = numbers[way]
    elif numbers or dose.into:
        raise DatasetError("compartments does not name it; add it", column="CMT", value=way)
    return row


def _value(course: Course, name: str, hour: float) -> float:
    """The covariate that holds as the record at `hour` says it under the course's own rule; NaN where none is known."""
    series = [value for value in course.covariates if value.name == name]
    if not series:
        return float("nan")
    times = np.array([value.time_h for value in series])
    order = np.argsort(times, kind="stable")
    times, values = times[order], np.array([value.value for value in series])[order]
    if course.carry is CarryRule.INTERPOLATED:
        return float(np.interp(hour, times, values))
    if course.carry is CarryRule.BACKWARD:
        return float(values[min(int(np.searchsorted(times, hour, side="left")), times.size - 1)])
    return float(values[max(int(np.searchsorted(times, hour, side="right")) - 1, 0)])
