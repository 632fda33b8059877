"""The names that hang on `twins`: few lines in, small objects with tables out, mistakes named."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import twins
from twins.api.aim import meet
from twins.api.due import placed
from twins.estimation.individualise import individualise, seed_for
from twins.pharmacology.formulary import UnknownDrugError, UnknownModelError

GOTI = "vancomycin-goti-2018"
CHART = {"age_y": 61, "male": 1, "weight_kg": 80, "creatinine_mg_per_dl": 1.1}


def course(**more: object) -> twins.Course:
    plain = {
        "drug": "vancomycin",
        "doses": [(0, 1500, 1.5), (12, 1000, 1), (24, 1000, 1)],
        "levels": [(23.5, 11.2), (26, 27.5)],
        "covariates": CHART,
    }
    return twins.Course.from_data(**{**plain, **more})


@pytest.fixture(scope="module")
def twin() -> twins.Twin:
    return twins.individualise(GOTI, course(), draws=400)


NOON = twins.regimen(1000, every_h=12, over_h=1)


def test_every_stable_name_is_there_and_listed() -> None:
    for name in twins.__all__:
        assert getattr(twins, name) is not None
        assert name in dir(twins)
    assert len(set(twins.__all__)) == len(twins.__all__)
    with pytest.raises(AttributeError, match="module 'twins' has no attribute 'individualize'"):
        twins.individualize  # noqa: B018


def test_models_and_drugs_are_found_by_name_and_wrong_names_get_the_nearest() -> None:
    assert GOTI in twins.models()
    assert twins.models("vancomycin")[0] == GOTI
    assert twins.model(GOTI).id == GOTI
    assert "vancomycin" in twins.drugs()
    assert twins.drug("vancomycin").models == twins.models("vancomycin")
    with pytest.raises(UnknownModelError, match=f"did you mean '{GOTI}'"):
        twins.model("vancomycin-goti-2081")
    with pytest.raises(UnknownDrugError, match="did you mean 'vancomycin'"):
        twins.models("vancomicin")


def test_a_twin_is_what_the_pages_compute(twin: twins.Twin) -> None:
    patient = course()
    fit = individualise(twins.model(GOTI), patient, seed=seed_for(patient.digest(), GOTI), draws=400)
    assert twin.fit.eta == fit.eta
    assert np.array_equal(twin.fit.draws, fit.draws)
    again = twins.individualise(twins.model(GOTI), patient, draws=400)
    assert np.array_equal(again.draws, twin.draws)
    other = twins.individualise(GOTI, patient, draws=400, seed=5)
    assert other.fit.eta == fit.eta
    assert not np.array_equal(other.fit.draws, fit.draws)


def test_a_twin_s_tables_and_words(twin: twins.Twin) -> None:
    table = twin.to_frame()
    assert list(table.index) == list(twins.model(GOTI).parameters)
    assert list(table.columns) == ["typical", "individual", "standard_error", "q05", "q95"]
    assert table.loc["clearance_l_per_h", "individual"] == twin.parameters["clearance_l_per_h"]
    inside = table[table["standard_error"] > 0]
    assert (inside["q05"] < inside["individual"]).all()
    assert (inside["individual"] < inside["q95"]).all()
    assert twin.levels_frame()["observed"].tolist() == [11.2, 27.5]
    assert repr(twin).startswith("Twin: vancomycin, Goti 2018, fitted to 2 levels\n  clearance_l_per_h ")
    without = twins.individualise(GOTI, course(levels=[]), draws=10)
    assert "not fitted: no level yet" in repr(without)
    assert without.levels_frame().empty


def test_what_cannot_be_a_twin_is_refused_with_the_reason() -> None:
    with pytest.raises(twins.NoTwinError, match="No body weight on the chart; Goti 2018 needs it"):
        twins.individualise(GOTI, course(covariates={"age_y": 61, "male": 1, "creatinine_mg_per_dl": 1.1}))
    with pytest.raises(twins.NoTwinError, match="no dose of vancomycin before it is on record"):
        twins.individualise(GOTI, course(doses=[]))


def test_a_regimen_that_began_in_the_past_is_taken_up_with_its_next_dose(twin: twins.Twin) -> None:
    """The course ends at 26 h: every 12 h from hour 0 goes on at 36 h."""
    going_on = twins.forecast(twin, NOON, times_h=[37.0, 60.0])
    placed = twins.forecast(twin, twins.regimen(1000, every_h=12, over_h=1, start_h=36), times_h=[37.0, 60.0])
    assert np.array_equal(going_on.values, placed.values)
    later = twins.forecast(twin, twins.regimen(1000, every_h=12, over_h=1, start_h=48), times_h=[37.0, 60.0])
    assert (later.values[0, :, 0] < placed.values[0, :, 0]).all()


@pytest.mark.parametrize("early_h", [0.0, 0.2])
def test_going_on_counts_the_last_dose_once(early_h: float) -> None:
    """1000 mg every 12 h at a clearance of 4 L/h is an AUC24 of 500 by mass balance, on each day that follows."""
    model = twins.define(
        "steady",
        twins.compartments(1),
        typical={"clearance_l_per_h": 4, "central_volume_l": 40},
        variances={},
        residual=twins.residual(proportional=0.1),
    )
    times = [12.0 * k for k in range(39)] + [468.0 - early_h]
    series = {"time_h": 0, "amount_mg": 1000, "interval_h": 12, "additional": 39}
    going_on = twins.regimen(1000, every_h=12)
    aim = twins.target("AUC24", 400, 600)
    for doses in [[(time, 1000) for time in times], *([] if early_h else [[series]])]:
        patient = twins.Course.from_data(drug="steady", doses=doses, until=468)
        point = twins.individualise(model, patient, draws=2)
        table = twins.compare(point, [going_on], target=aim).to_frame()
        assert table["auc24_q50"].tolist() == pytest.approx([500, 500, 500], rel=0.02 if early_h else 1e-6)
        solved = twins.dose_for_auc(point, 500, from_h=480, to_h=504, plan=going_on)
        assert solved.value == pytest.approx(1000, rel=0.02 if early_h else 1e-6)


def test_a_regimen_begins_after_the_only_dose_and_never_in_the_past() -> None:
    asked = twins.regimen(1000, every_h=12)
    first = twins.Course.from_data(drug="x", doses=[(0, 1000)])
    assert placed(asked, first).start_h == 12
    assert placed(asked, twins.Course.from_data(drug="x", doses=[(0, 1000)], until=40)).start_h == 40
    assert placed(asked, twins.Course.from_data(drug="x", until=5)).start_h == 5
    early = twins.Course.from_data(drug="x", doses=[(6, 1000), (17.8, 1000)])
    assert placed(twins.regimen(1000, every_h=12, start_h=6), early).start_h == 30
    assert placed(twins.regimen(1000, every_h=12, start_h=20), early).start_h == 20


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"low": 600, "high": 400}, "low is 600 and high is 400, between which nothing lies"),
        ({"low": math.nan}, "low is nan .* give a finite low"),
        ({"low": 1, "high": math.nan}, "high is nan"),
        ({"metric": "Cmin", "low": 1}, "metric is 'Cmin'; .*give one of AUC24, AUC, trough, peak"),
    ],
)
def test_a_target_that_nothing_meets_is_refused(asked: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        twins.target(**{"metric": "AUC24", **asked})


@pytest.mark.parametrize(
    ("aim", "said"),
    [
        (twins.target("trough", 10, 15, unit="mg.h/L"), "unit is 'mg.h/L', but the trough of .* is in 'mg/L'"),
        (twins.target("AUC24", 400, 600, unit="mg/L"), "unit is 'mg/L', but the AUC24 of .* is in 'mg.h/L'"),
        (twins.target("trough", 10, 15, unit="ng/mL"), "unit is 'ng/mL', but .* 'mg/L'"),
        (twins.target("AUC24", 400, 600, unit="mg.min/L"), "unit is 'mg.min/L'"),
        (twins.target("time above", 0.5), "threshold is 0; the metric 'time above' needs the MIC"),
        (twins.Target("", 6, 4, ""), "low is 6 and high is 4"),
        (twins.target("trough", 10, 15, output="concentratoin"), "did you mean 'concentration'"),
    ],
)
def test_a_target_that_the_model_does_not_give_is_refused(twin: twins.Twin, aim: twins.Target, said: str) -> None:
    for ask in (twins.compare, twins.optimise, twins.explain):
        arguments = () if ask is twins.optimise else ([None],) if ask is twins.compare else (None,)
        with pytest.raises(ValueError, match=said):
            ask(twin, *arguments, target=aim)


def test_units_have_synonyms_and_every_target_that_ships_meets_its_models() -> None:
    model = twins.model(GOTI)
    for unit in ("ug/mL", "µg/mL", "mcg/ml", "mg / l", "mg/L"):
        assert meet(twins.target("trough", 10, unit=unit), model).unit == unit
    for unit in ("mg*h/L", "mg·h/L", "h.mg/L", "ug.h/mL"):
        assert meet(twins.target("AUC24", 400, unit=unit), model).unit == unit
    for name in twins.drugs():
        for aim in twins.drug(name).targets:
            assert twins.Target.from_json(aim.to_json()) == aim
            for model_id in twins.drug(name).models:
                if not aim.output or aim.output in [output.name for output in twins.model(model_id).system.outputs]:
                    assert meet(aim, twins.model(model_id)) is aim


def test_a_way_in_that_is_unknown_is_answered_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="route is 'po'; give one of intravenous, oral, rectal"):
        twins.regimen(5, every_h=12, route="po")


def test_forecasts_of_nothing_more_fall(twin: twins.Twin) -> None:
    falling = twins.forecast(twin, times_h=[26.0, 50.0, 74.0]).to_frame()
    assert list(falling.columns[:3]) == ["output", "unit", "time_h"]
    assert falling["q50"].is_monotonic_decreasing


def test_plans_are_compared_under_their_own_names_or_in_words(twin: twins.Twin) -> None:
    named = twins.compare(twin, {"now": NOON, "stop": None}).to_frame()
    assert named["plan"].unique().tolist() == ["now", "stop"]
    words = twins.compare(twin, [NOON, None], target=twins.target("trough", 10, 15, unit="mg/L")).to_frame()
    assert words["plan"].unique().tolist() == ["1000 mg over 1 h every 12 h", "No further doses"]
    assert words["auc24_q50"].tolist() == named["auc24_q50"].tolist()
    assert words["p_in_target"].tolist() != named["p_in_target"].tolist()
    with pytest.raises(ValueError, match="plans is empty; give at least one regimen"):
        twins.compare(twin, [])


def test_the_best_regimens_of_a_drug_or_within_limits_of_one_s_own(twin: twins.Twin) -> None:
    shipped = twins.optimise(twin)
    assert shipped.to_frame()["p_in_target"].between(0, 1).all()
    limits = twins.Limits(amounts_mg=(300.0,), intervals_h=(24.0,))
    mine = twins.optimise(twin, limits=limits, target=twins.target("AUC24", 400, 600))
    regimens = [item.plan.regimen for item in mine if item.plan.regimen is not None]
    assert {(regimen.amount_mg, regimen.interval_h) for regimen in regimens} <= {(300.0, 24.0)}


def test_from_the_answer_back_to_the_question(twin: twins.Twin) -> None:
    daily = twins.regimen(1000, every_h=24, over_h=2)
    solved = twins.dose_for_auc(twin, 450, from_h=48, to_h=72, plan=daily)
    point = twins.Twin(twin.model, twin.course, twin.fit)
    amount = twins.regimen(solved.value, every_h=24, over_h=2)
    aucs = twins.compare(point, [amount]).to_frame()
    assert aucs["auc24_q05"].min() < 450 < aucs["auc24_q95"].max()
    at = twins.dose_for_concentration(twin, 12, at_h=71.9, plan=daily)
    assert at.value > 0
    assert at.unit == "mg"
    assert twins.time_to_fall_to(twin, 15).value > 0
    moved = twins.explain(twin, NOON)
    assert any("creatinine" in influence.what.lower() for influence in moved)


def test_when_to_measure_next_and_what_to_doubt(twin: twins.Twin) -> None:
    advice = twins.next_level(twin, NOON, from_h=30, until_h=48, every_h=2)
    assert 30 <= advice.best[0].time_h <= 48
    assert advice.best[0].sd_after < advice.sd_now
    assert twins.suspects(twin) == ()


def test_a_population_or_a_twin_is_simulated(twin: twins.Twin) -> None:
    several = twins.simulate(GOTI, NOON, covariates=CHART, n=50, seed=2, times_h=[12, 24])
    fewer = twins.simulate(twins.model(GOTI), NOON, covariates=CHART, n=20, seed=2, times_h=[12, 24])
    assert several.values.shape == (1, 50, 2)
    assert np.array_equal(several.values[:, :20], fewer.values)
    true = twins.simulate(GOTI, NOON, covariates=CHART, n=50, seed=2, times_h=[12, 24], with_residual=False)
    assert not np.array_equal(true.values, several.values)
    own = twins.simulate(twin, NOON, times_h=[40.0], with_residual=False)
    assert np.array_equal(own.values, twins.forecast(twin, NOON, times_h=[40.0]).values)
    with pytest.raises(ValueError, match="covariates were given for a twin, which has its own course"):
        twins.simulate(twin, NOON, covariates=CHART)


def test_models_are_averaged_and_the_weights_shown() -> None:
    both = twins.average([GOTI, "vancomycin-thomson-2009"], course(), draws=400)
    assert sum(both.weights.values()) == pytest.approx(1.0)
    assert both.to_frame()["model"].tolist() == [GOTI, "vancomycin-thomson-2009"]
    assert both.best.model.id == max(both.weights, key=lambda name: both.weights[name])
    pooled = both.forecast(times_h=[36.0])
    assert pooled.values.shape == (1, 400, 1)
    assert "Weights by marginal likelihood" in repr(both)


ORAL = twins.compartments(1, oral=True)
ORALLY = twins.regimen(100, every_h=12, route="oral")
TYPICAL = {
    "clearance_l_per_h": lambda c: 5 * (c["weight_kg"] / 70) ** 0.75,
    "central_volume_l": 40,
    "absorption_rate_per_h": 1.2,
}


def own(**more: object) -> twins.PopulationModel:
    plain = {
        "typical": TYPICAL,
        "variances": {"clearance_l_per_h": 0.09, "central_volume_l": 0.04},
        "residual": twins.residual(proportional=0.15),
    }
    return twins.define("my-drug", ORAL, **{**plain, **more})


def test_a_model_of_one_s_own_knows_which_covariates_it_needs() -> None:
    model = own()
    assert model.clinical_inputs == ("weight_kg",)
    assert own(defaults={"weight_kg": 70}).clinical_inputs == ()
    renal = own(typical={**TYPICAL, "central_volume_l": lambda c: 0.5 * c["creatinine_clearance_ml_per_min"]})
    assert renal.clinical_inputs == ("weight_kg", "age_y", "male", "creatinine_mg_per_dl")
    thin = twins.Derived(("weight_kg", "height_cm"), twins.body_size.body_mass_index, "body mass index")
    derived = own(typical={**TYPICAL, "central_volume_l": lambda c: c["bmi"]}, derived={"bmi": thin})
    assert derived.clinical_inputs == ("weight_kg", "height_cm")


def test_a_model_of_one_s_own_answers_like_any_other() -> None:
    patient = twins.Course.from_data(
        drug="my-drug",
        doses=[{"time_h": 0, "amount_mg": 100, "route": "oral"}],
        levels=[(2, 1.8), (8, 0.9)],
        covariates={"weight_kg": 70},
    )
    mine = twins.individualise(own(), patient, draws=100)
    assert mine.fit.typical["clearance_l_per_h"] == 5.0
    ke, ka = mine.parameters["clearance_l_per_h"] / mine.parameters["central_volume_l"], 1.2
    scale = 100 * ka / (mine.parameters["central_volume_l"] * (ka - ke))
    expected = [scale * (math.exp(-ke * t) - math.exp(-ka * t)) for t in (2.0, 8.0)]
    assert mine.levels_frame()["individual"].tolist() == pytest.approx(expected, rel=1e-10)
    with pytest.raises(ValueError, match="target was left out, and my-drug does not ship with one; give target="):
        twins.compare(mine, [None])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"typical": {**TYPICAL, "clearence": 1}}, "typical names 'clearence', .* did you mean 'clearance_l_per_h'"),
        ({"typical": {"clearance_l_per_h": 5}}, "typical has no central_volume_l, which one compartment.* needs"),
        ({"variances": {"lag_h": 0.1}}, "variances names 'lag_h', which is unknown here"),
        (
            {"variances": {"clearance_l_per_h": -1}},
            r"variances\['clearance_l_per_h'\] is -1; give a var",
        ),
        (
            {"covariances": {("clearance_l_per_h", "central_volume_l"): 0.5}},
            "covariances make a matrix that no random numbers have",
        ),
        ({"covariances": {("clearance_l_per_h", "absorption_rate_per_h"): 0.5}}, "covariances names 'absorption_rate"),
        ({"residual": {"effect": twins.residual(log=0.1)}}, "residual names 'effect', which is unknown here"),
        ({"links": {"volume": twins.Link.LOGIT}}, "links names 'volume', which is unknown here"),
    ],
)
def test_a_model_that_cannot_be_is_refused_by_name(more: dict[str, object], said: str) -> None:
    with pytest.raises(twins.ModelError, match=said):
        own(**more)


def test_variances_without_names_and_functions_of_one_patient_are_answered_with_how_to_write_them() -> None:
    with pytest.raises(twins.ModelError, match=r"variances is a ndarray without names; .* covariances="):
        own(variances=np.diag([0.09, 0.04]))
    scalar = own(typical={**TYPICAL, "central_volume_l": lambda c: 40 if c["weight_kg"] > 50 else 30})
    with pytest.raises(twins.ModelError, match=r"takes one patient only .* np.where"):
        twins.simulate(scalar, ORALLY, covariates={"weight_kg": [60, 70, 80]}, n=3)


def test_simulated_patients_have_covariates_under_the_names_and_units_that_courses_take() -> None:
    plain = twins.simulate(GOTI, NOON, covariates=CHART, n=3, times_h=[12])
    said = {"age_y": 61, "sex": "male", "weight_g": [80e3] * 3, "creatinine_umol_per_l": 1.1 * 88.4}
    other = twins.simulate(GOTI, NOON, covariates=said, n=3, times_h=[12])
    assert other.values == pytest.approx(plain.values, rel=1e-12)
    with pytest.raises(ValueError, match=r"covariates\['weight_kg'\] is nan; give a finite number"):
        twins.simulate(GOTI, NOON, covariates={**CHART, "weight_kg": math.nan}, n=3)


def test_what_is_no_regimen_is_refused_with_how_to_give_one(twin: twins.Twin) -> None:
    with pytest.raises(twins.AskError, match=r"plan is 1000, which is no regimen; give twins.regimen\(mg"):
        twins.compare(twin, {"a": 1000})
    with pytest.raises(twins.AskError, match=r"plan holds Regimen\(.* is no Dose; simulate one regimen at a time"):
        twins.simulate(GOTI, [NOON, NOON], covariates=CHART)
    with pytest.raises(twins.AskError, match="plan is 1000, which is no regimen"):
        twins.simulate(GOTI, 1000, covariates=CHART)


def test_levels_that_were_left_out_and_misspelt_names_are_said() -> None:
    model = own(defaults={"weight_kg": 70})
    patient = twins.Course.from_data(
        drug="my-drug",
        doses=[{"time_h": 0, "amount_mg": 100, "route": "oral"}],
        levels=[{"time_h": 2, "value": 1.8, "output": "concentratoin"}],
        covariates={"wieght_kg": 60},
    )
    found = twins.individualise(model, patient, draws=2)
    assert "not fitted: its 1 level was left out" in repr(found)
    assert "has the outputs concentration; did you mean 'concentration'?" in repr(found)
    assert "'wieght_kg' is not read by my-drug; did you mean 'weight_kg'?" in repr(found)
    with pytest.raises(twins.NoTwinError, match="'wieght_kg' is not read by my-drug; did you mean 'weight_kg'"):
        twins.individualise(own(), patient, draws=2)


def test_a_name_is_an_id() -> None:
    with pytest.raises(twins.ModelError, match="name is 'my drug'; give letters, digits"):
        twins.define("my drug", ORAL, typical=TYPICAL, variances={}, residual=twins.residual(log=0.1))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "proportional, additive and log are all 0"),
        ({"proportional": 0.1, "additive": 0.5}, "combined is ''; say 'sds' .* or 'variances'"),
        ({"proportional": -0.1}, "proportional is -0.1; give a standard deviation, 0 or more"),
        ({"log": 0.1, "additive": 0.5}, "log is 0.1 beside other errors"),
    ],
)
def test_a_residual_error_that_is_not_clear_is_refused(asked: dict[str, float], said: str) -> None:
    with pytest.raises(twins.ModelError, match=said):
        twins.residual(**asked)


def test_the_two_combined_errors_differ() -> None:
    at = np.array([3.0])
    sds = twins.residual(proportional=0.1, additive=0.4, combined="sds").variance(at)
    variances = twins.residual(proportional=0.1, additive=0.4, combined="variances").variance(at)
    assert sds == pytest.approx([0.49])
    assert variances == pytest.approx([0.25])


def nothing(t, y, p, dy):  # type: ignore[no-untyped-def]
    dy[0] = 0.0


def test_equations_have_usual_ways_in_and_out_or_those_that_are_named() -> None:
    usual = twins.equations(nothing, parameters=("central_volume_l",), states=("depot", "central"))
    assert usual.inputs["oral"][0].state == "depot"
    assert usual.inputs["intravenous"][0].state == "central"
    assert (usual.outputs[0].state, usual.outputs[0].volume) == ("central", "central_volume_l")
    named = twins.equations(
        nothing,
        parameters=("v",),
        states=("a", "b"),
        outputs={"c": ("b", "v"), "left": "a"},
        doses={"subcutaneous": "a"},
    )
    assert [output.name for output in named.outputs] == ["c", "left"]
    assert named.inputs["subcutaneous"][0].state == "a"
    with pytest.raises(twins.ModelError, match=r"outputs\['c'\] names 'vv', which is unknown here; did you mean 'v'"):
        twins.equations(nothing, parameters=("v",), states=("a",), outputs={"c": ("a", "vv")})
    with pytest.raises(twins.ModelError, match=r"doses\['oral'\] names 'gut', which is unknown here"):
        twins.equations(nothing, parameters=("v",), states=("a",), doses={"oral": "gut"})


def test_tables_go_in_and_out(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("ID,TIME,AMT,RATE,DV,WT\n1,0,1000,500,.,80\n1,12,.,.,8,80\n")
    weights = {"WT": "weight_kg"}
    courses = twins.Course.from_nonmem(path, drug="vancomycin", covariates=weights)
    written = twins.to_nonmem(courses, covariates=weights)
    again = twins.Course.from_nonmem(written, drug="vancomycin", covariates=weights)
    assert again[1].levels == courses[1].levels
    frame = written.rename(columns={"TIME": "time_h", "AMT": "amount_mg", "DV": "value"})
    assert twins.Course.from_frame(frame[["time_h", "amount_mg", "value"]], drug="x").levels[0].value == 8.0


def test_a_hospital_s_file_is_a_model_like_any_other() -> None:
    path = Path(__file__).parent / "pharmacology" / "hospital_files" / "goti_as_file.toml"
    model = twins.read_model(path)
    shipped, mine = twins.individualise(GOTI, course(), draws=10), twins.individualise(model, course(), draws=10)
    assert mine.parameters == pytest.approx(shipped.parameters, rel=1e-6)


@pytest.mark.parametrize("carry", [twins.CarryRule.FORWARD, twins.CarryRule.BACKWARD])
def test_changing_covariates_and_dialysis_reach_the_curve_under_each_carry_rule(carry: twins.CarryRule) -> None:
    """Against the same patient integrated by SciPy from event to event."""
    model = twins.define(
        "no-variability",
        twins.compartments(1),
        typical={"clearance_l_per_h": lambda c: 0.05 * c["weight_kg"], "central_volume_l": 20},
        variances={},
        residual=twins.residual(proportional=0.1),
    )
    patient = twins.Course.from_data(
        drug="no-variability",
        doses=[(0, 100, 2)],
        covariates={"weight_kg": [(0, 50), (10, 90), (20, 70)]},
        dialysis=[(4, 8, 3.0)],
        carry=carry,
        until=24,
    )
    times = [1.0, 3.0, 6.0, 9.0, 15.0, 24.0]
    found = twins.forecast(twins.individualise(model, patient, draws=2), times_h=times).values[0]

    weights = (50.0, 90.0, 70.0) if carry is twins.CarryRule.FORWARD else (90.0, 70.0, 70.0)
    amount, begin, expected = np.zeros(1), 0.0, []
    for end in sorted({*times, 2.0, 4.0, 8.0, 10.0, 20.0}):
        weight = weights[np.searchsorted([10.0, 20.0], begin, side="right")]
        leaves = (0.05 * weight + (3.0 if 4.0 <= begin < 8.0 else 0.0)) / 20.0
        enters = 50.0 if begin < 2.0 else 0.0
        run = solve_ivp(lambda _, y, k=leaves, r=enters: r - k * y, (begin, end), amount, rtol=1e-11, atol=1e-12)
        amount, begin = run.y[:, -1], end
        if end in times:
            expected.append(amount[0] / 20.0)
    assert found == pytest.approx(np.array([expected, expected]), rel=1e-9)


def test_an_interval_and_a_rate_are_found_for_a_trough_and_a_steady_state() -> None:
    clearance, volume = 4.0, 40.0
    own = twins.define(
        "steady",
        twins.compartments(1),
        typical={"clearance_l_per_h": clearance, "central_volume_l": volume},
        variances={"clearance_l_per_h": 0.04},
        residual=twins.residual(proportional=0.1),
    )
    twin = twins.individualise(own, twins.Course.from_data(drug="steady", doses=[(0, 1000, 0)]))
    assert twins.rate_for_steady_state(twin, 10.0).value == pytest.approx(10.0 * clearance)
    found = twins.interval_for_trough(twin, 5.0, plan=twins.regimen(1000, every_h=12))
    left = np.exp(-clearance / volume * found.value)
    assert 1000.0 / volume * left / (1.0 - left) == pytest.approx(5.0)
