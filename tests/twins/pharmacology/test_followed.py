"""Whether a plan was followed: each dose due beside the one given for it, within stated tolerances."""

import pytest

from twins.pharmacology.continued import continued, same_doses
from twins.pharmacology.followed import Followed, Outcome, Verdict, followed
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Dose

PLAN = Plan("Proposal 1", Regimen(1250.0, 12.0, 1.5, 60.0))


def after(*given: tuple[float, float], plan: Plan = PLAN, until_h: float = 98.0, decided_h: float = 52.0) -> Followed:
    """Doses as (hours, mg); the forecast began at 50 h."""
    doses = [Dose(time, amount, 1.0) for time, amount in given]
    return followed(plan, doses, from_h=50.0, decided_h=decided_h, until_h=until_h)


def outcomes(found: Followed) -> list[Outcome]:
    return [step.outcome for step in found.steps]


def test_doses_within_an_hour_and_five_per_cent_are_as_planned():
    found = after((61.0, 1250.0), (71.0, 1312.5), (84.0, 1190.0), (96.5, 1250.0))
    assert outcomes(found) == [Outcome.AS_PLANNED] * 4
    assert found.verdict is Verdict.FOLLOWED


@pytest.mark.parametrize(
    ("dose", "outcome", "verdict"),
    [
        ((60.0, 1000.0), Outcome.OTHER_AMOUNT, Verdict.NOT_FOLLOWED),
        ((61.1, 1250.0), Outcome.OTHER_TIME, Verdict.PARTLY),
        ((57.0, 1250.0), Outcome.OTHER_TIME, Verdict.PARTLY),
        ((64.0, 750.0), Outcome.OTHER_AMOUNT_AND_TIME, Verdict.NOT_FOLLOWED),
    ],
)
def test_another_amount_and_another_time_are_told_apart(dose, outcome, verdict):
    found = after(dose, until_h=65.0)
    assert outcomes(found) == [outcome]
    assert found.verdict is verdict


def test_a_dose_is_missed_only_when_it_can_no_longer_be_charted_late():
    assert after(until_h=61.9).verdict is Verdict.NOTHING_DUE
    found = after(until_h=62.0)
    assert outcomes(found) == [Outcome.NOT_GIVEN]
    assert found.steps[0].due == Dose(60.0, 1250.0, 1.5)
    assert found.verdict is Verdict.NOT_FOLLOWED


def test_each_dose_counts_once_and_one_too_many_is_told():
    found = after((60.0, 1250.0), (63.0, 1250.0), (72.0, 1250.0), until_h=76.0)
    assert outcomes(found) == [Outcome.AS_PLANNED, Outcome.NOT_PLANNED, Outcome.AS_PLANNED]
    assert found.verdict is Verdict.PARTLY
    assert found.count(Outcome.AS_PLANNED, Outcome.NOT_PLANNED) == 3


def test_what_happened_before_the_signature_is_not_held_against_it():
    found = after((54.0, 1000.0), (72.0, 1250.0), (84.0, 1250.0), decided_h=66.0, until_h=90.0)
    assert outcomes(found) == [Outcome.AS_PLANNED, Outcome.AS_PLANNED]
    assert after((49.0, 1000.0), until_h=52.0).steps == ()


def test_a_loading_dose_and_daily_doses_have_their_own_times_and_amounts():
    daily = Plan("Proposal 2", Regimen(1000.0, 24.0, 1.0, 60.0, loading_mg=2000.0))
    found = after((60.0, 2000.0), (85.9, 1000.0), plan=daily, until_h=90.0)
    assert outcomes(found) == [Outcome.AS_PLANNED] * 2


def test_no_further_doses_means_none():
    stop = Plan("Stop", None)
    assert after(plan=stop).verdict is Verdict.FOLLOWED
    assert after((51.0, 1000.0), plan=stop).verdict is Verdict.FOLLOWED
    found = after((60.0, 1000.0), plan=stop)
    assert (outcomes(found), found.verdict) == ([Outcome.NOT_PLANNED], Verdict.NOT_FOLLOWED)
    assert after(plan=stop, until_h=51.0).verdict is Verdict.NOTHING_DUE


class TestContinued:
    """The same doses at the same moments, counted from a later course."""

    def test_it_goes_on_with_the_first_dose_that_is_not_over(self):
        left = continued(PLAN, shift_h=-48.0, from_h=30.0, label="As signed")
        assert left == Plan("As signed", Regimen(1250.0, 12.0, 1.5, 36.0))
        assert continued(PLAN, shift_h=0.0, from_h=55.0) == PLAN

    def test_a_loading_dose_is_given_once(self):
        loaded = Plan("x", Regimen(1000.0, 12.0, 1.0, 60.0, loading_mg=2000.0))
        assert continued(loaded, shift_h=0.0, from_h=59.0) == loaded
        assert continued(loaded, shift_h=0.0, from_h=61.0).regimen == Regimen(1000.0, 12.0, 1.0, 72.0)

    def test_after_the_loading_dose_a_continuous_infusion_goes_on(self):
        running = Plan("x", Regimen(2400.0, 24.0, 24.0, 60.0, loading_mg=1500.0, loading_h=2.0))
        assert continued(running, shift_h=0.0, from_h=61.0).regimen == Regimen(2400.0, 24.0, 24.0, 62.0)

    def test_plans_are_the_same_whenever_they_begin(self):
        assert same_doses(PLAN, continued(PLAN, shift_h=7.0, from_h=90.0))
        assert not same_doses(PLAN, Plan("x", Regimen(1000.0, 12.0, 1.5, 60.0)))
        assert same_doses(Plan("a", None), Plan("b", None))
        assert not same_doses(PLAN, Plan("b", None))
