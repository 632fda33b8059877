"""Every number of the two models, against the formulary's figures computed here a second time."""

import math

import numpy as np
import pytest

from twins.pharmacology import formulary
from twins.pharmacology.covariates import CLEARANCE
from twins.pharmacology.formulary import UnknownDrugError, UnknownModelError
from twins.pharmacology.residual import ResidualKind

GRID = [
    (crcl, weight, dialysis) for crcl in (8.0, 62.0, 150.0) for weight in (45.0, 79.0, 140.0) for dialysis in (0.0, 1.0)
]


def _typical(model_id: str, crcl: float, weight: float, dialysis: float) -> dict[str, float]:
    values = {CLEARANCE: np.array([crcl]), "weight_kg": np.array([weight]), "haemodialysis": np.array([dialysis])}
    return {name: float(value[0]) for name, value in formulary.model(model_id).typical(values).items()}


@pytest.mark.parametrize(("crcl", "weight", "dialysis"), GRID)
def test_typical_parameters_of_goti(crcl: float, weight: float, dialysis: float) -> None:
    found = _typical("vancomycin-goti-2018", crcl, weight, dialysis)
    assert found["clearance_l_per_h"] == pytest.approx(
        4.5 * math.exp(0.8 * math.log(crcl / 120)) * (0.7 if dialysis else 1.0), rel=1e-12
    )
    assert found["central_volume_l"] == pytest.approx(58.4 * weight / 70 * (0.5 if dialysis else 1.0), rel=1e-12)
    assert found["intercompartmental_clearance_l_per_h"] == 6.5
    assert found["peripheral_volume_l"] == 38.4


@pytest.mark.parametrize(("crcl", "weight", "dialysis"), GRID)
def test_typical_parameters_of_thomson(crcl: float, weight: float, dialysis: float) -> None:
    found = _typical("vancomycin-thomson-2009", crcl, weight, dialysis)
    assert found["clearance_l_per_h"] == pytest.approx(2.99 + 2.99 * 0.0154 * (crcl - 66), rel=1e-12)
    assert found["central_volume_l"] == pytest.approx(0.675 * weight, rel=1e-12)
    assert found["intercompartmental_clearance_l_per_h"] == 2.28
    assert found["peripheral_volume_l"] == pytest.approx(0.732 * weight, rel=1e-12)


def test_variability_of_goti_is_ln_of_one_plus_cv_squared() -> None:
    goti = formulary.model("vancomycin-goti-2018")
    expected = [math.log(1 + cv**2) for cv in (0.398, 0.816, 0.571)]
    assert np.diag(goti.omega) == pytest.approx(expected, abs=5e-7)
    assert np.count_nonzero(goti.omega - np.diag(np.diag(goti.omega))) == 0
    assert goti.eta_on == ("clearance_l_per_h", "central_volume_l", "peripheral_volume_l")
    assert "ln(1 + CV²)" in goti.omega_convention


def test_variability_of_thomson_is_cv_squared_with_one_covariance() -> None:
    thomson = formulary.model("vancomycin-thomson-2009")
    assert np.diag(thomson.omega) == pytest.approx([0.27**2, 0.15**2, 0.49**2, 1.30**2])
    assert thomson.omega[0, 1] == thomson.omega[1, 0] == 0.01
    assert np.count_nonzero(thomson.omega) == 6


def test_the_two_models_name_different_residual_errors() -> None:
    goti, thomson = (formulary.model(f"vancomycin-{name}").residual for name in ("goti-2018", "thomson-2009"))
    assert goti.kind is ResidualKind.SD_SUM
    assert float(goti.variance(np.array([20.0]))[0]) == pytest.approx((3.4 + 0.227 * 20) ** 2)
    assert thomson.kind is ResidualKind.VARIANCE_SUM
    assert float(thomson.variance(np.array([20.0]))[0]) == pytest.approx(1.6**2 + (0.15 * 20) ** 2)


@pytest.mark.parametrize("model_id", formulary.model_ids())
def test_the_slope_of_the_variance_is_its_derivative(model_id: str) -> None:
    residual = formulary.model(model_id).residual
    f, h = np.array([0.0, 5.0, 40.0]), 1e-5
    numerical = (residual.variance(f + h) - residual.variance(f - h)) / (2 * h)
    assert residual.variance_slope(f) == pytest.approx(numerical, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("model_id", formulary.model_ids())
def test_every_model_says_where_it_comes_from_and_what_is_in_conflict(model_id: str) -> None:
    model = formulary.model(model_id)
    assert model.id == model_id
    assert model.citation.doi.startswith("10.")
    assert model.citation.read_in
    assert model.conflicts
    assert model.unverified
    assert np.all(np.linalg.eigvalsh(model.omega) > 0)


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UnknownModelError, match="did you mean 'vancomycin-goti-2018'"):
        formulary.model("vancomycin-goty-2018")


def test_an_unknown_drug_names_the_nearest() -> None:
    with pytest.raises(UnknownDrugError, match="did you mean 'vancomycin'"):
        formulary.drug("Vancomicin")


def test_vancomycin_aims_at_the_guideline_s_exposure() -> None:
    drug = formulary.drug("vancomycin")
    assert (drug.target.low, drug.target.high) == (400.0, 600.0)
    assert "10.1093/ajhp/zxaa036" in drug.target.source
    assert all(formulary.model(model_id).drug == drug.name for model_id in drug.models)
    assert drug.practice.step_mg == 250.0
