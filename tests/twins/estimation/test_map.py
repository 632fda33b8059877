import numpy as np
import pytest

from tests.factories.courses import course
from twins.estimation.evidence import Evidence
from twins.estimation.map import descend, find_mode
from twins.pharmacology.covariates import history
from twins.pharmacology.formulary import model, model_ids
from twins.pharmacology.population import PopulationModel


def _evidence(chosen: PopulationModel, levels: tuple[tuple[float, float], ...]) -> Evidence:
    patient = course(levels=levels)
    return Evidence.gather(
        chosen, history(chosen, patient), patient.doses, [t for t, _ in levels], [y for _, y in levels]
    )


@pytest.mark.parametrize("model_id", model_ids())
def test_the_gradient_vanishes_at_the_mode_and_is_that_of_the_objective(model_id: str) -> None:
    evidence = _evidence(model(model_id), ((2.0, 30.0), (11.5, 16.0), (23.5, 12.0)))
    p = len(evidence.model.eta_on)
    point = np.linspace(-0.4, 0.5, p)
    gradient, _ = evidence.slope(point)
    step = 1e-5 * np.eye(p)
    numerical = (evidence.objective(point + step) - evidence.objective(point - step)) / 2e-5
    assert gradient == pytest.approx(numerical, rel=1e-6, abs=1e-7)
    mode = find_mode(evidence)
    assert mode.converged
    assert evidence.slope(mode.eta)[0] == pytest.approx(0.0, abs=1e-5)


def test_the_covariance_is_the_inverse_of_the_expected_information() -> None:
    chosen = model("vancomycin-goti-2018")
    evidence = _evidence(chosen, ((2.0, 30.0), (11.5, 16.0)))
    mode = find_mode(evidence)
    information = np.linalg.inv(chosen.omega)
    steps = 1e-6 * np.eye(3)
    f = evidence.predict(mode.eta[None, :])[0]
    sensitivity = ((evidence.predict(mode.eta + steps) - evidence.predict(mode.eta - steps)) / 2e-6).T
    for j, prediction in enumerate(f):
        sd = 3.4 + 0.227 * prediction
        # A normal level informs through its mean (1/sd²) and through its variance (2 (dsd/df / sd)²).
        information += np.outer(sensitivity[j], sensitivity[j]) * (1 / sd**2 + 2 * (0.227 / sd) ** 2)
    assert mode.covariance == pytest.approx(np.linalg.inv(information), rel=1e-6)


@pytest.mark.parametrize(
    "levels",
    [
        ((9.0, 17.0), (17.0, 11.0)),
        ((7.0, 21.0), (31.0, 22.0)),
        ((6.0, 57.0), (32.0, 5.0)),
    ],
)
def test_the_lower_of_two_modes_is_found(levels: tuple[tuple[float, float], ...]) -> None:
    # Thomson's peripheral volume varies so much that a small one explains these levels as well as a slow exchange.
    evidence = _evidence(model("vancomycin-thomson-2009"), levels)
    from_typical = descend(evidence, np.zeros(4))
    from_small_volume = descend(evidence, np.array([0.0, 0.0, 0.0, -2.0]))
    assert from_typical.converged
    assert from_small_volume.converged
    assert from_small_volume.objective < from_typical.objective - 0.1
    assert find_mode(evidence).objective == pytest.approx(from_small_volume.objective, abs=1e-6)


def test_every_step_goes_down_even_from_far_away() -> None:
    evidence = _evidence(model("vancomycin-thomson-2009"), ((11.5, 16.0), (23.5, 12.0)))
    near = find_mode(evidence)
    for start in (np.full(4, 5.0), np.full(4, -5.0), np.array([5.0, -5.0, 5.0, -5.0])):
        assert descend(evidence, start).objective == pytest.approx(near.objective, abs=1e-6)
