"""Every model that ships with a residual error: its posterior intervals cover simulated truths at the nominal rate."""

import os
from functools import cache

import numpy as np
import pytest
from scipy.stats import binom

from tests.calibration.study import TREATMENTS, Calibration, calibrate, calibrated_models
from twins.pharmacology.formulary import model
from twins.solvers.system import Compartments, Flows

PATIENTS = int(os.environ.get("CALIBRATION_PATIENTS", "0"))
"""How many of each model; 0: as many as the default suite has time for, fewer where equations are stepped."""
CHANCE = 1e-5
"""One test in so many of a right engine would fail: there are some 300 of each kind, at fixed seeds."""
LEVELS = (0.5, 0.8, 0.9)


def patients_of(model_id: str) -> int:
    equations = model(model_id).system.equations
    if PATIENTS:
        return PATIENTS
    return 160 if isinstance(equations, Compartments) else 32 if isinstance(equations, Flows) else 24


@cache
def calibration(model_id: str) -> Calibration:
    return calibrate(model_id, patients=patients_of(model_id))


@pytest.mark.parametrize("model_id", calibrated_models())
def test_ranks_are_uniform_and_intervals_cover(model_id: str) -> None:
    found = calibration(model_id)
    patients = patients_of(model_id)
    assert found.unconverged == 0
    assert not np.any(np.isnan(found.ranks))
    for name, chance in zip(found.names, found.p_values, strict=True):
        assert chance > CHANCE, f"{name}: ranks are not uniform (chi-square, p = {chance:.2g})"
    for level in LEVELS:
        least, most = binom.ppf([CHANCE / 2, 1 - CHANCE / 2], patients, level)
        for name, share in zip(found.names, found.coverage(level), strict=True):
            assert least <= share * patients <= most, f"{name}: {share:.0%} of {level:.0%} intervals cover"


def test_all_models_together_cover_at_the_nominal_rate() -> None:
    # Quantities of one patient hang together, so each patient counts as one whatever the number of effects.
    for level in LEVELS:
        shares, variance = [], 0.0
        for model_id in calibrated_models():
            covered = calibration(model_id).coverage(level)
            shares.append(float(covered.mean()))
            variance += level * (1.0 - level) / patients_of(model_id)
        error = np.sqrt(variance) / len(shares)
        assert abs(float(np.mean(shares)) - level) < 4.0 * error


def test_p_values_of_all_models_together_are_uniform() -> None:
    chances = np.concatenate([calibration(model_id).p_values for model_id in calibrated_models()])
    low = int(np.sum(chances < 0.05))
    assert low <= binom.ppf(0.9999, chances.size, 0.05)


def test_a_wrong_posterior_is_found_out() -> None:
    # The same ranks, squeezed to the middle as too wide intervals give them, and moved as a bias gives them.
    right = calibration("vancomycin-thomson-2009")
    squeezed = Calibration(right.model_id, right.names, 80 + (right.ranks - 80) * 0.6, 0, 0)
    moved = Calibration(right.model_id, right.names, np.minimum(right.ranks + 25, 159), 0, 0)
    assert np.min(squeezed.p_values) < CHANCE
    assert np.min(moved.p_values) < CHANCE


def test_the_same_seed_gives_the_same_ranks() -> None:
    again = calibrate("vancomycin-buelga-2005", patients=12)
    assert np.array_equal(again.ranks, calibrate("vancomycin-buelga-2005", patients=12).ranks)


def test_every_drug_of_the_formulary_has_a_treatment_to_simulate() -> None:
    assert {model(name).drug for name in calibrated_models()} <= set(TREATMENTS)
