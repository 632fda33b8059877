"""Numbers transcribed from public test suites, recomputed here by the engine.

Sources: levenc/posologyr (AGPL-3.0) tests/testthat/test_map_mlx.R, test_map_nlmixr.R, test_map_iov.R and
test_doseoptim.R, commit 4af150b9, whose modes are Monolix's; InsightRX/clinPK (MIT) tests/testthat/test_pk_2cmt_inf.R
and test_pk_1cmt_inf.R, commit 86e3ad93. Only figures are taken. Monolix's are printed with three or four digits.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.factories.courses import course
from tests.oracles.subject import Subject, occasions, population
from twins.estimation.individualise import individualise
from twins.pharmacology.formulary import model
from twins.pharmacology.population import Eta
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, LAG, Q2, V2, compartments
from twins.quantities.dose import Dose
from twins.samples.course import Level
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, tabulate

GOTI = model("vancomycin-goti-2018")
TWO = compartments(2)


def test_the_mode_of_goti_patient_02_is_that_of_monolix() -> None:
    # posologyr rounds the variances to 0.147, 0.51 and 0.282.
    rounded = replace(GOTI, omega=np.diag([0.147, 0.51, 0.282]))
    patient = course(
        doses=((0.0, 1900.0, 1.0), (22.2, 1750.0, 1.0)),
        levels=((12.0, 14.8), (37.5, 22.5)),
        clearance=34.0,
        weight=62.0,
        dialysis=0.0,
        until=40.0,
    )
    fit = individualise(rounded, patient, seed=1, draws=100)
    assert fit.parameters[CLEARANCE] == pytest.approx(1.72, abs=0.005)
    assert fit.parameters[CENTRAL_VOLUME] == pytest.approx(59.8, abs=0.05)
    assert fit.parameters[V2] == pytest.approx(41.6, abs=0.05)


def test_the_mode_of_a_tobramycin_patient_in_rate_constants_is_that_of_monolix() -> None:
    # ke and V have etas; k12 and k21 are fixed, so that what V moves moves the exchange and the second volume too.
    ke = 0.21 * (80 / 67.8) ** 0.89 * (65 / 66.4) ** -1.09
    volume = 19.8 * (65 / 66.4) ** 0.80
    tobramycin = population(
        TWO,
        {CLEARANCE: ke * volume, CENTRAL_VOLUME: volume, Q2: 0.041 * volume, V2: 0.041 / 0.12 * volume},
        (
            Eta("ke", ((CLEARANCE, 1.0),)),
            Eta("V", tuple((name, 1.0) for name in (CLEARANCE, CENTRAL_VOLUME, Q2, V2))),
        ),
        [0.08075, 0.01203],
        Residual(ResidualKind.SD_SUM, 0.0, 0.198),
    )
    eta = Subject([Dose(0.0, 500.0, 0.5)], [Level(1.0, 25.0), Level(14.0, 5.5)]).mode(tobramycin).eta
    # Their search stops 3e-6 above the lowest objective, which SciPy finds at -0.6827315 and -0.0664765 too.
    assert eta == pytest.approx(np.array([-0.6828811, -0.0663349]), abs=2e-4)
    assert eta == pytest.approx(np.array([-0.68273153, -0.06647647]), abs=1e-7)
    assert ke * np.exp(eta[0]) == pytest.approx(0.1258, abs=5e-5)
    assert volume * np.exp(eta[1]) == pytest.approx(18.21, abs=5e-3)


def test_the_mode_of_an_amikacin_patient_under_a_full_omega_is_that_of_monolix() -> None:
    amikacin = population(
        TWO,
        {CLEARANCE: 4.3 * (50 / 82) ** 0.7, CENTRAL_VOLUME: 15.9 * (62 / 78) ** 0.9, V2: 21.4, Q2: 12.1},
        (CLEARANCE, CENTRAL_VOLUME, V2, Q2),
        [
            [0.1, 0.01, 0.01, -0.06],
            [0.01, 0.05, 0.02, 0.004],
            [0.01, 0.02, 0.2, 0.003],
            [-0.06, 0.004, 0.003, 0.08],
        ],
        Residual(ResidualKind.VARIANCE_SUM, 0.2, 0.1),
    )
    subject = Subject([Dose(0.0, 1600.0, 0.5)], [Level(1.0, 75.0), Level(6.0, 32.0)])
    found = subject.parameters(amikacin, subject.mode(amikacin).eta)
    assert found == pytest.approx({CLEARANCE: 2.62, CENTRAL_VOLUME: 11.01, V2: 14.57, Q2: 11.96}, abs=6e-3)


def test_the_clearances_of_four_occasions_on_piperacillin_are_those_of_monolix() -> None:
    piperacillin = population(
        compartments(2, intravenous_lag=True),
        {LAG: 0.07, CLEARANCE: 17.1 * 92 / 70, CENTRAL_VOLUME: 7.2, V2: 17.8, Q2: 52.0},
        (LAG, CLEARANCE, CENTRAL_VOLUME, V2, Q2),
        [0.1747673, 0.08507985, 0.0673745, 0.429067, 0.2247455],
        Residual(ResidualKind.SD_SUM, 3.2, 0.253),
        occasions=occasions((CLEARANCE, CENTRAL_VOLUME), (0.1934626, 0.05783106)),
    )
    subject = Subject(
        [Dose(8.0 * k, 4000.0, 8.0) for k in range(15)],
        [Level(47.9, 63.0), Level(71.9, 19.7), Level(95.9, 31.0), Level(120.0, 16.0)],
        epochs_h=(0.0, 48.0, 72.0, 96.0),
        occasion=(0, 1, 2, 3),
    )
    effects = subject.mode(piperacillin).eta
    found = [subject.parameters(piperacillin, effects, epoch) for epoch in range(4)]
    assert [day[CLEARANCE] for day in found] == pytest.approx([10.58, 24.0, 18.4, 26.3], abs=0.05)
    # The same by an independent script of the objective, four digits.
    assert [day[CLEARANCE] for day in found] == pytest.approx([10.5756, 23.9932, 18.3871, 26.2778], rel=2e-5)
    for day in found:
        assert day[CENTRAL_VOLUME] == pytest.approx(7.2, rel=1e-3)
        assert day[V2] == pytest.approx(17.8, rel=1e-3)
        assert day[Q2] == pytest.approx(52.0, rel=1e-3)
        assert day[LAG] == pytest.approx(0.07, rel=1e-3)


def test_a_two_compartment_infusion_gives_the_concentrations_of_clinpk() -> None:
    times = np.array([0, 1, 2, 3, 4, 12, 13, 14, 15, 16, 17], dtype=float)
    doses = tabulate(TWO, [Dose(0.0, 1000.0, 2.0, interval_h=12.0, additional=1)])
    found = solve(TWO, [[[2.99, 54.0, 2.28, 58.56]]], Timeline(doses, [0.0], times)).concentration[0]
    expected = [0, 8.82, 16.84, 15.31, 13.95, 7.14, 15.46, 23.03, 21.09, 19.36, 17.81]
    assert np.round(found, 2) == pytest.approx(expected, abs=1e-9)


def test_a_one_compartment_infusion_gives_the_trough_of_clinpk() -> None:
    one = compartments(1)
    doses = tabulate(one, [Dose(0.0, 100.0, 2.0, interval_h=12.0, additional=9)])
    found = solve(one, [[[5.0, 50.0]]], Timeline(doses, [0.0], [120.0])).concentration[0, 0]
    assert found == pytest.approx(0.954, abs=5e-4)


class TestDosesForAnExposure:
    """posologyr's patient: Goti 2018, clearance 65 mL/min, 70 kg, no dialysis; infusions of 2 h.

    Where posologyr searches a grid of 0.1 h it reports the next point of it, so the root is compared with that allowed.
    """

    ROW = (3.069627, 61.175973, 6.5, 41.126601)
    """Clearance, central volume, exchange and second volume of the individual."""

    def test_the_individual_follows_from_the_etas(self) -> None:
        chart = Subject(
            [],
            [],
            covariates={"creatinine_clearance_ml_per_min": [65.0], "weight_kg": [70.0], "haemodialysis": [0.0]},
        )
        found = chart.parameters(GOTI, [0.10796221, 0.04643863, 0.06859768])
        assert found == pytest.approx(dict(zip(GOTI.parameters, self.ROW, strict=True)), rel=2e-7)

    def auc(self, dose: Dose, from_h: float, to_h: float) -> float:
        timeline = Timeline(tabulate(TWO, [dose]), [0.0], [from_h, to_h])
        auc = solve(TWO, [[self.ROW]], timeline, exposure=True).auc[0]
        return float(auc[1] - auc[0])

    def concentration(self, dose: Dose, time: float) -> float:
        return float(solve(TWO, [[self.ROW]], Timeline(tabulate(TWO, [dose]), [0.0], [time])).concentration[0, 0])

    @staticmethod
    def root(excess: Callable[[float], float], low: float, high: float) -> float:
        return float(brentq(excess, low, high, xtol=1e-9))

    def test_single_dose_for_an_auc_of_400_in_the_first_day(self) -> None:
        found = self.root(lambda amount: self.auc(Dose(0.0, amount, 2.0), 0.0, 24.0) - 400.0, 100.0, 9000.0)
        assert found == pytest.approx(2377.758, abs=1e-3)

    def test_single_dose_for_a_concentration_at_24_h(self) -> None:
        found = self.root(lambda amount: self.concentration(Dose(0.0, amount, 2.0), 24.0) - 11.04931, 100.0, 9000.0)
        assert found == pytest.approx(2530.699, abs=2e-3)

    def test_time_until_a_single_dose_falls_to_10(self) -> None:
        found = self.root(lambda time: self.concentration(Dose(0.0, 1500.0, 2.0), time) - 10.0, 2.0, 100.0)
        assert found == pytest.approx(11.1297, abs=1e-3)
        assert 0.0 <= 11.2 - found <= 0.1

    def test_time_until_the_eleventh_dose_falls_to_10(self) -> None:
        doses = Dose(0.0, 1500.0, 2.0, interval_h=24.0, additional=10)
        found = self.root(lambda time: self.concentration(doses, 240.0 + time) - 10.0, 2.0, 100.0)
        assert found == pytest.approx(34.749, abs=1e-3)
        assert 0.0 <= 34.8 - found <= 0.1

    def test_daily_dose_for_an_auc_of_400_in_the_tenth_interval(self) -> None:
        def excess(amount: float) -> float:
            return self.auc(Dose(0.0, amount, 2.0, interval_h=24.0, additional=9), 216.0, 240.0) - 400.0

        assert self.root(excess, 100.0, 9000.0) == pytest.approx(1229.366, abs=1e-3)

    def test_interval_of_2000_mg_for_a_trough_of_10(self) -> None:
        def excess(interval: float) -> float:
            doses = Dose(0.0, 2000.0, 2.0, interval_h=interval, additional=100)
            return self.concentration(doses, 100 * interval) - 10.0

        found = self.root(excess, 12.0, 72.0)
        assert found == pytest.approx(35.807, abs=2e-3)
        assert 0.0 <= 35.9 - found <= 0.1

    def test_a_continuous_infusion_for_an_average_settles_at_clearance_times_auc(self) -> None:
        # posologyr reports 1229.426, what a finite run gives; clearance times 400 is exact.
        dose = Dose(0.0, self.ROW[0] * 400.0 * 40.0, 24.0 * 40.0)
        assert self.concentration(dose, 24.0 * 40.0) == pytest.approx(400.0 / 24.0, rel=1e-6)
