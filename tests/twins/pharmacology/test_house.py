"""A hospital may be stricter than its formulary, never laxer."""

import math
from dataclasses import replace

import pytest

from twins.pharmacology import formulary
from twins.pharmacology.house import HouseLimits, HouseLimitsError, within

VANCOMYCIN = formulary.drug("vancomycin")


def test_what_is_set_takes_the_place_of_what_is_published_and_says_whose_it_is() -> None:
    limits = HouseLimits(low=420.0, high=550.0, max_mg=2000.0, max_daily_mg=4000.0, intervals_h=(12.0, 8.0))
    here = within(VANCOMYCIN, limits, name="House limits, version 3")
    assert (here.target.low, here.target.high, here.target.metric) == (420.0, 550.0, VANCOMYCIN.target.metric)
    assert here.target.name == "AUC24 400–600 mg·h/L, here 420–550"
    assert here.target.source == f"House limits, version 3, within {VANCOMYCIN.target.source}"
    published = VANCOMYCIN.practice
    assert here.practice == replace(
        published,
        max_mg=2000.0,
        max_daily_mg=4000.0,
        intervals_h=(8.0, 12.0),
        source=f"House limits, version 3. As published: {published.source}",
    )


@pytest.mark.parametrize("name", formulary.drugs())
def test_no_limit_leaves_each_drug_as_it_is(name: str) -> None:
    drug = formulary.drug(name)
    assert within(drug, HouseLimits(), name="-") == drug


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (HouseLimits(low=399.0), "low is 399"),
        (HouseLimits(high=601.0), "high is 601"),
        (HouseLimits(low=600.0), "low below the high"),
        (HouseLimits(low=math.nan), "low is nan"),
        (HouseLimits(high=math.nan), "high is nan"),
        (HouseLimits(high=math.inf), "high is inf"),
        (HouseLimits(max_mg=3250.0), "max_mg is 3250"),
        (HouseLimits(max_mg=0.0), "max_mg is 0"),
        (HouseLimits(max_mg=250.0), "least dose is 500"),
        (HouseLimits(max_mg=1100.0), "multiple of 250"),
        (HouseLimits(max_daily_mg=5000.0), "max_daily_mg is 5000"),
        (HouseLimits(max_daily_mg=100.0), "longest interval"),
        (HouseLimits(max_rate_mg_per_h=1001.0), "max_rate_mg_per_h is 1001"),
        (HouseLimits(max_rate_mg_per_h=10.0), "higher rate"),
        (HouseLimits(intervals_h=()), "choose one or more"),
        (HouseLimits(intervals_h=(5.0,)), "choose one or more"),
    ],
)
def test_what_is_laxer_or_leaves_nothing_is_refused_with_the_field_and_the_remedy(
    limits: HouseLimits, said: str
) -> None:
    with pytest.raises(HouseLimitsError, match=said):
        within(VANCOMYCIN, limits, name="-")


def test_a_target_without_a_limit_gets_none_and_a_share_stays_a_share() -> None:
    meropenem = formulary.drug("meropenem")
    for limits in (HouseLimits(high=2.0), HouseLimits(low=1.5)):
        with pytest.raises(HouseLimitsError):
            within(meropenem, limits, name="-")
    with pytest.raises(HouseLimitsError, match="no published target"):
        within(formulary.drug("caffeine"), HouseLimits(low=5.0), name="-")
