"""When what a model reads changes: carry rules, occasions, dialysis sessions, steps after the first dose, defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories.courses import course
from twins.pharmacology.covariates import CLEARANCE, FIRST_DOSE, HOURS, CovariateError, history, missing_inputs, read
from twins.pharmacology.epochs import RAMP_H, EpochError
from twins.pharmacology.formulary import model
from twins.pharmacology.population import CovariateRange, Derived, Link, Occasions, PopulationModel, on
from twins.quantities.dose import Dose, SteadyState
from twins.samples.course import Course, CovariateValue, DialysisSession
from twins.solvers.system import CarryRule

Array = NDArray[np.float64]
GOTI = model("vancomycin-goti-2018")
REMOVED = GOTI.parameters.index("clearance_l_per_h")


def like_goti(**changes: Any) -> PopulationModel:
    return replace(GOTI, **changes)


def weighed(*values: tuple[float, float], carry: CarryRule = CarryRule.FORWARD, **more: Any) -> Course:
    plain = course(weight=None, clearance=60.0)
    weights = tuple(CovariateValue("weight_kg", time, value) for time, value in values)
    return replace(plain, covariates=plain.covariates + weights, carry=carry, **more)


def with_occasions(every_h: float) -> PopulationModel:
    return like_goti(occasions=Occasions(on("clearance_l_per_h"), np.array([[0.04]]), every_h))


def by_steps(covariates: Mapping[str, Array]) -> dict[str, Array]:
    found = GOTI.typical(covariates)
    first_day = covariates[HOURS] < 24.0
    return {**found, "clearance_l_per_h": np.where(first_day, 2.0, 1.0) * found["clearance_l_per_h"]}


def held(
    chart_times: Sequence[float], values: Sequence[float], moments: Sequence[float], rule: CarryRule
) -> list[float]:
    """Which value holds just after each moment, as the solvers read epochs."""
    times = np.asarray(chart_times)
    side = "right"
    index = np.searchsorted(times, moments, side=side)
    index = index - 1 if rule is CarryRule.FORWARD else index
    return [values[k] for k in np.clip(index, 0, times.size - 1)]


def test_backward_a_value_holds_until_its_own_record() -> None:
    chart = history(GOTI, weighed((0.0, 70.0), (10.0, 80.0), (20.0, 90.0), carry=CarryRule.BACKWARD))
    assert chart.carry is CarryRule.BACKWARD
    assert chart.times_h.tolist() == [0.0, 10.0, 20.0]
    assert held(chart.times_h, chart.values["weight_kg"], [-5, 5, 15, 25], CarryRule.BACKWARD) == [70, 80, 90, 90]


def test_of_two_records_at_one_moment_the_rule_says_which_holds_before_it_and_which_after() -> None:
    values = ((0.0, 70.0), (10.0, 80.0), (10.0, 81.0))
    forward = history(GOTI, weighed(*values))
    assert forward.values["weight_kg"].tolist() == [70.0, 81.0]
    backward = history(GOTI, weighed(*values, carry=CarryRule.BACKWARD))
    assert backward.values["weight_kg"].tolist() == [70.0, 80.0]


def test_interpolated_a_second_covariate_is_read_between_its_records() -> None:
    patient = weighed((0.0, 70.0), (20.0, 90.0), carry=CarryRule.INTERPOLATED)
    more = CovariateValue(CLEARANCE, 5.0, 90.0)
    chart = history(GOTI, replace(patient, covariates=(*patient.covariates, more)))
    assert chart.times_h.tolist() == [0.0, 5.0, 20.0]
    assert chart.values["weight_kg"].tolist() == [70.0, 75.0, 90.0]


@pytest.mark.parametrize("rule", [CarryRule.FORWARD, CarryRule.BACKWARD])
def test_a_dialysis_session_adds_its_clearance_from_its_start_to_its_end_and_nowhere_else(rule: CarryRule) -> None:
    sessions = (DialysisSession(6.0, 10.0, 5.0), DialysisSession(30.0, 34.0, 7.0))
    chart = history(GOTI, weighed((8.0, 80.0), carry=rule, dialysis=sessions))
    added = chart.added[:, REMOVED]
    moments = [-1.0, 5.9, 6.1, 7.0, 9.0, 9.9, 10.1, 29.9, 30.1, 33.9, 34.1, 100.0]
    assert held(chart.times_h, added, moments, rule) == [0, 0, 5, 5, 5, 5, 0, 0, 7, 7, 0, 0]
    others = np.delete(chart.added, REMOVED, axis=1)
    assert not others.any()


def test_sessions_that_meet_do_not_add_up_at_their_common_edge() -> None:
    sessions = (DialysisSession(6.0, 10.0, 5.0), DialysisSession(10.0, 14.0, 7.0))
    chart = history(GOTI, weighed((0.0, 80.0), dialysis=sessions))
    assert chart.added[:, REMOVED].tolist() == [0.0, 5.0, 7.0, 0.0]


def test_interpolated_a_session_begins_within_a_ramp() -> None:
    patient = weighed((0.0, 80.0), carry=CarryRule.INTERPOLATED, dialysis=(DialysisSession(6.0, 10.0, 5.0),))
    chart = history(GOTI, patient)
    assert chart.times_h.tolist() == [0.0, 6.0 - RAMP_H, 6.0, 10.0 - RAMP_H, 10.0]
    assert chart.added[:, REMOVED].tolist() == [0.0, 0.0, 5.0, 5.0, 0.0]


def test_a_model_without_a_clearance_refuses_a_dialysis_session() -> None:
    other = replace(GOTI.system, parameters=("rate_per_h", *GOTI.parameters[1:]))

    def typical(covariates: Mapping[str, Array]) -> dict[str, Array]:
        found = GOTI.typical(covariates)
        return {"rate_per_h": found.pop("clearance_l_per_h"), **found}

    with pytest.raises(CovariateError, match=r"session from 6 h is on the chart; Goti 2018 has no clearance"):
        history(
            like_goti(system=other, typical=typical),
            weighed((0.0, 80.0), dialysis=(DialysisSession(6.0, 10.0, 5.0),)),
        )


def test_occasions_follow_the_first_dose_and_reach_until_the_end_asked_for() -> None:
    patient = replace(course(doses=((2.0, 500.0, 1.0), (30.0, 500.0, 1.0))), until_h=40.0)
    near = history(with_occasions(24.0), patient)
    assert near.times_h.tolist() == [0.0, 26.0]
    assert near.occasion.tolist() == [0, 1]
    far = history(with_occasions(24.0), patient, until_h=75.0)
    assert far.times_h.tolist() == [0.0, 26.0, 50.0, 74.0]
    assert far.occasion.tolist() == [0, 1, 2, 3]
    assert near.occasion.dtype == np.int64


def test_a_course_names_its_own_occasions_and_the_future_begins_new_ones() -> None:
    patient = replace(course(), until_h=36.0, occasions_h=(5.0, 30.0))
    assert history(with_occasions(12.0), patient).times_h.tolist() == [0.0, 5.0, 30.0]
    assert history(with_occasions(12.0), patient, until_h=60.0).times_h.tolist() == [0.0, 5.0, 30.0, 42.0, 54.0]


def test_the_first_occasion_also_holds_before_the_first_record() -> None:
    patient = weighed((50.0, 80.0))
    patient = replace(patient, covariates=tuple(replace(c, time_h=50.0) for c in patient.covariates), until_h=60.0)
    chart = history(with_occasions(24.0), patient)
    assert held(chart.times_h, chart.occasion, [-9.0, 0.0, 23.9, 24.1, 48.1, 99.0], CarryRule.FORWARD) == [
        0, 0, 0, 1, 2, 2,
    ]  # fmt: skip


def test_a_model_without_variability_between_occasions_has_one_occasion() -> None:
    assert history(GOTI, replace(course(), occasions_h=(5.0, 30.0))).times_h.tolist() == [0.0]


def test_more_occasions_than_a_life_has_are_refused() -> None:
    with pytest.raises(EpochError, match="until_h is 1e"):
        history(with_occasions(1.0), course(), until_h=1e9)


@pytest.mark.parametrize("rule", [CarryRule.FORWARD, CarryRule.BACKWARD])
@pytest.mark.parametrize("first", [0.0, 0.1, 1 / 3])
def test_a_step_after_the_first_dose_changes_the_model_at_its_hour(rule: CarryRule, first: float) -> None:
    stepped = like_goti(typical=by_steps, steps_h=(24.0,))
    patient = weighed((0.0, 80.0), carry=rule, doses=(Dose(first, 500.0, 1.0),))
    chart = history(stepped, patient)
    clearance = chart.typical[:, 0] / history(GOTI, patient).typical[0, 0]
    moments = [-1.0, first, first + 23.99, first + 24.01, 500.0]
    assert held(chart.times_h, clearance, moments, rule) == pytest.approx([2, 2, 2, 1, 1])


def test_a_course_in_steady_state_has_had_its_first_day() -> None:
    stepped = like_goti(typical=by_steps, steps_h=(24.0,))
    dose = Dose(3.0, 500.0, 1.0, interval_h=12.0, steady_state=SteadyState.REPLACES)
    chart = history(stepped, replace(course(), doses=(dose,)))
    assert held(chart.times_h, chart.typical[:, 0], [3.0, 50.0], CarryRule.FORWARD) == pytest.approx(
        [history(GOTI, course()).typical[0, 0]] * 2
    )


def test_without_a_dose_the_steps_are_counted_from_the_end_of_the_course() -> None:
    stepped = like_goti(typical=by_steps, steps_h=(24.0,))
    assert history(stepped, course(doses=(), until=5.0)).times_h.tolist() == [0.0, 29.0]
    assert history(stepped, course(doses=(), until=5.0), first_dose_h=8.0).times_h.tolist() == [0.0, 32.0]


def test_a_model_may_read_when_the_first_dose_was_given() -> None:
    def typical(covariates: Mapping[str, Array]) -> dict[str, Array]:
        return {**GOTI.typical(covariates), "peripheral_volume_l": 1.0 + covariates[FIRST_DOSE]}

    found = history(like_goti(typical=typical), course(doses=((7.5, 500.0, 1.0),)))
    assert found.typical[:, GOTI.components.index("peripheral_volume_l")].tolist() == [8.5]


def heavier_by(name: str, ratio: float) -> Any:
    def typical(covariates: Mapping[str, Array]) -> dict[str, Array]:
        found = GOTI.typical(covariates)
        return {**found, "central_volume_l": found["central_volume_l"] * (1 + ratio * covariates[name])}

    return typical


ALBUMIN = CovariateRange("albumin_g_per_l", "g/L", "serum albumin", 20.0, 55.0, 40.0, default=38.0)


def test_a_default_stands_in_for_what_is_not_charted_and_is_said() -> None:
    changed = like_goti(typical=heavier_by("albumin_g_per_l", 0.0), covariates=(*GOTI.covariates, ALBUMIN))
    chart = history(changed, course())
    assert chart.values["albumin_g_per_l"].tolist() == [38.0]
    assert chart.assumed == {"albumin_g_per_l": 38.0}
    assert chart.sentences == ("No serum albumin is on the chart; the model's default of 38 was assumed.",)
    charted = replace(course(), covariates=(*course().covariates, CovariateValue("albumin_g_per_l", 0.0, 31.0)))
    assert history(changed, charted).values["albumin_g_per_l"].tolist() == [31.0]
    assert history(changed, charted).assumed == {}


INDEX = Derived(("weight_kg", "height_cm"), lambda weight_kg, height_cm: weight_kg / (height_cm / 100) ** 2, "BMI")


def test_a_derived_covariate_is_computed_where_it_is_not_charted() -> None:
    changed = like_goti(typical=heavier_by("bmi_kg_per_m2", 0.01), derived={"bmi_kg_per_m2": INDEX})
    with pytest.raises(CovariateError, match="no height on the chart"):
        history(changed, course())
    assert missing_inputs(changed, course()) == ("height_cm",)
    tall = replace(course(), covariates=(*course().covariates, CovariateValue("height_cm", 0.0, 200.0)))
    chart = history(changed, tall)
    assert chart.values["bmi_kg_per_m2"].tolist() == [20.0]
    assert chart.computed["bmi_kg_per_m2"] == "BMI"
    given = replace(course(), covariates=(*course().covariates, CovariateValue("bmi_kg_per_m2", 0.0, 31.0)))
    assert history(changed, given).values["bmi_kg_per_m2"].tolist() == [31.0]
    assert "bmi_kg_per_m2" not in history(changed, given).computed


def test_a_default_stands_in_where_what_would_be_computed_lacks_an_input() -> None:
    usual = CovariateRange("bmi_kg_per_m2", "kg/m2", "body mass index", default=25.0)
    changed = like_goti(
        typical=heavier_by("bmi_kg_per_m2", 0.01),
        derived={"bmi_kg_per_m2": INDEX},
        covariates=(*GOTI.covariates, usual),
    )
    assert history(changed, course()).values["bmi_kg_per_m2"].tolist() == [25.0]
    assert history(changed, course()).assumed == {"bmi_kg_per_m2": 25.0}
    tall = replace(course(), covariates=(*course().covariates, CovariateValue("height_cm", 0.0, 200.0)))
    assert history(changed, tall).values["bmi_kg_per_m2"].tolist() == [20.0]
    assert history(changed, tall).assumed == {}


def test_a_charted_creatinine_goes_before_a_default_clearance() -> None:
    usual = replace(GOTI.covariates[0], default=60.0)
    changed = like_goti(covariates=(usual, *GOTI.covariates[1:]), clinical_inputs=("weight_kg",))
    assert history(changed, course()).values[CLEARANCE].tolist() == pytest.approx([85 * 80 / 72])
    bare = replace(course(), covariates=tuple(c for c in course().covariates if c.name == "weight_kg"))
    assert history(changed, bare).assumed == {CLEARANCE: 60.0}
    assert not history(changed, bare).estimated.any()


def test_what_only_the_page_shows_may_be_missing() -> None:
    shown = CovariateRange("bmi_kg_per_m2", "kg/m2", "body mass index", 15.0, 50.0)
    changed = like_goti(derived={"bmi_kg_per_m2": INDEX}, covariates=(*GOTI.covariates, shown))
    assert "bmi_kg_per_m2" not in history(changed, course()).values


def test_a_covariate_computed_from_itself_is_refused() -> None:
    circle = Derived(("bmi_kg_per_m2",), lambda bmi_kg_per_m2: bmi_kg_per_m2, "a circle")
    changed = like_goti(typical=heavier_by("bmi_kg_per_m2", 0.01), derived={"bmi_kg_per_m2": circle})
    with pytest.raises(CovariateError, match="computes bmi_kg_per_m2 from itself"):
        history(changed, course())


def test_all_that_is_missing_is_named_at_once() -> None:
    bare = replace(course(), covariates=())
    assert missing_inputs(GOTI, bare) == ("age_y", "male", "weight_kg", "creatinine_mg_per_dl")
    with pytest.raises(CovariateError, match="no age and no sex and no body weight and no serum creatinine"):
        history(GOTI, bare)


def test_patients_side_by_side_read_what_each_reads_alone() -> None:
    chart = {
        "age_y": np.array([30.0, 80.0]),
        "male": np.array([1.0, 0.0]),
        "weight_kg": np.array([95.0, 50.0]),
        "creatinine_mg_per_dl": np.array([0.5, 1.4]),
    }
    reading, typical = read(GOTI, chart, shape=(2,))
    assert reading.found[CLEARANCE][0] == 150.0
    for row in range(2):
        _, alone = read(GOTI, {name: values[row : row + 1] for name, values in chart.items()}, shape=(1,))
        assert np.array_equal(alone[0], typical[row])


def test_each_link_has_its_own_range_of_typical_values() -> None:
    def typical(covariates: Mapping[str, Array]) -> dict[str, Array]:
        return {**GOTI.typical(covariates), "peripheral_volume_l": np.array(-0.5)}

    history(like_goti(typical=typical, links={"peripheral_volume_l": Link.IDENTITY}), course())
    for links in ({}, {"peripheral_volume_l": Link.LOGIT}):
        with pytest.raises(CovariateError, match=r"peripheral_volume_l -0\.5 for a creatinine clearance of"):
            history(like_goti(typical=typical, links=links), course())
