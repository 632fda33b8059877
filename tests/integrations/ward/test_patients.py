from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from integrations.ward.patients import WardPatient, random_patient, ward_patients
from integrations.ward.vitals import spot_checks, strips
from integrations.ward.ward import DEFAULT_SEED
from twins.pharmacology import formulary

EPOCH = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def patients() -> dict[str, WardPatient]:
    return {patient.profile.key: patient for patient in ward_patients(5, EPOCH)}


def test_there_are_at_least_twelve_and_at_least_seven_are_on_vancomycin(patients: dict[str, WardPatient]) -> None:
    assert len(patients) >= 12
    assert sum(patient.truth is not None for patient in patients.values()) >= 7
    assert {"stable", "augmented", "kidney-injury", "obesity", "haemodialysis", "elderly", "no-level"} <= set(patients)
    assert sum(patient.truth is None for patient in patients.values()) >= 3


def test_the_same_seed_gives_the_same_patients_and_another_seed_others() -> None:
    assert ward_patients(5, EPOCH) == ward_patients(5, EPOCH)
    others = ward_patients(6, EPOCH)
    for one, other in zip(ward_patients(5, EPOCH), others, strict=True):
        assert one.record_number != other.record_number
        if one.truth is not None and other.truth is not None:
            assert one.truth.etas != other.truth.etas
            assert [level.value for level in one.levels] != [level.value for level in other.levels]


def test_the_story_does_not_depend_on_when_it_is_told() -> None:
    later = ward_patients(5, EPOCH + timedelta(days=100, hours=5))
    for one, other in zip(ward_patients(5, EPOCH), later, strict=True):
        assert (one.doses, one.levels, one.creatinine) == (other.doses, other.levels, other.creatinine)


def test_a_longer_story_begins_like_a_shorter_one() -> None:
    for short, long in zip(ward_patients(5, EPOCH, horizon_h=100), ward_patients(5, EPOCH, horizon_h=200), strict=True):
        assert long.doses[: len(short.doses)] == short.doses
        assert long.creatinine[: len(short.creatinine)] == short.creatinine
        checks = spot_checks(short, 5)
        assert spot_checks(long, 5)[: len(checks)] == checks
        beats = strips(short, 5)
        assert strips(long, 5)[: len(beats)] == beats
        if short.truth is not None and long.truth is not None:
            assert long.truth.etas == short.truth.etas
            times = np.arange(0.0, 99.0)
            np.testing.assert_allclose(short.truth.concentration(times), long.truth.concentration(times), rtol=1e-12)


def test_hidden_parameters_have_the_spread_of_the_published_model() -> None:
    etas = np.array([random_patient(seed, EPOCH).truth.etas for seed in range(1500)])
    omega = formulary.model("vancomycin-goti-2018").omega
    np.testing.assert_allclose(etas.mean(axis=0), 0.0, atol=3.5 * np.sqrt(np.diag(omega).max() / 1500))
    np.testing.assert_allclose(etas.var(axis=0), np.diag(omega), rtol=0.12)


def test_levels_scatter_around_the_truth_as_the_residual_error_says() -> None:
    model = formulary.model("vancomycin-thomson-2009")
    scores = []
    for seed in range(250):
        patient = random_patient(seed, EPOCH, model_id=model.id)
        true = patient.truth.concentration([level.time_h for level in patient.levels])
        high = true > 8.0  # lower, the limit of quantification cuts the error off
        reported = np.array([level.value for level in patient.levels])
        scores += list(((reported - true) / np.sqrt(model.residual.variance(true)))[high])
    assert len(scores) > 300
    assert abs(np.mean(scores)) < 0.15
    assert np.std(scores) == pytest.approx(1.0, abs=0.1)


def test_kidney_injury_raises_creatinine_over_days_and_clearance_follows(patients: dict[str, WardPatient]) -> None:
    patient = patients["kidney-injury"]
    rising = [m.value for m in patient.creatinine if 0 < m.time_h < 94]
    assert rising == sorted(rising)
    assert rising[-1] > 2.5 * rising[0]
    healthy = tuple(c for c in patient.truth.course.covariates if c.name != "creatinine_mg_per_dl" or c.time_h < 24)
    without_injury = replace(patient.truth, course=replace(patient.truth.course, covariates=healthy))
    early, late = patient.doses[2].start_h - 0.1, patient.doses[6].start_h - 0.1
    assert patient.truth.concentration([early]) == pytest.approx(without_injury.concentration([early]))
    assert patient.truth.concentration([late])[0] > 1.1 * without_injury.concentration([late])[0]


def test_dialysis_reaches_the_model(patients: dict[str, WardPatient]) -> None:
    flags = {key: p.truth.course.covariate_at("haemodialysis", 0.0).value for key, p in patients.items() if p.truth}
    assert flags.pop("haemodialysis") == 1.0
    assert set(flags.values()) == {0.0}


def test_one_dose_was_not_given_and_one_infusion_has_no_end(patients: dict[str, WardPatient]) -> None:
    missed = [d for p in patients.values() for d in p.doses if not d.given]
    assert len(missed) == 1
    assert missed[0] in patients["missed-dose"].doses
    given = patients["missed-dose"].truth.course.doses
    assert len(given) == len(patients["missed-dose"].doses) - 1
    endless = [d for p in patients.values() for d in p.doses if not d.end_known]
    assert len(endless) == 1
    assert endless[0] in patients["end-missing"].doses


def test_a_level_becomes_known_about_an_hour_after_it_was_drawn(patients: dict[str, WardPatient]) -> None:
    delays = [level.known_h - level.time_h for p in patients.values() for level in p.levels]
    assert min(delays) > 0.5
    assert max(delays) < 2.0
    assert np.mean(delays) == pytest.approx(1.0, abs=0.15)


def test_on_the_third_day_one_patient_has_doses_and_no_level_yet(patients: dict[str, WardPatient]) -> None:
    course = patients["no-level"].course(72.0)
    assert course.doses
    assert not course.levels
    assert patients["no-level"].course(150.0).levels


def test_a_course_shows_only_what_was_known_then(patients: dict[str, WardPatient]) -> None:
    patient = patients["stable"]
    first = patient.levels[0]
    assert not patient.course(first.known_h - 0.01).levels
    assert len(patient.course(first.known_h).levels) == 1
    assert len(patient.course(30.0).doses) < len(patient.course(60.0).doses)


def test_the_default_seed_tells_its_stories() -> None:
    """AUC24 of the truth on the third day: stable in range, augmented clearance below, kidney injury above it."""
    times = np.arange(48.0, 72.01, 0.1)
    auc24 = {
        p.profile.key: float(np.trapezoid(p.truth.concentration(times), times))
        for p in ward_patients(DEFAULT_SEED, EPOCH, horizon_h=80.0)
        if p.truth
    }
    assert 400 < auc24["stable"] < 600
    assert auc24["augmented"] < 400
    assert auc24["kidney-injury"] > 600


def test_a_random_patient_has_levels_known_before_the_forecast_starts() -> None:
    for seed in range(60):
        patient = random_patient(seed, EPOCH, known_h=48.0)
        assert patient.course(48.0).levels
        assert all(level.known_h < 48.0 for level in patient.levels)
