"""The draws against integration on a grid, and the intervals against the truth that made the data."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories.courses import course
from twins.estimation import posterior
from twins.estimation.evidence import Evidence
from twins.estimation.individualise import individualise
from twins.estimation.map import Mode, find_mode
from twins.forecasts.simulate import concentrations
from twins.pharmacology.covariates import history
from twins.pharmacology.formulary import model, model_ids
from twins.pharmacology.population import PopulationModel
from twins.samples.course import Course, Level

Array = NDArray[np.float64]
GOTI = model("vancomycin-goti-2018")
LEVELS = ((2.0, 38.0), (11.5, 21.0), (23.5, 29.0))


def _evidence(chosen: PopulationModel, patient: Course) -> Evidence:
    times = [level.time_h for level in patient.levels]
    values = [level.value for level in patient.levels]
    return Evidence.gather(chosen, history(chosen, patient), patient.doses, times, values)


def _grid_moments(evidence: Evidence) -> tuple[Array, Array]:
    """Posterior mean and sd of three etas by brute force."""
    axes = [np.linspace(-4.5, 4.5, 91) * np.sqrt(evidence.model.omega[k, k]) for k in range(3)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    value = evidence.objective(points)
    weight = np.exp(-0.5 * (value - value.min()))
    weight /= weight.sum()
    mean = weight @ points
    return mean, np.sqrt(weight @ (points - mean) ** 2)


def test_draws_have_the_posterior_s_mean_and_spread() -> None:
    patient = course(levels=LEVELS)
    mean, sd = _grid_moments(_evidence(GOTI, patient))
    fit = individualise(GOTI, patient, seed=3, draws=8000)
    error = 4.0 / np.sqrt(fit.effective_sample_size)
    assert fit.draws.mean(axis=0) == pytest.approx(mean, abs=error * float(sd.max()))
    assert fit.draws.std(axis=0) == pytest.approx(sd, rel=error)


def test_a_poor_proposal_is_refitted_until_it_serves() -> None:
    evidence = _evidence(GOTI, course(levels=LEVELS))
    mode = find_mode(evidence)
    poor = Mode(mode.eta + 0.4, mode.covariance * 0.15, mode.objective, mode.iterations, mode.converged)
    drawn = posterior.draw_posterior(evidence, poor, seed=3, draws=2000)
    assert drawn.proposals > 8000
    assert drawn.effective_sample_size >= 1000
    mean, sd = _grid_moments(evidence)
    assert drawn.draws.mean(axis=0) == pytest.approx(mean, abs=0.12 * float(sd.max()))


def test_metropolis_moves_mend_what_importance_sampling_could_not(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = _evidence(GOTI, course(levels=LEVELS))
    mode = find_mode(evidence)
    poor = Mode(mode.eta + 0.4, mode.covariance * 0.02, mode.objective, mode.iterations, mode.converged)
    monkeypatch.setattr(posterior, "_ROUNDS", 2)
    drawn = posterior.draw_posterior(evidence, poor, seed=3, draws=2000)
    if drawn.moves == 0:
        pytest.fail(f"the case is too easy: {drawn.effective_sample_size:.0f} effective draws without a move")
    assert 0.1 < drawn.accepted < 0.9
    mean, sd = _grid_moments(evidence)
    assert drawn.draws.mean(axis=0) == pytest.approx(mean, abs=0.15 * float(sd.max()))
    assert drawn.draws.std(axis=0) == pytest.approx(sd, rel=0.15)


def test_streams_depend_on_the_seed_and_their_place_alone() -> None:
    (first, second), (again, *_) = posterior.streams(9, 2), posterior.streams(9, 5)
    assert first.bit_generator.__class__.__name__ == "Philox"
    one = first.random(4)
    assert np.array_equal(one, again.random(4))
    assert not np.array_equal(one, second.random(4))


def _simulated(chosen: PopulationModel, number: int) -> tuple[Course, Array]:
    """A patient whose etas, covariates and levels come from the model itself."""
    source = np.random.default_rng([number, 77])
    eta = np.linalg.cholesky(chosen.omega) @ source.standard_normal(len(chosen.eta_on))
    creatinine, weight = float(source.uniform(0.6, 2.5)), float(source.uniform(50, 120))
    blank = course(
        doses=tuple((12.0 * k, 1000.0, 1.5) for k in range(4)),
        creatinine=((0.0, creatinine),),
        weight=weight,
        until=47.0,
    )
    times = np.array([11.5, 26.0, 35.5, 46.5][: int(source.integers(1, 5))])
    f = concentrations(chosen, blank, eta, None, times)[0]
    seen = f + np.sqrt(chosen.residual.variance(f)) * source.standard_normal(f.size)
    levels = tuple(Level(float(t), max(float(y), 0.0)) for t, y in zip(times, seen, strict=True))
    return replace(blank, levels=levels), eta


@pytest.mark.parametrize("model_id", model_ids())
def test_ninety_percent_bands_hold_ninety_percent_of_later_concentrations(model_id: str) -> None:
    # A smaller additive error than published: with that one, levels near 0 would come out negative, which no laboratory
    # reports, and cutting them off would no longer be the model that is fitted.
    published = model(model_id)
    chosen = replace(published, residual=replace(published.residual, additive=0.2 * published.residual.additive))
    later = np.array([50.0, 56.0, 60.0])
    inside, fifty, ranks = [], [], []
    for number in range(400):
        patient, truth = _simulated(chosen, number)
        fit = individualise(chosen, patient, seed=number, draws=400)
        drawn = concentrations(chosen, patient, fit.draws, None, later)
        true = concentrations(chosen, patient, truth, None, later)[0]
        low, q25, q75, high = np.quantile(drawn, [0.05, 0.25, 0.75, 0.95], axis=0)
        inside.append((low <= true) & (true <= high))
        fifty.append((q25 <= true) & (true <= q75))
        ranks.append(np.mean(fit.draws[:, 0] < truth[0]))
    assert 0.86 <= np.mean(inside) <= 0.94
    assert 0.43 <= np.mean(fifty) <= 0.57
    # Ranks of the true clearance among its draws are uniform when the draws are of the posterior.
    counts, _ = np.histogram(ranks, bins=10, range=(0.0, 1.0))
    assert float(np.sum((counts - 40.0) ** 2 / 40.0)) < 27.9  # chi-square with 9 degrees of freedom, p = 0.001
