"""A distribution gives what its numbers say, cut off where it says."""

import numpy as np
import pytest
from scipy import stats

from twins.cohorts.distribution import Distribution, DistributionError, Shape

EVEN = (np.arange(100_000) + 0.5) / 100_000


def spread(shape: str, **numbers: float) -> Distribution:
    return Distribution(Shape(shape), **numbers, assumed="for the test")


def test_a_normal_has_its_mean_and_sd():
    drawn = spread("normal", mean=60.0, sd=15.0).draw(EVEN)
    assert drawn.mean() == pytest.approx(60.0, abs=1e-6)
    assert drawn.std() == pytest.approx(15.0, rel=1e-3)


def test_a_cut_normal_is_scipys_truncated_one():
    drawn = spread("normal", mean=57.0, sd=17.0, low=18.0, high=101.0).draw(EVEN)
    reference = stats.truncnorm((18 - 57) / 17, (101 - 57) / 17, loc=57, scale=17)
    np.testing.assert_allclose(drawn, reference.ppf(EVEN), rtol=1e-9)


def test_a_lognormal_has_its_median_and_cv():
    drawn = spread("lognormal", median=79.0, cv=0.25).draw(EVEN)
    assert np.median(drawn) == pytest.approx(79.0, rel=1e-4)
    assert drawn.std() / drawn.mean() == pytest.approx(0.25, rel=1e-2)
    cut = spread("lognormal", median=79.0, cv=0.25, low=60.0, high=90.0).draw(EVEN)
    assert 60.0 <= cut.min() < cut.max() <= 90.0


def test_shares_and_fixed_and_uniform_values():
    assert spread("share", share=0.3).draw(EVEN).mean() == pytest.approx(0.3)
    assert set(spread("fixed", value=80.0).draw(EVEN)) == {80.0}
    assert spread("uniform", low=1.0, high=3.0).draw(np.array([0.25]))[0] == 1.5


@pytest.mark.parametrize(
    ("shape", "numbers", "said"),
    [
        ("normal", {"mean": 1.0}, "sd is None"),
        ("normal", {"mean": 1.0, "sd": 0.0}, "sd is 0"),
        ("normal", {"mean": 1.0, "sd": 1.0, "low": 3.0, "high": 2.0}, "low must be below high"),
        ("normal", {"mean": 1.0, "sd": 1.0, "low": 50.0}, "nothing of the distribution"),
        ("share", {"share": 1.2}, "share is 1.2"),
        ("lognormal", {"median": -1.0, "cv": 0.2}, "median is -1"),
        ("fixed", {"value": float("nan")}, "value is nan"),
    ],
)
def test_an_impossible_distribution_is_refused(shape: str, numbers: dict[str, float], said: str):
    with pytest.raises(DistributionError, match=said):
        spread(shape, **numbers)


def test_a_distribution_without_an_origin_is_refused():
    with pytest.raises(DistributionError, match="source"):
        Distribution(Shape.FIXED, value=1.0)
    with pytest.raises(DistributionError, match="source"):
        Distribution(Shape.FIXED, value=1.0, source="a", assumed="b")
