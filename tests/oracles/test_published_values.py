"""Numbers transcribed from public test suites, recomputed here by the engine.

Sources: levenc/posologyr (AGPL-3.0) tests/testthat/test_map_mlx.R and test_doseoptim.R, commit 4af150b9;
InsightRX/clinPK (MIT) tests/testthat/test_pk_2cmt_inf.R and test_calc_egfr.R, commit 86e3ad93. Only figures are taken.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.factories.courses import course
from twins.estimation.individualise import individualise
from twins.forecasts.simulate import Present, concentrations
from twins.pharmacology.covariates import cockcroft_gault
from twins.pharmacology.formulary import model
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Dose
from twins.samples.course import Course
from twins.solvers import batch, schedule

GOTI = model("vancomycin-goti-2018")


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
    assert fit.parameters["clearance_l_per_h"] == pytest.approx(1.72, abs=0.005)
    assert fit.parameters["central_volume_l"] == pytest.approx(59.8, abs=0.05)
    assert fit.parameters["peripheral_volume_l"] == pytest.approx(41.6, abs=0.05)


def test_a_two_compartment_infusion_gives_the_concentrations_of_clinpk() -> None:
    parameters = np.array([[[2.99, 54.0, 2.28, 58.56]]])
    times = np.array([0, 1, 2, 3, 4, 12, 13, 14, 15, 16, 17], dtype=float)
    doses = [Dose(12.0 * k, 1000.0, 2.0) for k in range(2)]
    found = batch.run(parameters, schedule.build(doses, np.array([0.0]), times)).concentration[0]
    expected = [0, 8.82, 16.84, 15.31, 13.95, 7.14, 15.46, 23.03, 21.09, 19.36, 17.81]
    assert np.round(found, 2) == pytest.approx(expected, abs=1e-9)


class TestDosesForAnExposure:
    """posologyr's patient: Goti 2018, clearance 65 mL/min, 70 kg, no dialysis, the etas below; infusions of 2 h."""

    ETA = np.array([0.10796221, 0.04643863, 0.06859768])

    def patient(self) -> Course:
        return course(doses=(), clearance=65.0, weight=70.0, dialysis=0.0, until=0.0)

    def auc(self, plan: Plan, from_h: float, to_h: float) -> float:
        present = Present.reach(GOTI, self.patient(), self.ETA[None, :])
        run = present.follow(plan, np.array([from_h, to_h]))
        return float(run.auc[0, 1] - run.auc[0, 0])

    def concentration(self, plan: Plan, time: float) -> float:
        return float(concentrations(GOTI, self.patient(), self.ETA, plan, [time])[0, 0])

    @staticmethod
    def once(amount: float) -> Plan:
        return Plan("once", Regimen(amount, 10_000.0, 2.0, 0.0))

    def test_single_dose_for_an_auc_of_400_in_the_first_day(self) -> None:
        dose = brentq(lambda amount: self.auc(self.once(amount), 0.0, 24.0) - 400.0, 100.0, 9000.0, xtol=1e-8)
        assert dose == pytest.approx(2377.758, abs=1e-3)

    def test_single_dose_for_a_concentration_at_24_h(self) -> None:
        dose = brentq(lambda amount: self.concentration(self.once(amount), 24.0) - 11.04931, 100.0, 9000.0, xtol=1e-8)
        assert dose == pytest.approx(2530.699, abs=5e-3)

    def test_time_until_a_single_dose_falls_to_10(self) -> None:
        time = brentq(lambda t: self.concentration(self.once(1500.0), t) - 10.0, 2.0, 100.0)
        assert time == pytest.approx(11.1297, abs=1e-3)  # posologyr's grid of 0.1 h reports 11.2

    def test_daily_dose_for_an_auc_of_400_in_the_tenth_interval(self) -> None:
        def excess(amount: float) -> float:
            return self.auc(Plan("daily", Regimen(amount, 24.0, 2.0, 0.0)), 216.0, 240.0) - 400.0

        assert brentq(excess, 100.0, 9000.0, xtol=1e-8) == pytest.approx(1229.366, abs=1e-3)


@pytest.mark.parametrize(
    ("age", "male", "weight", "creatinine", "expected"),
    [
        (40, 1, 80, 1.0, 111.111111),
        (40, 0, 80, 1.0, 94.444444),
        (40, 1, 80, 0.2, 555.555556),
        (40, 1, 80, 3.0, 37.037037),
    ],
)
def test_cockcroft_gault_gives_the_values_of_clinpk(
    age: float, male: float, weight: float, creatinine: float, expected: float
) -> None:
    assert float(cockcroft_gault(age, weight, creatinine, male)) == pytest.approx(expected, rel=1e-7)
