"""Objectives, modes and covariances that NONMEM prints of single subjects, under every residual error model.

NONMEM's objective of a subject by first-order conditional estimation with interaction (FOCEI) is the Laplace
approximation of its likelihood with the expected curvature in place of the full one: -2 log posterior at the mode (ln v
kept, without its constant), plus ln|omega|, plus the logarithm of the determinant of the expected information. All
three are this engine's. Sources by class below; only figures are taken.
"""

import numpy as np
import pytest

from tests.oracles.subject import Subject, population
from twins.estimation.map import Mode
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE, compartments
from twins.quantities.dose import Dose, Route
from twins.samples.course import Level
from twins.solvers.system import CarryRule

Array = np.ndarray


def focei(model: PopulationModel, mode: Mode) -> float:
    """NONMEM's objective of one subject."""
    information = np.linalg.inv(mode.covariance)
    return float(mode.objective + np.linalg.slogdet(model.omega)[1] + np.linalg.slogdet(information)[1])


ROOT = float(np.sqrt(0.1))
LEVELS = (
    *((10.68, 3.6837), (10.402, 6.454), (9.8814, 5.8565), (9.3408, 5.6209), (10.082, 6.7583)),
    *((9.8938, 6.5049), (9.8908, 6.9557), (10.234, 6.4488), (9.9882, 6.7112), (9.6736, 6.6402)),
)


class TestWang:
    """Ten subjects, a level at 0 and at 1 h after a bolus of 10 into 1 L; ke = 0.5 exp(eta), variance 0.04.

    Wang Y. J Pharmacokinet Pharmacodyn 2007;34:575-593, doi:10.1007/s10928-007-9060-6, whose Table 2 holds NONMEM's
    objectives; read with the subjects' own from nlmixr2 (nlmixr2est tests/testthat/test-focei-wang2007-*.R, commits
    77b94d6a, 37319ed8, 35bc5b33, and the earlier inner test, which has NONMEM's etas and objectives of each subject).
    """

    @staticmethod
    def model(residual: Residual) -> PopulationModel:
        return population(compartments(1), {CLEARANCE: 0.5, CENTRAL_VOLUME: 1.0}, (CLEARANCE,), [0.04], residual)

    @staticmethod
    def subject(levels: tuple[float, float]) -> Subject:
        # A level at the very time of a bolus is read before it; NONMEM's data have it after.
        return Subject([Dose(-1e-13, 10.0)], [Level(0.0, levels[0]), Level(1.0, levels[1])])

    @pytest.mark.parametrize(
        ("residual", "objective"),
        [
            (Residual(ResidualKind.SD_SUM, 0.0, ROOT), 39.458),
            (Residual(ResidualKind.VARIANCE_SUM, 0.0, ROOT), 39.458),
            (Residual(ResidualKind.SD_SUM, ROOT, 0.0), -2.059),
            (Residual(ResidualKind.VARIANCE_SUM, ROOT, ROOT), 39.735),
            (Residual(ResidualKind.SD_SUM, ROOT, ROOT), 43.554),
            (Residual(ResidualKind.POWER, 0.0, ROOT, 0.5), 9.966),
            (Residual(ResidualKind.POWER, ROOT, ROOT, 0.5), 16.231),
        ],
        ids=[
            "proportional",
            "proportional, variances",
            "additive",
            "variances add",
            "sds add",
            "power",
            "add and power",
        ],
    )
    def test_the_objective_of_all_subjects_is_that_of_the_paper(self, residual: Residual, objective: float) -> None:
        model = self.model(residual)
        found = sum(focei(model, self.subject(levels).mode(model)) for levels in LEVELS)
        assert found == pytest.approx(objective, abs=1.2e-3)

    def test_the_log_normal_objective_is_that_of_nlmixr2(self) -> None:
        # The density is of the level, not of its logarithm, so that models with other errors can be compared.
        model = self.model(Residual(ResidualKind.LOG, ROOT, 0.0))
        found = sum(focei(model, self.subject(levels).mode(model)) for levels in LEVELS)
        assert found == pytest.approx(40.039, abs=1.2e-3)

    def test_each_subject_has_the_eta_and_the_objective_of_nonmem(self) -> None:
        model = self.model(Residual(ResidualKind.SD_SUM, 0.0, ROOT))
        etas = (0.0715450734, 0.0057045288, 0.0249471848, 0.0319502378, -0.0047873693)
        etas += (0.0039789224, -0.0118035085, 0.0058801220, -0.0031367191, -0.0006664143)
        objectives = (5.20178380742, 3.77604874005, 3.72057773742, 3.79581329128, 3.84803907891)
        objectives += (3.77256789194, 3.92866450764, 3.76425408682, 3.83096377570, 3.81883716853)
        for levels, eta, objective in zip(LEVELS, etas, objectives, strict=True):
            mode = self.subject(levels).mode(model)
            assert mode.eta[0] == pytest.approx(eta, abs=5e-6)
            assert focei(model, mode) == pytest.approx(objective, abs=2e-6)

    def test_each_subject_has_the_eta_of_nonmem_under_additive_error(self) -> None:
        model = self.model(Residual(ResidualKind.SD_SUM, ROOT, 0.0))
        etas = (0.5832310761, -0.1016474262, 0.0538695584, 0.1139930277, -0.1823098114)
        etas += (-0.1150793966, -0.2350374756, -0.1002766741, -0.1697713019, -0.1509052823)
        objectives = (11.960673835, -1.192543455, -2.788785109, 1.772770646, -2.040888969)
        objectives += (-2.610871833, -1.273559103, -2.268996192, -2.246162129, -1.370432921)
        for levels, eta, objective in zip(LEVELS, etas, objectives, strict=True):
            mode = self.subject(levels).mode(model)
            assert mode.eta[0] == pytest.approx(eta, abs=2e-6)
            assert focei(model, mode) == pytest.approx(objective, abs=2e-6)


EXAMPLINIB = population(
    compartments(1, oral=True),
    {CLEARANCE: 4.0, CENTRAL_VOLUME: 70.0, ABSORPTION: 1.0},
    (CLEARANCE, CENTRAL_VOLUME, ABSORPTION),
    [0.2, 0.2, 0.2],
    Residual(ResidualKind.SD_SUM, 0.0, float(np.sqrt(0.05))),
)


def by_mouth(amount: float, *levels: tuple[float, float], again: bool = True) -> Subject:
    doses = [Dose(0.0, amount, route=Route.ORAL)]
    if again:
        doses.append(Dose(72.0, amount, route=Route.ORAL, interval_h=24.0, additional=6))
    return Subject(doses, [Level(*level) for level in levels])


class TestExamplinib:
    """NONMEM's .phi file of eight subjects: etas, their covariance, and the objective, to nine digits.

    Source: FelicienLL/mapbayr (GPL-3), inst/nm001 (run001.mod, data_to_fit001.csv, run001.phi), commits 1e01f109 and
    3ba772e5, with Louedec F et al., CPT Pharmacometrics Syst Pharmacol 2021;10:1208-1220, doi:10.1002/psp4.12689.
    """

    CASES: tuple[tuple[Subject, tuple[float, ...], tuple[float, ...], float], ...] = (
        (
            by_mouth(10000, (1.5, 91.2904), (4.4, 110.826), (7.1, 79.384), (24.6, 20.6671)),
            (4.05058386e-1, 7.28505976e-2, -7.49540941e-2),
            (1.28120118e-2, 5.40868557e-3, 2.31664035e-2, 4.69547364e-4, 2.19133609e-2, 1.25252672e-1),
            27.967767051231519,
        ),
        (
            by_mouth(10000, (25.9, 45.1629)),
            (-1.45364976e-1, 2.40587840e-2, -6.18814556e-3),
            (3.15750683e-2, 2.78753447e-2, 1.95386462e-1, -7.16980131e-3, 1.18664548e-3, 1.99694784e-1),
            6.7164157151717241,
        ),
        (
            by_mouth(10000, (215, 7.79911), (216 - 1e-9, 6.7926), (221, 96.7771), (222.6, 72.8342)),
            (7.67680982e-1, -1.39206821e-1, 8.21537434e-2),
            (1.70442794e-2, 2.20648483e-2, 3.33487274e-2, -1.97813154e-2, -1.54166577e-2, 1.95511967e-1),
            23.269101579198335,
        ),
        (
            by_mouth(10000, (237.1, 34.0987)),
            (2.70025131e-1, -1.36257306e-1, 1.23831629e-2),
            (4.76201486e-2, 7.68923717e-2, 1.61199353e-1, -6.98803391e-3, 3.52623064e-3, 1.99679534e-1),
            7.6523021999528673,
        ),
        (
            by_mouth(30000, (1.5, 466.273), (3.0, 457.846), (8.9, 396.271), (20.8, 220.096)),
            (-3.56969487e-1, -2.32178765e-1, 8.60926557e-2),
            (3.49609522e-2, -8.18341912e-3, 2.70016941e-2, -1.23976576e-2, 3.05113800e-2, 1.50704850e-1),
            40.762717699793924,
        ),
        (
            by_mouth(30000, (29.5, 38.2142)),
            (2.94834001e-1, -1.82121631e-1, 1.12881356e-2),
            (5.87815377e-2, 8.72319239e-2, 1.46116050e-1, -5.40674805e-3, 3.33979727e-3, 1.99792995e-1),
            8.6114054502217883,
        ),
        (
            by_mouth(30000, (214.8, 114.768), (217.1, 409.853), (219.6, 403.488), (222.5, 369.729)),
            (2.20646048e-1, 7.14905162e-3, 6.93300113e-2),
            (1.07253101e-2, 8.79663298e-3, 4.03476720e-2, 6.14565952e-3, 2.46981022e-2, 1.37188576e-1),
            38.880472460404647,
        ),
        (
            by_mouth(30000, (232.4, 239.501)),
            (2.66508767e-2, -7.04240138e-3, 1.23001684e-3),
            (3.26341048e-2, 4.42258552e-2, 1.88313472e-1, -7.72443143e-3, 2.04115412e-3, 1.99643495e-1),
            10.191383106145331,
        ),
    )

    @pytest.mark.parametrize("case", CASES, ids=lambda case: f"{len(case[0].levels)} levels, {case[3]:.4f}")
    def test_etas_covariance_and_objective_are_those_of_nonmem(
        self, case: tuple[Subject, tuple[float, ...], tuple[float, ...], float]
    ) -> None:
        subject, etas, covariance, objective = case
        mode = subject.mode(EXAMPLINIB)
        assert mode.eta == pytest.approx(np.array(etas), abs=3e-6)  # NONMEM's own search stops there
        assert mode.covariance[np.tril_indices(3)] == pytest.approx(np.array(covariance), rel=2e-5, abs=1e-8)
        assert focei(EXAMPLINIB, mode) == pytest.approx(objective, abs=1e-6)


class TestCovarianceOfAnInfusion:
    """NONMEM 7.5.1's etas and covariance, once and with the second level three times.

    Source: InsightRX/PKPDmap (MIT), tests/testthat/test-nonmem-vcov-comparison.R, commit 87ccd59a.
    """

    MODEL = population(
        compartments(1),
        {CLEARANCE: 5.0, CENTRAL_VOLUME: 50.0},
        (CLEARANCE, CENTRAL_VOLUME),
        [0.1, 0.1],
        Residual(ResidualKind.VARIANCE_SUM, 0.1, 0.1),
    )

    @pytest.mark.parametrize(
        ("times", "etas", "covariance"),
        [
            (1, (0.424754, -0.143394), (0.00544459, 0.00161879, 0.0137097)),
            (3, (0.440662, -0.149905), (0.00240794, 0.00288528, 0.0133440)),
        ],
    )
    def test_both_are_those_of_nonmem(self, times: int, etas: tuple[float, ...], covariance: tuple[float, ...]) -> None:
        mode = Subject([Dose(0.0, 1000.0, 1.0)], [Level(2.0, 18.0), *[Level(8.0, 6.0)] * times]).mode(self.MODEL)
        assert mode.eta == pytest.approx(np.array(etas), rel=5e-6)
        assert mode.covariance[np.tril_indices(2)] == pytest.approx(np.array(covariance), rel=5e-6)


class TestBelowTheLimit:
    """Levels below the limit of quantification as NONMEM's M3 method takes them."""

    def test_the_etas_are_those_of_the_published_m3_example(self) -> None:
        # FelicienLL/mapbayr, tests/testthat/test-blq.R, commit 0d5ef496, and issue 163: two compartments, a level < 1.
        model = population(
            compartments(2),
            {
                CLEARANCE: 0.2,
                CENTRAL_VOLUME: 2.0,
                "intercompartmental_clearance_l_per_h": 0.1,
                "peripheral_volume_l": 0.5,
            },
            (CLEARANCE, CENTRAL_VOLUME),
            [0.05, 0.02],
            Residual(ResidualKind.VARIANCE_SUM, float(np.sqrt(0.5)), ROOT),
        )
        dose, seen = Dose(0.0, 100.0, 100.0 / 1200.0), [Level(1.0, 75.0), Level(6.0, 25.0), Level(24.0, 7.0)]
        below = Subject([dose], [*seen, Level(48.0, 1.0, below_limit=True)]).mode(model)
        assert below.eta == pytest.approx(np.array([-4.27451e-2, -1.22636e-1]), abs=2e-6)
        as_it_is = Subject([dose], [*seen, Level(48.0, 1.0)]).mode(model)
        assert as_it_is.eta == pytest.approx(np.array([-7.06898e-2, -1.13914e-1]), abs=2e-6)

    def test_clearance_and_volume_are_those_of_pkpdmap(self) -> None:
        # InsightRX/PKPDmap, tests/testthat/test-get_map_estimates.R, commit 07556e6d: limit of 500, additive error.
        times = (0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 23.9, 36.0, 47.9)
        values = (1119.1, 1257.4, 916.38, 801.13, 668.57, 590.21, 581.08, 419.31, 190.41, 607.38, 432.71)
        model = population(
            compartments(1, unit="ug/L", scale=1000.0),
            {CLEARANCE: 7.67, CENTRAL_VOLUME: 97.7},
            (CLEARANCE, CENTRAL_VOLUME),
            [[0.0406, 0.0623], [0.0623, 0.117]],
            Residual(ResidualKind.VARIANCE_SUM, float(np.sqrt(1.73e4)), 0.0),
        )
        levels = [
            Level(time, max(value, 500.0), below_limit=value < 500.0) for time, value in zip(times, values, strict=True)
        ]
        subject = Subject([Dose(0.0, 100.0), Dose(24.0, 100.0)], levels)
        found = subject.parameters(model, subject.mode(model).eta)
        assert found[CLEARANCE] == pytest.approx(7.469, abs=6e-4)
        assert found[CENTRAL_VOLUME] == pytest.approx(92.382, abs=2e-3)


def test_covariates_of_every_record_are_carried_backward_as_nonmem_does() -> None:
    """Run 302 of mapbayr's validation, patient 1: weight and sex change with each record.

    Source: levenc/posologyr (AGPL-3.0) tests/testthat/test_map_nm.R, commit 0217819d, with NONMEM's etas; the same
    subject is ID 1 of FelicienLL/mapbayr-CPTPSP-2021 data/data_to_fit302.csv. Nothing is absorbed, so the third eta
    stays 0.
    """
    model = population(
        compartments(1, oral=True),
        lambda values: {
            CLEARANCE: 4.0 * (values["weight_kg"] / 75.0) ** 1.5 * 0.75 ** values["female"],
            CENTRAL_VOLUME: 70.0,
            ABSORPTION: 1.0,
        },
        (CLEARANCE, CENTRAL_VOLUME, ABSORPTION),
        [0.2, 0.2, 0.2],
        Residual(ResidualKind.SD_SUM, 0.0, float(np.sqrt(0.05))),
    )
    times = (0.0, 1.5, 4.4, 7.1, 24.6, 72.0, 96.0, 120.0, 144.0, 168.0, 192.0, 216.0)
    subject = Subject(
        [Dose(time, 10000.0, 1.0) for time in (0.0, *times[5:])],
        [Level(1.5, 107.267), Level(4.4, 100.995), Level(7.1, 54.0546), Level(24.6, 5.97081)],
        epochs_h=times,
        covariates={
            "weight_kg": [77, 113, 92, 132, 126, 128, 41, 56, 68, 45, 93, 126],
            "female": [0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1],
        },
        carry=CarryRule.BACKWARD,
    )
    eta = subject.mode(model).eta
    assert eta[:2] == pytest.approx(np.array([0.398845969, 0.0762201167]), rel=1e-5)
    assert eta[2] == 0.0
