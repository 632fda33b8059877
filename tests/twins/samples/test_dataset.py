"""NONMEM-style tables: what is read, what is refused, and that what was written is read again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twins.quantities.dose import Dose, Modelled, Route, SteadyState
from twins.samples.course import Course, CovariateValue, DialysisSession, Level
from twins.samples.dataset import DatasetError, read, write
from twins.solvers.system import CarryRule

ROUTES = {1: "depot", 2: "central", 3: "oral"}
WEIGHT = {"WT": "weight_kg"}


def table(text: str) -> pd.DataFrame:
    """Columns and rows as they would stand in a file, parted by blanks."""
    header, *rows = (line.split() for line in text.strip().splitlines())
    return pd.DataFrame(rows, columns=header)


def one(text: str, **asked: Any) -> Course:
    (course,) = read(table(text), drug="x", **asked).values()
    return course


def test_infusions_by_rate_and_by_duration_and_boluses() -> None:
    course = one("""
        ID TIME AMT RATE DUR DV
        1  0    100 50   .   .
        1  12   100 .    4   .
        1  24   100 0    0   .
        1  30   .   .    .   7.5
    """)
    assert [(dose.start_h, dose.amount_mg, dose.duration_h) for dose in course.doses] == [
        (0.0, 100.0, 2.0),
        (12.0, 100.0, 4.0),
        (24.0, 100.0, 0.0),
    ]
    assert course.levels == (Level(30.0, 7.5, "row 4"),)
    assert course.until_h == 30.0
    assert course.carry is CarryRule.BACKWARD


def test_the_model_may_say_rate_or_duration() -> None:
    course = one("ID TIME AMT RATE\n 1 0 100 -1\n 1 5 100 -2")
    assert [dose.modelled for dose in course.doses] == [Modelled.RATE, Modelled.DURATION]


def test_repeated_doses_and_both_steady_states() -> None:
    course = one("ID TIME AMT II ADDL SS\n 1 0 100 12 5 1\n 1 100 50 8 0 2\n 1 120 50 8 0 0")
    first, second, third = course.doses
    assert (first.interval_h, first.additional, first.steady_state) == (12.0, 5, SteadyState.REPLACES)
    assert (second.interval_h, second.steady_state) == (8.0, SteadyState.ADDS)
    assert (third.interval_h, third.additional) == (0.0, 0)


def test_compartments_are_named_and_without_a_number_the_route_says_it() -> None:
    course = one(
        "ID TIME AMT CMT\n 1 0 100 1\n 1 1 100 2\n 1 2 100 3\n 1 3 100 .", compartments=ROUTES, route=Route.SUBCUTANEOUS
    )
    assert [(dose.into, dose.route) for dose in course.doses] == [
        ("depot", Route.INTRAVENOUS),
        ("central", Route.INTRAVENOUS),
        ("", Route.ORAL),
        ("", Route.SUBCUTANEOUS),
    ]
    in_order = one("ID TIME AMT CMT\n 1 0 100 2", compartments=("depot", "central"))
    assert in_order.doses[0].into == "central"


def test_outputs_by_dvid_or_by_the_observation_s_compartment() -> None:
    by_id = one(
        "id time amt dv dvid\n 1 0 100 . .\n 1 0 . 98 2\n 1 24 . 9.2 1", outputs={1: "", 2: "pca"}, route=Route.ORAL
    )
    assert [(level.output, level.value) for level in by_id.levels] == [("pca", 98.0), ("", 9.2)]
    by_compartment = one("ID TIME AMT DV CMT\n 1 0 100 . 2\n 1 1 . 9 3", compartments=ROUTES, outputs={3: "metabolite"})
    assert by_compartment.levels[0].output == "metabolite"


def test_resets_and_other_events() -> None:
    course = one("""
        ID TIME AMT EVID DV MDV WT
        1  0    100 1    .  1   70
        1  5    .   2    .  1   71
        1  10   .   3    .  1   71
        1  20   50  4    .  1   71
        1  24   .   0    3  0   71
        1  25   .   0    9  1   71
    """, covariates=WEIGHT)  # fmt: skip
    assert course.resets_h == (10.0, 20.0)
    assert [dose.start_h for dose in course.doses] == [0.0, 20.0]
    assert [level.time_h for level in course.levels] == [24.0]


@pytest.mark.parametrize(
    ("header", "row"),
    [("CENS", "0.5 1"), ("BLQ", "0.5 1"), ("BLQ LLOQ", ". 1 0.5"), ("LLOQ", "0.2 0.5"), ("CENS LLOQ", "0.1 1 0.5")],
)
def test_a_value_below_the_limit_of_quantification_is_its_limit(header: str, row: str) -> None:
    course = one(f"ID TIME AMT DV {header}\n 1 0 100 . {'. ' * len(header.split())}\n 1 5 . {row}")
    assert course.levels == (Level(5.0, 0.5, "row 2", below_limit=True),)


def test_a_value_at_or_above_its_limit_is_a_value() -> None:
    course = one("ID TIME AMT DV LLOQ\n 1 0 100 . .\n 1 5 . 0.5 0.5")
    assert not course.levels[0].below_limit


CHANGING = """
    ID TIME AMT WT
    1  0    100 70
    1  10   .   70
    1  20   .   80
    1  30   .   80
"""


@pytest.mark.parametrize(
    ("carry", "kept"),
    [
        (CarryRule.BACKWARD, [(10.0, 70.0), (30.0, 80.0)]),
        (CarryRule.FORWARD, [(0.0, 70.0), (20.0, 80.0)]),
        (CarryRule.INTERPOLATED, [(0.0, 70.0), (10.0, 70.0), (20.0, 80.0), (30.0, 80.0)]),
    ],
)
def test_covariates_keep_the_records_that_their_rule_needs(carry: CarryRule, kept: list[tuple[float, float]]) -> None:
    course = one(CHANGING, covariates=WEIGHT, carry=carry)
    assert [(value.time_h, value.value) for value in course.covariates] == kept


def test_of_records_at_one_time_the_first_counts_backward_and_the_last_forward() -> None:
    twice = "ID TIME AMT WT\n 1 0 100 70\n 1 10 . 80\n 1 10 . 90\n 1 20 . 90"
    backward = one(twice, covariates=WEIGHT).covariates
    assert [(value.time_h, value.value) for value in backward] == [(0.0, 70.0), (10.0, 80.0), (20.0, 90.0)]
    forward = one(twice, covariates=WEIGHT, carry=CarryRule.FORWARD).covariates
    assert [(value.time_h, value.value) for value in forward] == [(0.0, 70.0), (10.0, 90.0)]


def test_a_covariate_has_its_chart_name_and_unit_and_may_be_missing() -> None:
    course = one(
        "ID TIME AMT CRCL\n 1 0 100 6\n 1 5 . .\n 1 9 . 3",
        covariates={"CRCL": ("creatinine_clearance_ml_per_min", 1000 / 60)},
    )
    assert [(value.name, value.time_h, value.value) for value in course.covariates] == [
        ("creatinine_clearance_ml_per_min", 0.0, pytest.approx(100.0)),
        ("creatinine_clearance_ml_per_min", 9.0, pytest.approx(50.0)),
    ]


@pytest.mark.parametrize(("carry", "begins"), [(CarryRule.BACKWARD, (11.5, 24.0)), (CarryRule.FORWARD, (12.0, 24.0))])
def test_an_occasion_begins_where_its_number_would_change_as_a_covariate(
    carry: CarryRule, begins: tuple[float, ...]
) -> None:
    course = one("""
        ID TIME AMT DV OCC
        1  0    100 .  1
        1  11.5 .   5  1
        1  12   100 .  2
        1  24   .   6  2
        1  24   100 .  3
    """, carry=carry)  # fmt: skip
    assert course.occasions_h == begins


def test_units_are_converted() -> None:
    course = one(
        "ID TIME AMT RATE II ADDL DV\n 1 0 2 1 1 3 .\n 1 2 . . . . 5000",
        hours_per_time=24.0,
        mg_per_amt=1000.0,
        dv_factor=1e-3,
    )
    (dose,) = course.doses
    assert (dose.amount_mg, dose.duration_h, dose.interval_h) == (2000.0, 48.0, 24.0)
    assert course.levels == (Level(48.0, 5.0, "row 2"),)


def test_days_and_clock_times_with_their_zone() -> None:
    course = one(
        "ID DATE TIME AMT DV\n 1 2026-03-01 23:30 100 .\n 1 2026-03-02 08:00 . 5", zone=timezone(timedelta(hours=1))
    )
    assert course.start == datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    assert course.levels[0].time_h == 8.5
    by_hours = one("ID DATE TIME AMT\n 1 2026-03-01 23.5 100\n 1 2026-03-02 0.25 50", zone=UTC)
    assert [dose.start_h for dose in by_hours.doses] == [0.0, 0.75]


def test_subjects_come_in_the_table_s_order_with_whole_numbers_as_such() -> None:
    found = read(table("ID TIME AMT\n 2.0 0 100\n B 0 100\n 1 0 100"), drug="x")
    assert list(found) == [2, "B", 1]


@pytest.mark.parametrize("separator", [",", ";", "\t", "  "])
def test_files_in_their_usual_shapes(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "data.csv"
    lines = [("#ID", "TIME", "AMT", "DV"), ("1", "0", "100", "."), ("1", "5", ".", "3.5")]
    path.write_text("\n".join(separator.join(line) for line in lines) + "\n", encoding="utf-8-sig")
    assert read(path, drug="x")[1].levels == (Level(5.0, 3.5, "row 2"),)


def test_a_table_that_nonmem_wrote(tmp_path: Path) -> None:
    path = tmp_path / "sdtab1"
    path.write_text("TABLE NO.  1\n ID          TIME        DV          AMT\n  1.0000E+00  0.0  0.0  1.0E+02\n")
    assert read(path, drug="x")[1].doses[0].amount_mg == 100.0


REFUSED = {
    "an unknown column": ("ID TIME AMT BSA\n 1 0 100 2", "column BSA: is unknown"),
    "no time": ("ID AMT\n 1 100", "column TIME: is not there"),
    "negative time": ("ID TIME AMT\n 1 -1 100", r"row 1 \(ID 1\), column TIME is -1: is before the start"),
    "unsorted times": ("ID TIME AMT\n 1 5 100\n 1 3 100", r"row 2 \(ID 1\), column TIME is 3: comes after 5 h; sort"),
    "a subject in two places": ("ID TIME AMT\n 1 0 9\n 2 0 9\n 1 5 9", "row 3, column ID is 1: .* stand in two places"),
    "clock times without days": ("ID TIME AMT\n 1 08:00 9", "column TIME is '08:00': a clock time says no day"),
    "a word for a number": ("ID TIME AMT\n 1 0 much", r"row 1 \(ID 1\), column AMT is 'much': give a number"),
    "infinity": ("ID TIME AMT\n 1 0 inf", "column AMT is 'inf': give a finite number"),
    "a dose of nothing": ("ID TIME AMT EVID\n 1 0 0 1", "column AMT is 0: a dose needs a positive amount"),
    "a negative dose": ("ID TIME AMT\n 1 0 -5", "column AMT is -5: a dose needs a positive amount"),
    "a rate of -3": ("ID TIME AMT RATE\n 1 0 100 -3", "column RATE is -3: give a positive rate, 0 for a bolus, or -1"),
    "rate against duration": ("ID TIME AMT RATE DUR\n 1 0 100 50 3", "column DUR is 3: AMT and RATE make it 2"),
    "addl without ii": ("ID TIME AMT ADDL\n 1 0 100 3", "column II is 0: ADDL is 3, which needs the time between"),
    "ss without ii": ("ID TIME AMT SS\n 1 0 100 1", "column II is 0: SS is 1, which needs the time between doses"),
    "ss of 3": ("ID TIME AMT SS II\n 1 0 100 3 12", "column SS is 3: give one of 0, 1, 2"),
    "half an addl": ("ID TIME AMT ADDL II\n 1 0 100 1.5 12", "column ADDL is 1.5: give a whole number"),
    "evid of 5": ("ID TIME AMT EVID\n 1 0 100 5", "column EVID is 5: give one of 0, 1, 2, 3, 4"),
    "an observation that gives": ("ID TIME AMT EVID DV\n 1 0 100 0 3", "column AMT is 100: a record with EVID 0 gives"),
    "a dose that measures": (
        "ID TIME AMT EVID MDV DV\n 1 0 100 1 0 3",
        "column MDV is 0: a record with EVID 1 measures",
    ),
    "dose and level in one": ("ID TIME AMT DV\n 1 0 100 3", "column DV is 3: the record gives a dose, too"),
    "a value that is not there": ("ID TIME AMT MDV DV\n 1 0 100 1 .\n 1 1 0 0 .", "column DV is '.': MDV 0 says"),
    "a negative level": ("ID TIME AMT DV\n 1 0 100 .\n 1 1 0 -2", "column DV is -2: give 0 or more: what the assay"),
    "no limit": ("ID TIME AMT DV BLQ\n 1 0 100 . 0\n 1 1 . 0 1", "column DV is 0: the value lies below a limit"),
    "right censoring": ("ID TIME AMT DV CENS\n 1 0 100 . 0\n 1 1 . 9 -1", "column CENS is -1: values above a limit"),
    "numbers without names": ("ID TIME AMT CMT\n 1 0 100 1", "column CMT is 1: say what the numbers mean"),
    "a compartment off": ("ID TIME AMT EVID CMT\n 1 0 0 2 -1", "column CMT is -1: turning compartments off"),
    "outputs without names": ("ID TIME AMT DV DVID\n 1 0 9 . .\n 1 1 . 5 2", "column DVID is 2: say what it is"),
    "an occasion that returns": ("ID TIME AMT OCC\n 1 0 9 1\n 1 1 9 2\n 1 2 9 1", "column OCC is 1: this occasion was"),
    "a level after a bolus": ("ID TIME AMT DV\n 1 0 9 .\n 1 0 . 5", "row 2 .* column TIME is 0: the level follows the"),
    "days without a zone": ("ID DATE TIME AMT\n 1 2026-03-01 08:00 9", "column DATE: days need their time zone"),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_impossible_or_undefined_is_refused_by_row_column_and_value(text: tuple[str, str]) -> None:
    with pytest.raises(DatasetError, match=text[1]):
        one(text[0])


@pytest.mark.parametrize(
    "text",
    ["ID,TIME,AMT,DV\n1,0,1000,0,\n2,12,1000,0,\n", "ID,TIME,AMT,DV,WT\n1,0,1,1000,0,70\n", "ID TIME AMT\n1 0\n"],
)
def test_a_row_with_another_number_of_values_than_the_header_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "data.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"row 1, .*the header names \d columns and this row has \d values"):
        read(file, drug="x", ignored=("WT",))


def test_files_that_are_empty_or_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    for content, words in ((b"", "the file is empty"), (b"ID,TIME\n\xff,0\n", "not UTF-8")):
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=words):
            read(file, drug="x")


def test_a_clock_with_a_zone_of_its_own_is_refused() -> None:
    with pytest.raises(DatasetError, match="in the zone of the table"):
        one("ID DATE TIME AMT DV\n1 2026-03-02 08:00+05:00 100 .", zone=UTC)


def test_days_that_can_be_misread_are_refused() -> None:
    with pytest.raises(DatasetError, match="column DATE is '03/04/26': is no ISO day"):
        one("ID DATE TIME AMT\n 1 03/04/26 08:00 9", zone=UTC)


def test_unnamed_compartments_and_outputs_are_refused() -> None:
    with pytest.raises(DatasetError, match=r"column CMT is 7: compartments names only 1, 2, 3"):
        one("ID TIME AMT CMT\n 1 0 100 7", compartments=ROUTES)
    with pytest.raises(DatasetError, match=r"column DVID is 3: outputs names only 1"):
        one("ID TIME AMT DV DVID\n 1 0 100 . .\n 1 1 . 5 3", outputs={1: ""})


def test_declared_columns_are_read_ignored_or_renamed() -> None:
    course = one(
        "ID HOURS DOSE CONC WT NOTE\n 1 0 100 . 70 a\n 1 5 . 7 70 b",
        rename={"HOURS": "TIME", "DOSE": "AMT", "CONC": "DV"},
        covariates=WEIGHT,
        ignored=("NOTE",),
    )
    assert course.levels[0].value == 7.0
    with pytest.raises(DatasetError, match="column WT: is not there"):
        one("ID TIME AMT\n 1 0 100", covariates=WEIGHT)


def test_a_level_at_the_moment_of_a_dose_by_mouth_or_before_a_bolus_is_fine() -> None:
    assert one("ID TIME AMT DV\n 1 0 9 .\n 1 0 . 5", route=Route.ORAL).levels
    assert one("ID TIME AMT DV\n 1 0 9 .\n 1 12 . 5\n 1 12 9 .").levels
    assert one("ID TIME AMT DV RATE\n 1 0 9 . 3\n 1 0 . 0 .").levels


def test_dialysis_cannot_be_written() -> None:
    course = Course("x", datetime(2026, 1, 1, tzinfo=UTC), 10.0, dialysis=(DialysisSession(1.0, 2.0, 3.0),))
    with pytest.raises(DatasetError, match="holds no dialysis sessions"):
        write({1: course})


def test_what_no_mapping_names_cannot_be_written() -> None:
    course = Course("x", datetime(2026, 1, 1, tzinfo=UTC), 10.0, doses=(Dose(0.0, 5.0, into="depot"),))
    with pytest.raises(DatasetError, match="column CMT is 'depot': compartments does not name it"):
        write({1: course})
    level = Course("x", datetime(2026, 1, 1, tzinfo=UTC), 10.0, levels=(Level(0.0, 5.0, output="pca"),))
    with pytest.raises(DatasetError, match="column DVID is 'pca': outputs does not name it"):
        write({1: level})


def quarters(low: int, high: int) -> st.SearchStrategy[float]:
    """Quarters of an hour: times that are exact, so that what meets does so exactly."""
    return st.integers(4 * low, 4 * high).map(lambda k: k / 4)


AMOUNTS = st.floats(1.0, 5000.0).map(lambda value: round(value, 3))
DOSES = st.builds(
    Dose,
    start_h=quarters(0, 200),
    amount_mg=AMOUNTS,
    duration_h=quarters(0, 6),
    into=st.sampled_from(["depot", "central"]),
    interval_h=st.just(12.0),
    additional=st.integers(1, 4),
    steady_state=st.sampled_from(SteadyState),
)
LEVELS = st.builds(Level, quarters(0, 200), AMOUNTS, output=st.sampled_from(["", "effect"]), below_limit=st.booleans())
WEIGHTS = st.dictionaries(quarters(0, 200), st.floats(1.0, 200.0), min_size=1, max_size=5)


@st.composite
def courses(draw: st.DrawFn) -> Course:
    weights = draw(WEIGHTS)
    return Course(
        drug="x",
        start=datetime(2000, 1, 1, tzinfo=UTC),
        until_h=250.0,
        doses=tuple(sorted(draw(st.lists(DOSES, max_size=4)), key=lambda dose: dose.start_h)),
        levels=tuple(sorted(draw(st.lists(LEVELS, max_size=4)), key=lambda level: level.time_h)),
        covariates=tuple(CovariateValue("weight_kg", time, weights[time]) for time in sorted(weights)),
        resets_h=tuple(sorted(draw(st.sets(quarters(0, 200), max_size=2)))),
        occasions_h=tuple(sorted(draw(st.sets(quarters(1, 200), max_size=3)))),
        carry=draw(st.sampled_from(CarryRule)),
    )


def in_force(course: Course, hour: float) -> float:
    """The weight that holds just before an hour between two quarters."""
    times = np.array([value.time_h for value in course.covariates])
    values = np.array([value.value for value in course.covariates])
    if course.carry is CarryRule.INTERPOLATED:
        return float(np.interp(hour, times, values))
    if course.carry is CarryRule.BACKWARD:
        return float(values[min(np.searchsorted(times, hour), times.size - 1)])
    return float(values[max(np.searchsorted(times, hour) - 1, 0)])


@given(courses())
@settings(max_examples=30, deadline=None)
def test_what_was_written_is_read_again(course: Course) -> None:
    named = {"compartments": {1: "depot", 2: "central"}, "covariates": WEIGHT, "outputs": {1: "", 2: "effect"}}
    written = write({7: course}, **named)
    (again,) = read(written, drug="x", carry=course.carry, **named).values()
    assert len(again.doses) == len(course.doses)
    for found, given_ in zip(again.doses, course.doses, strict=True):
        assert found.duration_h == pytest.approx(given_.duration_h, rel=1e-14)
        assert replace(found, duration_h=given_.duration_h, source="") == given_
    key = lambda level: (level.time_h, level.value, level.output, level.below_limit)  # noqa: E731
    assert sorted(map(key, again.levels)) == sorted(map(key, course.levels))
    assert again.resets_h == course.resets_h
    assert again.occasions_h == course.occasions_h
    assert again.until_h == course.until_h
    for hour in np.arange(0.125, 250.0, 3.25):
        assert in_force(again, hour) == pytest.approx(in_force(course, hour), rel=1e-12)


def test_a_plain_course_needs_no_extra_columns() -> None:
    course = Course(
        "x", datetime(2000, 1, 1, tzinfo=UTC), 5.0, doses=(Dose(0.0, 10.0, 2.0),), levels=(Level(5.0, 1.0),)
    )
    assert list(write({1: course}).columns) == ["ID", "TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "DV", "MDV"]


def test_a_factor_that_is_no_number_and_a_zone_that_is_only_a_name_are_refused() -> None:
    table = pd.DataFrame({"ID": [1], "TIME": [0.0], "AMT": [5.0], "WT": [70.0]})
    with pytest.raises(DatasetError, match="column WT is 'x': give a number as the factor"):
        Course.from_nonmem(table, drug="x", covariates={"WT": ("weight_kg", "x")})
    with pytest.raises(DatasetError, match="zone 'Europe/Berlin': give the zone as an object"):
        Course.from_nonmem(table, drug="x", covariates={"WT": "weight_kg"}, zone="Europe/Berlin")
