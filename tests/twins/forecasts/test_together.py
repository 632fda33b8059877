"""Several models at once: their draws answer together, and nothing else is computed than by each of them."""

from dataclasses import replace

import numpy as np
import pytest

from tests.factories import fits
from tests.factories.courses import course
from twins.estimation.averaging import Average, Member, Weighting
from twins.forecasts.compare import CannotForecastError, compare, compare_together
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target

GOTI, THOMSON = (formulary.model(f"vancomycin-{name}") for name in ("goti-2018", "thomson-2009"))
SEEN = course(levels=[(11.5, 9.0), (23.5, 13.0)], dialysis=0.0)
PLANS = (Plan("Current", Regimen(1000.0, 12.0, 1.0, 36.0)), Plan("Less", Regimen(750.0, 12.0, 1.0, 36.0)))
TARGET = formulary.drug("vancomycin").target
TROUGH = Target("trough", 10.0, 20.0, "", Metric.TROUGH, "mg/L")


def average(*members: Member) -> Average:
    return Average(members, Weighting.LIKELIHOOD, seed=1)


def member(fit, draws, model=GOTI, reason="") -> Member:
    return Member(model, fit, 0.5, 0.0, 0.0, draws, reason)


def test_draws_split_between_two_members_answer_as_they_did_in_one():
    fit = fits.individual(SEEN)
    whole = compare(GOTI, SEEN, fit, PLANS, target=TARGET, also=(TROUGH,), explained=False)
    halves = average(member(fit, fit.draws[:40]), member(fit, fit.draws[40:]))
    assert compare_together(halves, SEEN, PLANS, target=TARGET, also=(TROUGH,)) == whole


def test_the_band_of_models_that_disagree_reaches_from_the_one_to_the_other():
    ours, theirs = (fits.individual(SEEN, model.id) for model in (GOTI, THOMSON))
    # One model is made to see an eighth of the clearance that the other sees.
    slow = replace(theirs, draws=theirs.draws - np.log(8.0) * np.eye(theirs.draws.shape[1])[0])
    both = average(member(ours, ours.draws), member(slow, slow.draws, THOMSON))
    alone = [
        compare(model, SEEN, fit, PLANS, target=TARGET, explained=False).forecasts[0].days[1].auc24
        for model, fit in ((GOTI, ours), (THOMSON, slow))
    ]
    band = compare_together(both, SEEN, PLANS, target=TARGET).forecasts[0].days[1].auc24
    assert band.q05 == pytest.approx(alone[0].q05, rel=0.15)
    assert band.q95 == pytest.approx(alone[1].q95, rel=0.15)
    assert alone[0].q95 < alone[1].q05


def test_where_no_model_could_be_fitted_the_reasons_are_said():
    fit = fits.individual(SEEN)
    nobody = average(member(fit, fit.draws[:0], reason="it takes none of the levels."))
    with pytest.raises(CannotForecastError, match="it takes none of the levels"):
        compare_together(nobody, SEEN, PLANS, target=TARGET)
