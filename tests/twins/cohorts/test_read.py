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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "a\ud800b"}, "title: the text holds a sign that cannot be stored"),
        ({"title": "a\0b"}, "title: the text holds a sign that cannot be stored"),
        ({"title": "a" * 3000}, "title: the text has 3000 characters"),
        ({"patients": 10**30}, "patients: the number is out of reach"),
        ({"renal_groups_ml_per_min": list(range(1, 400))}, "renal_groups_ml_per_min: 399 entries"),
        ({"model": [[[[[[[[[[[]]]]]]]]]]]}, "tables lie more than 8 deep"),
        ({"model": "x" * 1900}, "no model is called"),
    ],
)
def test_what_could_not_be_stored_or_shown_is_refused(changes: dict, words: str):
    assert words in mistakes(**changes)


@pytest.mark.parametrize("field", ["route", "interval_h", "label"])
@pytest.mark.parametrize("value", [["oral"], {"a": 1}, 1e-6, "y" * 500])
def test_a_regimen_of_another_make_is_refused_by_its_field(field: str, value: object):
    regimens = [{**arm} for arm in written()["regimens"]]
    regimens[0][field] = value
    assert f"regimens[1].{field}: " in mistakes(regimens=regimens)


def test_a_target_or_distribution_of_another_make_is_refused():
    for key, value in (("metric", ["AUC24"]), ("output", [1])):
        assert f"target.{key}: " in mistakes(target={"low": 1.0, "high": 2.0, "source": "house", key: value})
    assert "covariates.weight_kg.distribution: " in mistakes(covariates=covariate("weight_kg", distribution=["normal"]))


def test_text_that_no_reader_can_take_is_refused():
    for text in ('{"patients": ' + "9" * 5000 + "}", "[" * 100_000, '{"a": ' + "[" * 100_000):
        with pytest.raises(StudyError, match="this is not JSON"):
            read(text, kind="json")


def test_models_that_are_stepped_have_fewer_patients():
    wrong = mistakes(model="warfarin-hamberg-2007", patients=5_001)
    assert "patients: is 5001; give a whole number from 1 to 5000" in wrong


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
