import math
from dataclasses import replace

import pytest

from tests.factories.courses import course
from twins.pharmacology.regimen import Plan, Regimen, RegimenError, current_plan
from twins.quantities.dose import Dose, Route
from twins.samples.course import OrderedRegimen


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount_mg": 0.0}, "amount_mg is 0"),
        ({"amount_mg": math.nan}, "amount_mg is nan"),
        ({"interval_h": -12.0}, "interval_h is -12"),
        ({"duration_h": 13.0}, "at most the interval of 12"),
        ({"start_h": math.inf}, "start_h is inf"),
        ({"loading_mg": 0.0}, "loading_mg is 0"),
    ],
)
def test_a_regimen_that_cannot_be_given_names_the_field(change: dict[str, float], words: str) -> None:
    with pytest.raises(RegimenError, match=words):
        Regimen(**{"amount_mg": 1000.0, "interval_h": 12.0, "duration_h": 1.0, "start_h": 0.0, **change})


def test_doses_start_before_the_end_and_not_at_it() -> None:
    doses = Regimen(1000.0, 12.0, 1.0, 6.0).doses(30.0)
    assert [(dose.start_h, dose.amount_mg, dose.duration_h) for dose in doses] == [
        (6.0, 1000.0, 1.0),
        (18.0, 1000.0, 1.0),
    ]


def test_a_loading_dose_comes_first_at_the_same_rate() -> None:
    first, second = Regimen(1000.0, 12.0, 1.0, 0.0, loading_mg=2000.0).doses(24.0)
    assert (first.amount_mg, first.duration_h) == (2000.0, 2.0)
    assert first.rate_mg_per_h == second.rate_mg_per_h


def test_words_say_amount_length_interval_and_first_dose() -> None:
    assert Regimen(1250.0, 12.0, 1.5, 0.0).sentence() == "1250 mg over 1.5 h every 12 h"
    assert Regimen(500.0, 24.0, 0.0, 0.0, 750.0).sentence() == "500 mg as a bolus every 24 h, first 750 mg"
    assert Plan("stop", None).sentence() == "no further doses"


@pytest.mark.parametrize("regimen", [None, Regimen(1000.0, 12.0, 1.0, 3.0, loading_mg=1500.0)])
def test_a_plan_survives_storage(regimen: Regimen | None) -> None:
    plan = Plan("x", regimen)
    assert Plan.from_json(plan.to_json()) == plan


def _regimen(plan: Plan | None) -> Regimen:
    assert plan is not None
    assert plan.regimen is not None
    return plan.regimen


def test_the_running_order_says_how_much_and_the_last_dose_when() -> None:
    order = OrderedRegimen(0.0, 750.0, 8.0, 1.0)
    plan = current_plan(course(doses=((0.0, 1000.0, 1.0), (9.0, 750.0, 1.0)), orders=(order,), until=12.0))
    assert _regimen(plan) == Regimen(750.0, 8.0, 1.0, 17.0)


def test_a_new_order_is_due_at_its_start() -> None:
    orders = (OrderedRegimen(0.0, 1000.0, 12.0, 1.0, end_h=30.0), OrderedRegimen(30.0, 500.0, 24.0, 1.0))
    plan = current_plan(course(orders=orders, until=31.0))
    assert _regimen(plan) == Regimen(500.0, 24.0, 1.0, 31.0)


def test_a_dose_missed_long_ago_is_not_made_up_for() -> None:
    order = OrderedRegimen(0.0, 1000.0, 12.0, 1.0)
    plan = current_plan(course(doses=((0.0, 1000.0, 1.0),), orders=(order,), until=20.0))
    assert _regimen(plan).start_h == 24.0


def test_ended_orders_mean_no_further_doses() -> None:
    plan = current_plan(course(orders=(OrderedRegimen(0.0, 1000.0, 12.0, 1.0, end_h=30.0),), until=36.0))
    assert plan == Plan("Current", None)


def test_without_an_order_the_last_two_doses_are_the_regimen() -> None:
    plan = current_plan(course(doses=((0.0, 1000.0, 1.0), (11.0, 750.0, 1.5)), until=20.0))
    assert _regimen(plan) == Regimen(750.0, 11.0, 1.5, 22.0)


def test_two_parts_of_one_dose_tell_no_interval() -> None:
    parts = ((0.0, 1000.0, 1.0), (12.0, 500.0, 1.0), (12.5, 500.0, 1.0))
    assert _regimen(current_plan(course(doses=parts, until=20.0))).interval_h == 12.5
    assert current_plan(course(doses=parts[1:], until=20.0)) is None


def test_an_infusion_charted_longer_than_its_interval_makes_no_error() -> None:
    plan = current_plan(course(doses=((0.0, 1000.0, 1.0), (6.0, 1000.0, 9.0)), until=8.0))
    assert _regimen(plan).duration_h == 6.0


def test_nothing_ordered_and_nothing_given_is_no_plan() -> None:
    assert current_plan(course(doses=())) is None
    assert current_plan(course(doses=((0.0, 1000.0, 1.0),))) is None


def test_a_dose_by_mouth_is_not_infused() -> None:
    tablets = Regimen(5.0, 12.0, 0.0, 0.0, 10.0, Route.ORAL)
    assert tablets.sentence() == "5 mg by mouth every 12 h, first 10 mg"
    assert [(dose.amount_mg, dose.route) for dose in tablets.doses(13.0)] == [(10.0, Route.ORAL), (5.0, Route.ORAL)]
    with pytest.raises(RegimenError, match="by mouth is not infused"):
        Regimen(5.0, 12.0, 1.0, 0.0, route=Route.ORAL)


def test_the_route_is_stored_only_where_it_is_not_the_vein() -> None:
    assert "route" not in Regimen(1000.0, 12.0, 1.0, 0.0).to_json()
    oral = Regimen(5.0, 12.0, 0.0, 0.0, route=Route.ORAL)
    assert Regimen.from_json(oral.to_json()) == oral


def test_the_current_plan_goes_on_by_the_way_the_last_dose_went_in() -> None:
    swallowed = tuple(Dose(12.0 * k, 5.0, 0.0, Route.ORAL) for k in range(2))
    order = OrderedRegimen(0.0, 5.0, 12.0, 1.0)
    patient = replace(course(doses=(), orders=(order,), until=14.0), doses=swallowed)
    assert _regimen(current_plan(patient)) == Regimen(5.0, 12.0, 0.0, 24.0, route=Route.ORAL)


def test_an_infusion_as_long_as_its_interval_is_continuous() -> None:
    assert Regimen(2000.0, 24.0, 24.0, 0.0).continuous
    assert not Regimen(2000.0, 24.0, 2.0, 0.0).continuous


def test_a_continuous_infusion_begins_when_its_loading_dose_is_in() -> None:
    regimen = Regimen(2000.0, 24.0, 24.0, 6.0, 1500.0, loading_h=1.5)
    assert [(dose.start_h, dose.amount_mg, dose.duration_h) for dose in regimen.doses(48.0)] == [
        (6.0, 1500.0, 1.5),
        (7.5, 2000.0, 24.0),
        (31.5, 2000.0, 24.0),
    ]
    assert Regimen.from_json(regimen.to_json()) == regimen
    with pytest.raises(RegimenError, match="loading_h is missing"):
        replace(regimen, loading_h=None)


def test_a_loading_dose_may_have_a_length_of_its_own() -> None:
    first, second = Regimen(1000.0, 12.0, 4.0, 0.0, 2000.0, loading_h=1.0).doses(24.0)
    assert (first.duration_h, second.start_h, second.duration_h) == (1.0, 12.0, 4.0)
    with pytest.raises(RegimenError, match="a loading dose that is given"):
        Regimen(1000.0, 12.0, 1.0, 0.0, loading_h=1.0)
