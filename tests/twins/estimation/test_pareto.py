"""The tail of importance weights where its shape is known."""

import numpy as np
import pytest

from twins.estimation.pareto import GOOD, fit_tail, quantile, smooth


@pytest.mark.parametrize("shape", [-0.4, 0.2, 0.7, 1.5])
def test_the_shape_of_a_known_tail_is_found(shape: float) -> None:
    source = np.random.default_rng(3)
    values = np.sort(quantile(source.random(20_000), shape, 2.0))
    found, scale = fit_tail(values)
    assert found == pytest.approx(shape, abs=0.05)
    assert scale == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(("rate", "trusted"), [(1.2, True), (2.0, True), (5.0, False), (20.0, False)])
def test_a_proposal_with_light_tails_is_told_by_its_k_hat(rate: float, trusted: bool) -> None:
    # Weights of Exponential(1) proposed by Exponential(rate) are exp((rate - 1) x) / rate: a Pareto tail of shape
    # 1 - 1/rate.
    source = np.random.default_rng(7)
    x = source.exponential(1.0 / rate, 40_000)
    weights, shape = smooth((rate - 1.0) * x)
    assert shape == pytest.approx(1.0 - 1.0 / rate, abs=0.12)
    assert (shape <= GOOD) is trusted
    assert weights.sum() == pytest.approx(1.0)


def test_smoothing_steadies_a_mean_that_raw_weights_leave_to_chance() -> None:
    smoothed, raw = [], []
    for number in range(60):
        x = np.random.default_rng([number, 5]).exponential(1.0 / 2.5, 2000)
        weights, _ = smooth(1.5 * x)
        plain = np.exp(1.5 * x)
        smoothed.append(float(np.sum(weights * x)))
        raw.append(float(np.sum(plain * x) / np.sum(plain)))
    assert np.mean((np.array(smoothed) - 1.0) ** 2) < np.mean((np.array(raw) - 1.0) ** 2)


def test_smoothing_keeps_the_order_and_the_greatest_raw_weight() -> None:
    logged = np.random.default_rng(1).normal(0.0, 1.5, 1000)
    weights, _ = smooth(logged)
    assert np.array_equal(np.argsort(weights, kind="stable"), np.argsort(logged, kind="stable"))
    raw = np.exp(logged - logged.max())
    assert weights.max() * raw.sum() <= 1.05 * raw.max()


def test_equal_weights_are_trusted_and_a_single_one_is_not() -> None:
    weights, shape = smooth(np.zeros(500))
    assert np.all(weights == weights[0])
    assert shape <= GOOD
    lone = np.full(500, -np.inf)
    lone[3] = 0.0
    weights, shape = smooth(lone)
    assert weights[3] == 1.0
    assert shape > GOOD


@pytest.mark.parametrize("least", [-730.0, -690.0, -720.0])
def test_weights_of_which_most_count_for_nothing_are_not_trusted(least: float) -> None:
    """Of a patient far from the model the smallest weights are the smallest numbers that there are."""
    log_weights = np.concatenate((np.full(910, least - 5.0), np.full(80, least), np.linspace(least + 1.0, 0.0, 10)))
    weights, shape = smooth(log_weights)
    assert shape > GOOD
    assert float(np.sum(weights)) == pytest.approx(1.0)


def test_the_end_of_a_tail_that_nothing_bounds_is_a_number() -> None:
    assert np.isfinite(quantile(np.array([0.5, 0.999]), 400.0, 0.1)).all()
