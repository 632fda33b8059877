"""The library of structures: what its constructors promise, and how one structure turns into another at its limits."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from twins.pharmacology.structure import compartments, effect_site, sigmoid, with_effect_site
from twins.pharmacology.structures.absorption import (
    first_and_zero_order,
    sequential,
    transit,
    two_depots,
    zero_order,
)
from twins.pharmacology.structures.binding import with_red_cells
from twins.pharmacology.structures.coagulation import warfarin_inr
from twins.pharmacology.structures.effect import direct
from twins.pharmacology.structures.metabolite import with_metabolite
from twins.pharmacology.structures.rising import rising_elimination
from twins.pharmacology.structures.saturable import michaelis_menten
from twins.pharmacology.structures.target_mediated import quasi_steady_state, target_mediated
from twins.pharmacology.structures.together import together
from twins.pharmacology.structures.turnover import Turnover, kpd, turnover
from twins.quantities.dose import Dose, Route
from twins.solvers.reading import tabulate as tabulate_outputs
from twins.solvers.solve import SolveError, solve
from twins.solvers.system import Equations, System
from twins.solvers.timeline import Timeline, TimelineError, ports, tabulate

Array = NDArray[np.float64]

PROPOFOL = effect_site(compartments(3), sigmoid("bis", "1", split=True))
SYSTEMS = [
    compartments(1),
    compartments(3, oral=True, lag=True, bioavailability=True),
    zero_order(2, lag=True, bioavailability=True),
    sequential(1, lag=True),
    first_and_zero_order(1, lag=True),
    two_depots(2, lag=True),
    transit(1, 4),
    transit(2, 3, by="mean time", depot=True, lag=True, bioavailability=True),
    PROPOFOL,
    direct(compartments(1), sigmoid("pain", "1", site="central")),
    effect_site(compartments(1, oral=True), name="csf", ratio="csf_plasma_ratio"),
    with_red_cells(compartments(2, oral=True, lag=True, bioavailability=True)),
    with_metabolite(compartments(2, oral=True), "paraxanthine"),
    together(PROPOFOL, remifentanil=with_effect_site(3)),
    michaelis_menten(1),
    michaelis_menten(2, linear=True, oral=True, lag=True, bioavailability=True, inhibited=True),
    rising_elimination(),
    turnover(compartments(1, oral=True), Turnover.STIMULATES_LOSS, sigmoid=True, name="platelets"),
    kpd(Turnover.INHIBITS_PRODUCTION),
    warfarin_inr(),
    target_mediated(2, subcutaneous=True),
    quasi_steady_state(1),
]
IDS = [system.name for system in SYSTEMS]
UNITS = r"_(l|h|per_h|l_per_h|mg_per_h|mg_per_l|ng_per_ml|ug_per_l|l_per_mg_h)$"
PURE = r"(share|bioavailability|steepness(_above)?|baseline|greatest(_effect|_inhibition)?|exponent|ratio|haematocrit)$"


@pytest.mark.parametrize("system", SYSTEMS, ids=IDS)
def test_names_agree_and_carry_units(system: System) -> None:
    for names in (system.parameters, system.states, [output.name for output in system.outputs]):
        assert len(set(names)) == len(names)
    for name in system.parameters:
        assert re.search(UNITS, name) or re.search(PURE, name), name
    assert ports(system).table.shape[0] > 0
    assert len(tabulate_outputs(system).scales) == len(system.outputs)
    if not isinstance(system.equations, Equations) or len(system.states) > 2:
        assert system.outputs[0].name == "concentration"


def test_the_same_arguments_give_the_same_system() -> None:
    assert compartments(2, oral=True) is compartments(2, oral=True)
    assert effect_site(compartments(3), sigmoid("bis", "1", split=True)) is PROPOFOL
    assert together(PROPOFOL, remifentanil=with_effect_site(3)) is SYSTEMS[13]
    assert compartments(1) is not compartments(1, unit="ng/mL", scale=1000.0)


def test_routes_lead_into_the_depot_and_others_are_refused_by_name() -> None:
    system = compartments(1, oral=True, routes=("oral", "rectal"))
    rectal = tabulate(system, [Dose(0.0, 1.0, route=Route.RECTAL)])
    assert np.array_equal(rectal, tabulate(system, [Dose(0.0, 1.0, into="depot")]))
    with pytest.raises(TimelineError, match="subcutaneous"):
        tabulate(system, [Dose(0.0, 1.0, route=Route.SUBCUTANEOUS)])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: compartments(4), "count is 4"),
        (lambda: zero_order(0), "count is 0"),
        (lambda: compartments(1, lag=True), "set oral"),
        (lambda: transit(1, 0), "transits is 0"),
        (lambda: michaelis_menten(3), "count is 3"),
        (lambda: michaelis_menten(1, bioavailability=True), "set oral"),
        (lambda: target_mediated(3), "count is 3"),
        (lambda: warfarin_inr(slow=0), "slow 0"),
        (lambda: sigmoid("bis", "1", scale=10.0), "scale is 10"),
        (lambda: sigmoid("bis", "1", site="gut"), "'gut'"),
        (lambda: together(PROPOFOL), "further systems"),
        (lambda: effect_site(michaelis_menten(1)), "written as equations"),
    ],
)
def test_what_cannot_be_made_is_refused(make, words) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((ValueError, SolveError), match=words):
        make()


TIMES = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0])
ORAL = [Dose(0.0, 300.0, route=Route.ORAL, interval_h=8.0, additional=1)]


def _values(system: System, row: list[float], doses: list[Dose] = ORAL) -> Array:
    line = Timeline(tabulate(system, doses), [0.0], TIMES)
    return solve(system, [[row]], line, rtol=1e-10, atol=1e-12).values[:, 0]


class TestLimits:
    ONE_DEPOT = _values(compartments(1, oral=True), [5.0, 30.0, 1.1])[0]

    def test_one_transit_compartment_is_a_depot(self) -> None:
        assert _values(transit(1, 1), [5.0, 30.0, 1.1])[0] == pytest.approx(self.ONE_DEPOT, rel=1e-11)
        by_time = _values(transit(1, 1, by="mean time"), [5.0, 30.0, 1.0 / 1.1])
        assert by_time[0] == pytest.approx(self.ONE_DEPOT, rel=1e-11)

    def test_all_of_the_dose_by_one_of_two_ways_is_one_way(self) -> None:
        assert _values(two_depots(1), [5.0, 30.0, 1.1, 0.2, 1.0])[0] == pytest.approx(self.ONE_DEPOT, rel=1e-11)
        assert _values(two_depots(1), [5.0, 30.0, 0.2, 1.1, 0.0])[0] == pytest.approx(self.ONE_DEPOT, rel=1e-11)
        split = _values(first_and_zero_order(1), [5.0, 30.0, 1.1, 1.0, 3.0])
        assert split[0] == pytest.approx(self.ONE_DEPOT, rel=1e-12)

    @pytest.mark.parametrize("absorption", [0.05, 1.1, 100.0])
    def test_a_depot_of_saturable_elimination_empties_as_that_of_linear_does(self, absorption: float) -> None:
        system = michaelis_menten(1, linear=True, oral=True)
        found = _values(system, [30.0, 1e-12, 1.0, 5.0, absorption])
        assert found[0] == pytest.approx(_values(compartments(1, oral=True), [5.0, 30.0, absorption])[0], rel=1e-8)

    def test_zero_order_absorption_is_an_infusion(self) -> None:
        infused = [Dose(0.0, 300.0, 2.5, interval_h=8.0, additional=1)]
        found = _values(zero_order(2), [5.0, 30.0, 8.0, 50.0, 2.5])
        assert found == pytest.approx(_values(compartments(2), [5.0, 30.0, 8.0, 50.0], infused), rel=1e-12)

    @pytest.mark.parametrize("depot", [False, True])
    def test_the_mean_transit_time_is_the_mean_of_what_leaves_the_chain(self, depot: bool) -> None:
        """From the areas: mean residence is mean absorption plus V / CL, and AUMC / AUC is mean residence."""
        system = transit(1, 4, by="mean time", depot=depot)
        row = [5.0, 30.0, 1.7, *([0.9] if depot else [])]
        times = np.linspace(0.01, 150.0, 15001)
        line = Timeline(tabulate(system, [Dose(0.0, 300.0, route=Route.ORAL)]), [0.0], times)
        run = solve(system, [[row]], line, exposure=True)
        # AUMC by parts: the area of what is still to come.
        residence = np.trapezoid(run.auc[0, -1] - run.auc[0], times) / run.auc[0, -1] + times[0]
        expected = 1.7 + 6.0 + (1.0 / 0.9 if depot else 0.0)
        assert residence == pytest.approx(expected, rel=1e-5)

    def test_an_effect_site_comes_to_the_concentration(self) -> None:
        steady = [Dose(0.0, 3000.0, 30.0)]
        concentration, site = _values(with_effect_site(1), [50.0, 30.0, 20.0], steady)
        assert site[-1] == pytest.approx(concentration[-1], rel=1e-9)

    def test_half_the_effect_at_the_half_effect_concentration(self) -> None:
        system = direct(compartments(1), sigmoid("pain", "1", site="central"))
        steady = [Dose(0.0, 2400.0, 24.0)]  # 100 mg/h against 50 L/h: 2 mg/L
        assert _values(system, [50.0, 10.0, 8.0, 2.0, 2.0, 3.0], steady)[1, -1] == pytest.approx(5.0, rel=1e-12)

    def test_red_cells_that_hold_nothing_leave_the_plasma(self) -> None:
        blood, plasma = _values(with_red_cells(compartments(1, oral=True)), [5.0, 30.0, 1.1, 1e-12, 3.8, 0.4])
        assert blood == pytest.approx(plasma, rel=1e-12)
        assert plasma == pytest.approx(1000.0 * self.ONE_DEPOT, rel=1e-12)

    def test_saturable_elimination_far_below_saturation_is_linear(self) -> None:
        bolus = [Dose(0.0, 300.0)]
        found = _values(michaelis_menten(1), [30.0, 5e7, 1e7], bolus)
        assert found[0] == pytest.approx(_values(compartments(1), [5.0, 30.0], bolus)[0], rel=1e-6)
