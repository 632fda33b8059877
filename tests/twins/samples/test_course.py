import json
import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from tests.factories.courses import START, course
from twins.samples.course import Course, CourseError, Finding, FindingCode, Level, OrderedRegimen

FULL = course(
    levels=((11.5, 12.125), (23.5, 0.1 + 0.2)),
    creatinine=((0.0, 1.0), (20.0, 1.4)),
    dialysis=0.0,
    orders=(OrderedRegimen(0.0, 1000.0, 12.0, 1.0, source="MedicationRequest/1"),),
    findings=(Finding(FindingCode.COVARIATE_STALE, "Old.", 3.0, "Observation/1"),),
)


def test_a_course_survives_storage_to_the_last_digit() -> None:
    stored = json.loads(json.dumps(FULL.to_json(), allow_nan=False))
    again = Course.from_json(stored)
    assert again == FULL
    assert again.digest() == FULL.digest()


def test_equal_data_have_equal_digests_and_any_change_another() -> None:
    assert course().digest() == course().digest()
    changed = [
        replace(FULL, until_h=math.nextafter(FULL.until_h, 99.0)),
        replace(FULL, levels=FULL.levels[:1]),
        replace(FULL, findings=()),
        replace(FULL, start=START + timedelta(microseconds=1)),
    ]
    assert len({one.digest() for one in (FULL, *changed)}) == 5


def test_the_value_in_force_is_the_last_before_or_else_the_first_after() -> None:
    for time, value in ((-5.0, 1.0), (0.0, 1.0), (19.9, 1.0), (20.0, 1.4), (90.0, 1.4)):
        found = FULL.covariate_at("creatinine_mg_per_dl", time)
        assert found is not None
        assert found.value == value
    assert FULL.covariate_at("height_cm", 0.0) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": datetime(2026, 1, 1)}, "without a time zone"),  # noqa: DTZ001
        ({"until_h": -1.0}, "until_h is -1"),
        ({"until_h": math.nan}, "until_h is nan"),
        ({"levels": (Level(1.0, -3.0),)}, "level of -3"),
        ({"levels": (Level(math.inf, 3.0),)}, "not finite"),
        ({"levels": (Level(2.0, 3.0), Level(1.0, 3.0))}, "levels are not in order"),
    ],
)
def test_a_course_that_no_patient_can_have_had_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(CourseError, match=words):
        replace(FULL, **change)  # type: ignore[arg-type]


def test_doses_out_of_order_are_refused() -> None:
    with pytest.raises(CourseError, match="doses are not in order"):
        replace(FULL, doses=tuple(reversed(FULL.doses)))


def test_any_time_zone_will_do() -> None:
    east = replace(FULL, start=START.astimezone(timezone(timedelta(hours=5))))
    assert Course.from_json(east.to_json()).start == START
