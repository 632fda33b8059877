"""A study file is read whole, or every mistake in it is named."""

import json
from pathlib import Path

import pytest

from tests.twins.cohorts.studies import small, written
from twins.cohorts.read import StudyError, build, read
from twins.cohorts.study import StudySpec

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "vancomycin_study.toml"


def mistakes(**changes) -> str:
    with pytest.raises(StudyError) as caught:
        build(written(**changes))
    return "\n".join(caught.value.mistakes)


def covariate(name: str, **values) -> dict:
    return {**written()["covariates"], name: values}


def test_the_example_is_a_study_of_ten_thousand():
    spec = read(EXAMPLE.read_text(encoding="utf-8"), kind="toml")
    assert spec.patients == 10_000
    assert [arm.label for arm in spec.regimens][:2] == ["1 g every 12 h", "1.5 g every 12 h"]
    assert spec.target.low == 400.0


def test_json_and_toml_say_the_same():
    assert read(json.dumps(written()), kind="json") == small()


def test_a_study_reads_back_from_its_own_json():
    spec = small()
    again = StudySpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert again.digest() == spec.digest()
    assert small(seed=43).digest() != spec.digest()


def test_ten_thousand_patients_unless_told_otherwise():
    assert small(patients=None).patients == 10_000


def test_every_mistake_is_named_at_once():
    said = mistakes(title="", model="vancomycin-goti", patients=0, seed=None, days=2.5, regimens=[], extra=1)
    assert "title: give a text" in said
    assert "did you mean 'vancomycin-goti-2018'?" in said
    assert "patients: is 0; give a whole number from 1 to 200000" in said
    assert "seed: missing" in said
    assert "days: is 2.5" in said
    assert "regimens: 0 given; give 2 to 6" in said
    assert "extra: unknown" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"regimens": [{"amount_mg": 1, "interval_h": 12, "duration_h": 1}, "x"]}, "regimens[2]: write it as a table"),
        (
            {"regimens": [{"amount_mg": -1, "interval_h": 12, "duration_h": 1}] * 2},
            "regimens[1]: amount_mg is -1",
        ),
        (
            {"regimens": [{"amount_mg": "1 g", "interval_h": 12, "duration_h": 1}] * 2},
            "regimens[1].amount_mg: is '1 g'",
        ),
        (
            {"regimens": [{"label": "a", "amount_mg": 1, "interval_h": 12, "duration_h": 1}] * 2},
            "two are called 'a'",
        ),
        ({"covariates": {}}, "covariates.weight_kg: missing; Goti 2018 needs it"),
        (
            {"covariates": covariate("albumin", distribution="fixed", value=30)},
            "covariates.albumin: the model does not",
        ),
        ({"covariates": covariate("age_y", distribution="gamma")}, "covariates.age_y.distribution: is 'gamma'"),
        (
            {"covariates": covariate("age_y", distribution="normal", mean=60, sd=9, low=1, high=90)},
            "covariates.age_y: give either source",
        ),
        (
            {"covariates": covariate("weight_kg", distribution="normal", mean=60, sd=9, assumed="x")},
            "covariates.weight_kg.low: give a positive one",
        ),
        (
            {"covariates": covariate("age_y", distribution="lognormal", median=60, cv=0.3, assumed="x")},
            "covariates.age_y.high: give an age",
        ),
        ({"covariates": covariate("male", distribution="fixed", value=2, assumed="x")}, "covariates.male.distribution"),
        (
            {"covariates": covariate("creatinine_clearance_ml_per_min", distribution="fixed", value=80, assumed="x")},
            "covariates.age_y: not used beside creatinine_clearance_ml_per_min",
        ),
        ({"renal_groups_ml_per_min": [60, 30]}, "renal_groups_ml_per_min: give positive clearances in ascending order"),
        ({"target": {"low": 600, "high": 400, "source": "x"}}, "target: give low and high"),
        ({"target": {"low": 400, "high": 600}}, "target.source: missing"),
    ],
)
def test_a_mistake_is_named_with_its_place(changes: dict, said: str):
    assert said in mistakes(**changes)


def test_a_file_that_is_no_toml_is_refused():
    with pytest.raises(StudyError, match="this is not TOML"):
        read("title = ", kind="toml")
    with pytest.raises(StudyError, match="is a list"):
        read("[1]", kind="json")
