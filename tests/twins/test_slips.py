"""What a newcomer gets wrong at the researcher's API: each mistake is named with its value and what to give instead."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

import twins
from twins.pharmacology.domain import CovariateError
from twins.samples.course import CourseError

GOTI = "vancomycin-goti-2018"
CHART = {"age_y": 61, "male": 1, "weight_kg": 80, "creatinine_mg_per_dl": 1.1}
TWELVE = twins.regimen(1000, every_h=12, over_h=1)


def course(**more: Any) -> twins.Course:
    plain: dict[str, Any] = {"drug": "vancomycin", "doses": [(0, 1500, 1.5)], "covariates": CHART}
    return twins.Course.from_data(**{**plain, **more})


@pytest.fixture(scope="module")
def twin() -> twins.Twin:
    return twins.individualise(GOTI, course(), draws=20)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"doses": [(-5, 1000, 1)]}, r"doses\[0\].time_h is -5.0, which is 5 h before the course's start; count from"),
        ({"levels": [(-3, 8.0)]}, r"levels\[0\].time_h is -3.0, which is 3 h before"),
        ({"dialysis": [(-4, 2, 8)]}, r"dialysis\[0\].from_h is -4"),
        ({"resets": [-1]}, "resets is -1"),
        ({"occasions": [-1]}, "occasions is -1"),
        (
            {"doses": [("2026-03-01T08:00+00:00", 1000, 1)], "start": datetime(2026, 3, 2, tzinfo=UTC)},
            "16 h before the course's start; give an earlier start",
        ),
        ({"covariates": [("weight_kg", 80)]}, "covariates are .* give a dict by chart name"),
        ({"carry": "LOCF"}, "carry is 'LOCF'; give twins.CarryRule.FORWARD"),
        ({"drug": None}, "drug is None"),
        (
            {"doses": [{"time_h": 0, "amount_mg": 1, "interval_h": 12, "additional": 1.5}]},
            r"doses\[0\].additional is 1.5; give a whole number",
        ),
        (
            {"doses": [{"time_h": 0, "amount_mg": 1, "interval_h": 12, "additional": 10**9}]},
            "additional is 1000000000; give a whole number of doses, at most",
        ),
    ],
)
def test_records_that_cannot_be_are_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(CourseError, match=words):
        course(**more)


def test_a_laboratory_value_from_before_the_start_is_none_of_these() -> None:
    chart = {**CHART, "creatinine_mg_per_dl": [(-20, 1.0), (5, 1.3)]}
    assert course(covariates=chart).covariates[-2].time_h == -20


def test_a_list_is_no_frame() -> None:
    with pytest.raises(CourseError, match=r"frame is a list, which is no DataFrame; .* Course.from_data"):
        twins.Course.from_frame([1], drug="vancomycin")
    with pytest.raises(twins.DatasetError, match="list"):
        twins.Course.from_nonmem([1, 2], drug="vancomycin")
    with pytest.raises(twins.DatasetError, match=r"nowhere\.csv"):
        twins.Course.from_nonmem("nowhere.csv", drug="vancomycin")
    negative = pd.DataFrame({"ID": [1], "TIME": [-1.0], "AMT": [100.0], "EVID": [1]})
    with pytest.raises(twins.DatasetError, match="column TIME is -1"):
        twins.Course.from_nonmem(negative, drug="vancomycin")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda _: twins.individualise(None, course()), "model is None; give a model's id"),
        (lambda _: twins.individualise(course(), GOTI), "model is Course; give a model's id"),
        (lambda _: twins.individualise(GOTI, {"drug": "vancomycin"}), "course is .*; give a Course"),
        (lambda _: twins.individualise(GOTI, course(), draws=1.5), "draws is 1.5; give a whole number"),
        (lambda _: twins.individualise(GOTI, course(), seed=-1), "seed is -1; give a whole number, 0 or more"),
        (lambda _: twins.individualise(GOTI, course(), options={"hessian": True}), "options is .* give twins.Options"),
        (lambda _: twins.individualise(GOTI, course(), options=twins.Options(below="M3")), "below is 'M3'; give twins"),
        (lambda _: twins.average("vancomycin", None), "course is None"),
        (lambda _: twins.forecast(GOTI, TWELVE), "twin is 'vancomycin-goti-2018'; give what twins.individualise"),
        (lambda twin: twins.forecast(twin, TWELVE, times_h=[math.nan]), "times_h holds a number that is not finite"),
        (lambda twin: twins.forecast(twin, TWELVE, times_h="tomorrow"), "times_h is 'tomorrow'; give numbers"),
        (lambda twin: twins.forecast(twin, TWELVE, horizon_h=1e9), "give a longer step, 100000 times at most"),
        (lambda twin: twins.compare(twin, TWELVE), "no list of plans; give a list, even of one"),
        (lambda twin: twins.compare(twin, [TWELVE], target="AUC24"), "target is 'AUC24'; give what twins.target"),
        (lambda twin: twins.optimise(twin, limits={}), "limits is {}; give twins.Limits"),
        (lambda twin: twins.dose_for_auc(twin, 500, from_h=24, to_h=48, plan=None), "plan is None"),
        (lambda twin: twins.interval_for_trough(twin, 10, plan=None), "plan is None"),
        (lambda twin: twins.rate_for_steady_state(twin, "15"), "concentration is '15'; give a number"),
        (lambda _: twins.next_level(GOTI, from_h=1, until_h=2), "twin is 'vancomycin-goti-2018'"),
        (lambda _: twins.regimen("1 g", every_h=12), "amount_mg is '1 g'; give a number"),
        (lambda _: twins.target("trough", "10", 15), "low is '10'; give a number"),
        (lambda _: twins.simulate(GOTI, TWELVE, covariates=CHART, n=2.5), "n is 2.5; give a whole number"),
        (lambda _: twins.simulate(GOTI, TWELVE, covariates=CHART, n=2, seed="a"), "seed is 'a'"),
        (
            lambda _: twins.pta(GOTI, TWELVE, covariates=CHART, target=twins.target("trough", 10), thresholds=[1.0]),
            "no list; give a list of twins.regimen",
        ),
    ],
)
def test_arguments_of_another_kind_are_named(twin: twins.Twin, ask: Callable[[twins.Twin], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ask(twin)


ONE = {"clearance_l_per_h": 5.0, "central_volume_l": 40.0}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": 5}, "name is 5"),
        ({"structure": "1cmt"}, "structure is '1cmt'; give what twins.compartments"),
        ({"typical": [5, 40]}, r"typical is \[5, 40\]; give each value by its parameter"),
        ({"typical": {**ONE, "clearance_l_per_h": math.nan}}, "is nan; give a finite number, or a function"),
        ({"typical": {**ONE, "clearance_l_per_h": "5"}}, "is '5'; give a number"),
        ({"typical": {**ONE, "clearance_l_per_h": lambda _: None}}, "gives None; return a number"),
        ({"typical": {**ONE, "clearance_l_per_h": lambda c: c.weight_kg}}, r"are read as c\['weight_kg'\]"),
        ({"typical": {**ONE, "clearance_l_per_h": lambda: 1}}, "takes no covariates"),
        ({"variances": {"clearance_l_per_h": "30%"}}, "is '30%'; give a number"),
        ({"residual": 0.1}, r"residual\['concentration'\] is 0.1; give what twins.residual"),
        ({"links": {"clearance_l_per_h": "log"}}, "is 'log'; give twins.Link.LOG"),
    ],
)
def test_a_model_of_one_s_own_is_checked_where_it_is_written(more: dict[str, Any], words: str) -> None:
    given = {"name": "mine", "structure": twins.compartments(1), "typical": ONE, "variances": {}}
    asked: dict[str, Any] = {**given, "residual": twins.residual(additive=1), **more}
    with pytest.raises(twins.ModelError, match=words):
        twins.define(asked.pop("name"), asked.pop("structure"), **asked)


def flat(t, y, p, dy):  # type: ignore[no-untyped-def]
    dy[0] = -p[0] * y[0]


@pytest.mark.parametrize(
    ("function", "parameters", "states", "words"),
    [
        (5, ("k_per_h",), ("central",), "right_hand_side is 5; give a function"),
        (flat, "k_per_h", ("central",), "parameters is 'k_per_h'; give a list"),
        (flat, ("k_per_h",), (), "states is"),
        (flat, ("k_per_h", "k_per_h"), ("central",), "each once"),
    ],
)
def test_equations_without_names_are_refused(function: Any, parameters: Any, states: Any, words: str) -> None:
    with pytest.raises(twins.ModelError, match=words):
        twins.equations(function, parameters=parameters, states=states)


def test_what_is_no_number_is_no_age_and_no_sex() -> None:
    with pytest.raises(CovariateError, match="age_y is 'a'"):
        twins.renal.ckd_epi_2021(age_y="a", creatinine_mg_per_dl=1.0, male=1)
    with pytest.raises(CovariateError, match="male is 'm'; give 1 for male or 0 for female"):
        twins.renal.ckd_epi_2021(age_y=40, creatinine_mg_per_dl=1.0, male="m")
    with pytest.raises(ValueError, match="count is '2'"):
        twins.compartments("2")
