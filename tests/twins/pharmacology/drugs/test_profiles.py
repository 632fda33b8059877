"""A concentration profile of every model against SciPy's integration of equations that are written here alone."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.twins.pharmacology.drugs import bodies
from tests.twins.pharmacology.drugs.charts import ADULT, NEWBORN, Patient
from tests.twins.pharmacology.drugs.expected import EXPECTED, LAG, F
from twins.pharmacology import formulary
from twins.pharmacology.covariates import history
from twins.pharmacology.individual import Individual
from twins.quantities.dose import Dose, Route
from twins.samples.course import Course, CovariateValue
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, tabulate

START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = np.array([0.5, 1.0, 2.0, 5.0, 12.0, 23.0])
AMOUNT = 120.0
HOURS = 1.25
SPECIAL = {
    "ibrutinib": bodies.ibrutinib,
    "sunitinib": bodies.sunitinib,
    "warfarin": bodies.warfarin,
    "voriconazole": bodies.saturable,
    "phenytoin-yukawa-1990": bodies.saturable,
    "busulfan-longboyle-2015": bodies.saturable,
    "tacrolimus-kws-leuven-bedside": bodies.rising,
}
SWALLOWED_AT_ONCE = ("tacrolimus-kws-leuven-bedside", "digoxin-yukawa-2001")


def chart_of(model_id: str) -> dict[str, float]:
    return NEWBORN if "neonate" in model_id else ADULT


def predicted(model_id: str, route: Route) -> np.ndarray:
    """All outputs by the product's own way: chart, history, individual, solver."""
    model = formulary.model(model_id)
    doses = (Dose(0.0, AMOUNT, HOURS if route is Route.INTRAVENOUS else 0.0, route=route),)
    values = tuple(CovariateValue(name, 0.0, value) for name, value in chart_of(model_id).items())
    course = Course(drug=model.drug, doses=doses, start=START, covariates=values, until_h=24.0)
    who = Individual.of(model, history(model, course))
    parameters = who.parameters(np.zeros(who.size))
    timeline = Timeline(tabulate(model.system, doses), who.times_h, TIMES)
    return solve(model.system, parameters, timeline, rtol=1e-9, atol=1e-12).values[:, 0, :]


def integrated(model_id: str, route: Route) -> np.ndarray:
    """The same outputs from the published parameters and SciPy."""
    p = EXPECTED[model_id](Patient(chart_of(model_id)))
    if "renal_clearance_l_per_h" in p:
        p["clearance_l_per_h"] = p["renal_clearance_l_per_h"] + p["other_clearance_l_per_h"]
    key = next((key for key in SPECIAL if model_id.startswith(key)), "")
    slope = SPECIAL.get(key, bodies.mammillary)(p)
    if model_id == "busulfan-mccune-2014":  # its clearance falls 6 h after the first dose
        early, late = slope, bodies.mammillary(p | {"clearance_l_per_h": 0.932 * p["clearance_l_per_h"]})

        def slope(t: float, a: np.ndarray) -> list[float]:
            return (early if t < 6.0 else late)(t, a)

    start = np.array([0.0] * 6 + [1.0] * 7) if key == "warfarin" else np.zeros(6)
    lag, pieces = p.get(LAG, 0.0), []
    if route is Route.INTRAVENOUS:
        delay = lag if "piperacillin-roberts" in model_id else 0.0
        pieces = [(delay, delay + HOURS, 0, AMOUNT)]
    else:
        pieces = swallowed(model_id, p, lag)
    if any(begins == ends for begins, ends, *_ in pieces):
        a = stepped(slope, start, pieces)
    else:
        a = bodies.amounts(slope, start, pieces, TIMES, AMOUNT)
    return outputs(model_id, p, a)


def swallowed(model_id: str, p: dict[str, float], lag: float) -> list[tuple[float, float, int, float]]:
    """Where a dose by mouth goes: (from, to, state, mg); the same moment twice is a bolus."""
    if model_id in SWALLOWED_AT_ONCE:
        return [(0.0, 0.0, 0, AMOUNT)]
    if model_id.startswith("ibrutinib"):
        return [(lag, lag + p["absorption_duration_h"], 3, AMOUNT)]
    if model_id.startswith("cabozantinib"):
        share = p["first_order_share"]
        return [(lag, lag, 3, share * AMOUNT), (0.0, p["absorption_duration_h"], 0, (1 - share) * AMOUNT)]
    return [(lag, lag, 3, p.get(F, 1.0) * AMOUNT)]


def stepped(slope: bodies.Slope, start: np.ndarray, pieces: list[tuple[float, float, int, float]]) -> np.ndarray:
    """With one bolus among the pieces: before it and after it."""
    at, _, into, amount = next(piece for piece in pieces if piece[0] == piece[1])
    rest = [piece for piece in pieces if piece[0] != piece[1]]
    before = np.append(TIMES[at >= TIMES], at) if at > 0.0 else np.empty(0)
    found = np.empty((start.size, TIMES.size))
    state = start
    if at > 0.0:
        early = bodies.amounts(slope, start, rest, np.unique(before), AMOUNT)
        found[:, at >= TIMES] = early[:, : np.count_nonzero(at >= TIMES)]
        state = early[:, -1]
    state = state.copy()
    state[into] += amount
    later = TIMES[at < TIMES]
    left = [(0.0, ends - at, where, mg * (ends - at) / (ends - begins)) for begins, ends, where, mg in rest]
    found[:, at < TIMES] = bodies.amounts(lambda t, a: slope(t + at, a), state, left, later - at, AMOUNT)
    return found


def outputs(model_id: str, p: dict[str, float], a: np.ndarray) -> np.ndarray:
    """What is measured, in the drug's unit."""
    scale = formulary.model(model_id).system.outputs[0].scale
    c = a[0] / p["central_volume_l"] * scale
    if model_id == "tacrolimus-storset-2014":
        c *= 1000.0 / scale
        return np.array([c * (1 + 418 * p["haematocrit"] / (c + 3.8)), c])
    if model_id.startswith("caffeine-perera"):
        return np.array([c, a[5] / p["paraxanthine_volume_l"]])
    if model_id.startswith("ibrutinib"):
        return np.array([c, a[4] / p["central_volume_l"] * scale])
    if model_id.startswith("sunitinib"):
        return np.array([c, a[4] / p["su12662_volume_l"] * scale])
    if model_id.startswith("warfarin"):
        return np.array([c, 1 + 20 * np.maximum(1 - a[11] * a[12], 0.0) ** 3.61])
    if model_id.startswith("paracetamol"):
        return np.array([c, a[4] * 1.18])
    if model_id.startswith("propofol"):
        ratio = (a[4] / p["bis_half_effect_mg_per_l"]) ** np.where(a[4] < p["bis_half_effect_mg_per_l"], 1.47, 1.89)
        return np.array([c, a[4], 93 / (1 + ratio)])
    if model_id.startswith("remifentanil"):
        effect = a[4] * scale
        return np.array([c, effect, 19.9 + (5.66 - 19.9) / (1 + (12.7 / effect) ** 2.87)])
    return np.array([c])


CASES = [
    (model_id, route)
    for model_id in EXPECTED
    for route in (Route.INTRAVENOUS, Route.ORAL)
    if route.value in formulary.model(model_id).system.inputs
    and not (model_id in SWALLOWED_AT_ONCE and "intra" in route)
]


@pytest.mark.parametrize(("model_id", "route"), CASES)
def test_a_profile_is_that_of_an_independent_integration(model_id: str, route: Route) -> None:
    found, expected = predicted(model_id, route), integrated(model_id, route)
    assert found.shape == expected.shape
    # Both anaesthetics' articles round the constants of fat-free mass to four digits, the equation's own article less.
    rel = 2e-5 if "eleveld" in model_id else 2e-6
    for mine, independent in zip(found, expected, strict=True):
        assert mine == pytest.approx(independent, rel=rel, abs=rel / 100.0 * float(np.max(independent)))


def test_published_daily_doses_of_warfarin_lead_to_an_inr_of_two_and_a_half() -> None:
    """Six of the 54 cells of the article's Table 5 (as nlmixr2lib transcribes it): chains of six and one, 90 days."""
    model = formulary.model("warfarin-hamberg-2007")
    table = [
        (50.0, 0.0, 2.0, 9.08),
        (70.0, 0.0, 1.0, 5.06),
        (90.0, 0.0, 0.0, 3.04),
        (50.0, 1.0, 2.0, 6.22),
        (70.0, 2.0, 1.0, 1.41),
        (90.0, 2.0, 0.0, 0.84),
    ]
    reached = []
    for age, twos, gs, dose in table:
        chart = ADULT | {"age_y": age, "cyp2c9_2_alleles": twos, "vkorc1_g_alleles": gs}
        doses = (Dose(0.0, dose, 0.0, route=Route.ORAL, interval_h=24.0, additional=89),)
        values = tuple(CovariateValue(name, 0.0, value) for name, value in chart.items())
        course = Course(drug="warfarin", doses=doses, start=START, covariates=values, until_h=2160.0)
        who = Individual.of(model, history(model, course))
        timeline = Timeline(tabulate(model.system, doses), who.times_h, np.array([2160.0]))
        solved = solve(model.system, who.parameters(np.zeros(who.size)), timeline, outputs=("inr",))
        reached.append(float(solved.values[0, 0, 0]))
    assert reached == pytest.approx([2.5] * len(table), rel=0.03)
