"""Twelve volunteers given theophylline by mouth: modes, full covariance and objective of another independent engine.

Source: tdmore-dev/tdmore (AGPL-3.0), tests/testthat/testTheo.R, commit 122b9044: the NONMEM theophylline data (320 mg
each) under the population fit of the same test; the covariance there is the inverse of the full Hessian of the negative
log density, the objective twice the negative log joint density with all its constants. Data: Boeckmann AJ, Sheiner LB,
Beal SL, NONMEM Users Guide, Part V.
"""

import numpy as np
import pytest

from tests.oracles.subject import Subject, population
from twins.pharmacology.population import Eta
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE, compartments
from twins.quantities.dose import Dose, Route
from twins.samples.course import Level

KA, V, K = 1.49072, 32.4470, 0.0872901
OMEGA = np.array(
    [
        [4.34717e-1, 5.69202e-2, -6.48548e-3],
        [5.69202e-2, 1.93995e-2, 1.20830e-2],
        [-6.48548e-3, 1.20830e-2, 2.02334e-2],
    ]
)
THEOPHYLLINE = population(
    compartments(1, oral=True),
    {CLEARANCE: K * V, CENTRAL_VOLUME: V, ABSORPTION: KA},
    (
        Eta("ka", ((ABSORPTION, 1.0),)),
        Eta("V", ((CENTRAL_VOLUME, 1.0), (CLEARANCE, 1.0))),
        Eta("k", ((CLEARANCE, 1.0),)),
    ),
    OMEGA,
    Residual(ResidualKind.VARIANCE_SUM, 0.2878263, 0.1305320),
)

# Times h, levels mg/L, etas of ka, V and k, lower triangle of their covariance, objective.
VOLUNTEERS = (
    (
        (0, 0.25, 0.57, 1.12, 2.02, 3.82, 5.1, 7.03, 9.05, 12.12, 24.37),
        (0.74, 2.84, 6.57, 10.5, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28),
        (-0.1046606642, -0.19253955, -0.2793854915),
        (0.0210834141, 0.00366572693, 0.00190834017, -0.00205399845, -0.000424878878, 0.00303833865),
        29.14106908,
    ),
    (
        (0, 0.27, 0.52, 1, 1.92, 3.5, 5.02, 7.03, 9, 12, 24.3),
        (0, 1.72, 7.91, 8.31, 8.33, 6.85, 6.08, 5.4, 4.55, 3.01, 0.9),
        (0.329025944, 0.05632062539, 0.04406272316),
        (0.0287458887, 0.0041189832, 0.00189919169, -0.00285799735, -0.000449896882, 0.00344265672),
        27.5313633,
    ),
    (
        (0, 0.27, 0.58, 1.02, 2.02, 3.62, 5.08, 7.07, 9, 12.15, 24.17),
        (0, 4.4, 6.9, 8.2, 7.8, 7.5, 6.2, 5.3, 4.9, 3.7, 1.05),
        (0.4111136908, 0.04390441374, -0.0129154415),
        (0.0298933752, 0.00424709825, 0.00190660481, -0.00301228511, -0.000505294722, 0.00333370436),
        8.560985106,
    ),
    (
        (0, 0.35, 0.6, 1.07, 2.13, 3.5, 5.02, 7.02, 9.02, 11.98, 24.65),
        (0, 1.89, 4.6, 8.6, 8.38, 7.54, 6.88, 5.78, 5.33, 4.19, 1.15),
        (-0.3441712955, -0.04207783118, 0.0156405169),
        (0.0194801436, 0.00354080103, 0.00195164892, -0.00210379692, -0.000434323024, 0.00328374877),
        18.78111204,
    ),
    (
        (0, 0.3, 0.52, 1, 2.02, 3.5, 5.02, 7.02, 9.1, 12, 24.35),
        (0, 2.02, 5.63, 11.4, 9.33, 8.74, 7.56, 7.09, 5.9, 4.37, 1.57),
        (-0.03030593582, -0.1088246922, -0.09572110454),
        (0.0207037735, 0.00339942558, 0.00178642866, -0.00214511419, -0.000412883532, 0.00333994994),
        29.89668818,
    ),
    (
        (0, 0.27, 0.58, 1.15, 2.03, 3.57, 5, 7, 9.22, 12.1, 23.85),
        (0, 1.29, 3.08, 6.44, 6.32, 5.53, 4.94, 4.02, 3.46, 2.78, 0.92),
        (-0.4710919054, 0.1379888096, 0.2327759432),
        (0.0219578633, 0.00414907513, 0.00230468979, -0.00214015237, -0.000314851567, 0.00351935834),
        13.81296166,
    ),
    (
        (0, 0.25, 0.5, 1.02, 2.02, 3.48, 5, 6.98, 9, 12.05, 24.22),
        (0.15, 0.85, 2.35, 5.02, 6.58, 7.09, 6.66, 5.25, 4.39, 3.53, 1.15),
        (-0.858244023, 0.002919142431, 0.1464354358),
        (0.0168548047, 0.00355442832, 0.0021954984, -0.00167023723, -0.000297007127, 0.00345425474),
        10.66764506,
    ),
    (
        (0, 0.25, 0.52, 0.98, 2.02, 3.53, 5.05, 7.15, 9.07, 12.1, 24.12),
        (0, 3.05, 3.05, 7.31, 7.56, 6.59, 5.88, 4.73, 4.57, 3, 1.25),
        (-0.06823716004, 0.07082941395, 0.07920413396),
        (0.0247346001, 0.00396088657, 0.00206583339, -0.00250563916, -0.000388750719, 0.00342739506),
        13.64141078,
    ),
    (
        (0, 0.3, 0.63, 1.05, 2.02, 3.53, 5.02, 7.17, 8.8, 11.6, 24.43),
        (0, 7.37, 9.03, 7.14, 6.33, 5.66, 5.67, 4.24, 4.11, 3.16, 1.12),
        (1.334961755, 0.1774516121, -0.01260391205),
        (0.0682591353, 0.0061690925, 0.00189046725, -0.00604430915, -0.000531060444, 0.00382690833),
        14.33921164,
    ),
    (
        (0, 0.37, 0.77, 1.02, 2.05, 3.55, 5.05, 7.08, 9.38, 12.1, 23.7),
        (0.24, 2.89, 5.22, 6.41, 7.83, 10.21, 9.18, 8.02, 7.14, 5.68, 2.42),
        (-0.7131716056, -0.214528821, -0.1491847097),
        (0.0153118558, 0.00310710577, 0.00188226072, -0.00180767831, -0.000444448641, 0.00322080957),
        13.89815083,
    ),
    (
        (0, 0.25, 0.5, 0.98, 1.98, 3.6, 5.02, 7.03, 9.03, 12.12, 24.08),
        (0, 4.86, 7.24, 8, 6.81, 5.87, 5.22, 4.45, 3.62, 2.69, 0.86),
        (0.865596068, 0.1763368997, 0.07779192674),
        (0.0403415143, 0.00503929584, 0.001986319, -0.00369438417, -0.000462263675, 0.0035602853),
        7.942786039,
    ),
    (
        (0, 0.25, 0.5, 1, 2, 3.52, 5.07, 7.07, 9.03, 12.05, 24.15),
        (0, 1.25, 3.96, 7.82, 9.72, 9.75, 8.57, 6.59, 6.11, 4.57, 1.17),
        (-0.4961723775, -0.1347165287, -0.02920688249),
        (0.0149459624, 0.00285679898, 0.00177270549, -0.00173649805, -0.000408881433, 0.00335456279),
        20.90788979,
    ),
)


@pytest.mark.parametrize("number", range(12))
def test_mode_covariance_and_objective_agree(number: int) -> None:
    times, values, etas, covariance, objective = VOLUNTEERS[number]
    levels = [Level(time, value) for time, value in zip(times, values, strict=True)]
    subject = Subject([Dose(0.0, 320.0, route=Route.ORAL)], levels)
    evidence = subject.evidence(THEOPHYLLINE)
    mode = subject.mode(THEOPHYLLINE)
    assert mode.eta == pytest.approx(np.array(etas), abs=2e-6)
    full = np.linalg.inv(0.5 * evidence.hessian(mode.eta))
    assert full[np.tril_indices(3)] == pytest.approx(np.array(covariance), rel=1e-4)
    constants = (len(times) + 3) * np.log(2.0 * np.pi) + np.linalg.slogdet(OMEGA)[1]
    assert mode.objective + constants == pytest.approx(objective, abs=1e-6)
