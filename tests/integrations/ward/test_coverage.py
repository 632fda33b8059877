"""The twin's 90 % bands against the ward's hidden truths, when the model is the one that the truths were drawn from."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from integrations.ward.patients import WardPatient, random_patient
from integrations.ward.profiles import GOTI, THOMSON
from twins.estimation.fit import FitOutcome
from twins.estimation.individualise import individualise
from twins.forecasts import simulate
from twins.pharmacology import formulary

EPOCH = datetime(2026, 3, 1, 8, tzinfo=UTC)
KNOWN_H = 48.0
LATER_H = np.arange(50.0, 118.0, 4.0)


def inside_band(patient: WardPatient, model_id: str) -> NDArray[np.bool_]:
    """Which later true concentrations lie within the 5 to 95 % quantiles of the forecast made at `KNOWN_H`."""
    assert patient.truth is not None
    model = formulary.model(model_id)
    course = patient.course(KNOWN_H)
    assert course.levels
    assert all(level.time_h < KNOWN_H for level in course.levels)
    fit = individualise(model, course, seed=1, draws=1000)
    assert fit.outcome is FitOutcome.FITTED, fit.reason
    doses_to_come = replace(course, doses=patient.truth.course.doses, until_h=patient.horizon_h)
    forecast = simulate.concentrations(model, doses_to_come, fit.draws, None, LATER_H)
    low, high = np.quantile(forecast, [0.05, 0.95], axis=0)
    truth = patient.truth.concentration(LATER_H)
    return (low <= truth) & (truth <= high)


@pytest.mark.parametrize(("model_id", "patients"), [(GOTI, 300), (THOMSON, 300)])
def test_the_90_percent_bands_hold_85_to_95_percent_of_the_later_true_concentrations(
    model_id: str, patients: int
) -> None:
    inside = [inside_band(random_patient(seed, EPOCH, model_id=model_id), model_id) for seed in range(patients)]
    coverage = float(np.mean(inside))
    assert 0.85 <= coverage <= 0.95, f"coverage is {coverage:.3f} over {patients} patients"


def test_the_bands_of_another_models_patients_are_not_measured_as_if_they_were_its_own() -> None:
    """The measure can fail: forecasts of patients whose clearance is trebled are not covered."""
    inside = []
    for seed in range(20):
        patient = random_patient(seed, EPOCH)
        assert patient.truth is not None
        etas = (patient.truth.etas[0] + np.log(3.0), *patient.truth.etas[1:])
        inside.append(inside_band(replace(patient, truth=replace(patient.truth, etas=etas)), GOTI))
    assert np.mean(inside) < 0.6
