"""Single levels: tails against SciPy, levels below quantification against integration of the normal density."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfcx, log_ndtr
from scipy.stats import norm

from twins.solvers.likelihood import LOG, M1, M3, M4, POWER, SD_SUM, VARIANCE_SUM, level, log_between, log_normal_tail

KINDS = (SD_SUM, VARIANCE_SUM, POWER, LOG)


def _sd(kind: int, f: float) -> float:
    return {
        SD_SUM: 0.5 + 0.2 * f,
        VARIANCE_SUM: float(np.hypot(0.5, 0.2 * f)),
        POWER: 0.5 + 0.2 * f**1.3,
        LOG: 0.5,
    }[kind]


def _level(kind: int, below: int, y: float, f: float, weight: float = 1.0) -> tuple[float, float, float]:
    return level(kind, 0.5, 0.2, 1.3, weight, below, y, f)  # type: ignore[no-any-return]


@pytest.mark.parametrize("z", [-1e6, -1000.0, -40.0, -30.001, -29.999, -5.0, -0.3, 0.0, 2.0, 4.999, 5.001, 9.0, 40.0])
def test_the_normal_tail_keeps_its_digits(z: float) -> None:
    logged, ratio = log_normal_tail(z)
    assert logged == pytest.approx(float(log_ndtr(z)), rel=1e-13, abs=1e-300)
    assert ratio == pytest.approx(float(np.sqrt(2 / np.pi) / erfcx(-z / np.sqrt(2))), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 0.5), (-50.0, -49.0), (3.0, 3.5), (8.0, 9.0), (-1e-9, 0.0)])
def test_a_share_between_two_limits_keeps_its_digits(low: float, high: float) -> None:
    logged, at_low, at_high = log_between(low, high)
    # Over the density at the end nearer to 0, so that quadrature sees numbers near 1.
    near = low if low > 0 else min(high, 0.0)
    area, _ = quad(lambda x: np.exp(norm.logpdf(x) - norm.logpdf(near)), low, high, epsabs=0, epsrel=1e-12)
    expected = np.log(area) + norm.logpdf(near)
    assert logged == pytest.approx(expected, rel=1e-8)
    assert at_low == pytest.approx(np.exp(norm.logpdf(low) - expected), rel=1e-7)
    assert at_high == pytest.approx(np.exp(norm.logpdf(high) - expected), rel=1e-7)


@pytest.mark.parametrize("f", [0.05, 0.8, 4.0])
@pytest.mark.parametrize("kind", [SD_SUM, VARIANCE_SUM, POWER])
def test_below_quantification_is_the_integral_of_the_density(kind: int, f: float) -> None:
    limit, sd = 1.0, _sd(kind, f)
    below, _ = quad(lambda y: norm.pdf(y, f, sd), -40.0, limit, points=[f - sd, f], limit=200)
    between, _ = quad(lambda y: norm.pdf(y, f, sd), 0.0, limit)
    positive, _ = quad(lambda y: norm.pdf(y, f, sd), 0.0, f + 40 * sd, points=[f, f + sd], limit=200)
    assert _level(kind, M3, limit, f)[0] == pytest.approx(-2 * np.log(below), rel=1e-7)
    assert _level(kind, M4, limit, f)[0] == pytest.approx(-2 * np.log(between / positive), rel=1e-7)
    quantified = -2 * (norm.logpdf(2.0, f, sd) - np.log(positive)) - np.log(2 * np.pi)
    assert _level(kind, -M4, 2.0, f)[0] == pytest.approx(quantified, rel=1e-7)
    assert _level(kind, M1, limit, f) == (0.0, 0.0, 0.0)


def test_below_quantification_on_the_log_scale_is_positive_by_itself() -> None:
    expected = -2 * norm.logcdf(np.log(1.0 / 3.0) / 0.5)
    assert _level(LOG, M3, 1.0, 3.0)[0] == pytest.approx(expected, rel=1e-12)
    assert _level(LOG, M4, 1.0, 3.0)[0] == pytest.approx(expected, rel=1e-12)
    assert _level(LOG, -M4, 2.0, 3.0)[0] == _level(LOG, 0, 2.0, 3.0)[0]


@pytest.mark.parametrize("weight", [1.0, 3.0])
@pytest.mark.parametrize("below", [0, M3, M4, -M4])
@pytest.mark.parametrize("kind", KINDS)
def test_slopes_are_those_of_the_value(kind: int, below: int, weight: float) -> None:
    for f in (0.3, 1.1, 6.0):
        value, slope, curvature = _level(kind, below, 1.4, f, weight)
        step = 1e-5 * f
        above, under = _level(kind, below, 1.4, f + step, weight)[0], _level(kind, below, 1.4, f - step, weight)[0]
        assert np.isfinite(value)
        assert slope == pytest.approx((above - under) / (2 * step), rel=1e-5, abs=1e-7)
        assert curvature >= 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_the_expected_curvature_is_twice_the_fisher_information(kind: int) -> None:
    f, sd = 2.5, _sd(kind, 2.5)
    # The mean square of the score over the values that the model itself would give.
    spread = np.linspace(-9.0, 9.0, 4001)
    values = np.exp(np.log(f) + sd * spread) if kind == LOG else f + sd * spread
    scores = np.array([-0.5 * _level(kind, 0, float(y), f)[1] for y in values])
    information = float(np.sum(scores**2 * norm.pdf(spread)) * (spread[1] - spread[0]))
    assert _level(kind, 0, 1.0, f)[2] == pytest.approx(2 * information, rel=1e-9)


def test_no_density_where_the_error_is_nought_or_the_prediction_is_no_number() -> None:
    assert level(SD_SUM, 0.0, 0.2, 1.0, 1.0, 0, 1.0, 0.0)[0] == np.inf
    assert _level(SD_SUM, 0, 1.0, float("nan"))[0] == np.inf
    assert _level(LOG, 0, 1.0, 0.0)[0] == np.inf
