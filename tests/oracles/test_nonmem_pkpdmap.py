"""NONMEM 7.2's individual estimates for 100 simulated subjects, full omega and additive error.

Source: InsightRX/PKPDmap (MIT), tests/testthat/nm run1: ADVAN1 TRANS2 with S1 = V/1000, two boluses of 100, FOCE with
interaction and post hoc. The final estimates stand in run1.lst with five digits, which is what can be seen; their
rounding moves a subject's volume by up to 3e-4.
"""

from typing import NamedTuple

import numpy as np
import pytest

from tests.oracles.subject import Subject, population, read_nonmem, relative
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, compartments
from twins.quantities.dose import Dose
from twins.samples.course import Level

MODEL = population(
    compartments(1, unit="ug/L", scale=1000.0),
    {CLEARANCE: 7.6737, CENTRAL_VOLUME: 97.714},
    (CLEARANCE, CENTRAL_VOLUME),
    [[4.0620e-2, 6.2331e-2], [6.2331e-2, 1.1671e-1]],
    Residual(ResidualKind.VARIANCE_SUM, float(np.sqrt(1.7251e4)), 0.0),
)
PRINTED = 4e-4
TIMES = (0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 23.9, 36.0, 47.9)


class Person(NamedTuple):
    levels: tuple[float, ...]
    individual: tuple[float, ...]
    clearance: float
    volume: float


PEOPLE = {
    1: Person(
        (1119.1, 1257.4, 916.38, 801.13, 668.57, 590.21, 581.08, 419.31, 190.41, 607.38, 432.71),
        (1055.8, 1035.7, 996.46, 922.46, 790.54, 677.49, 580.6, 426.42, 170.24, 493.34, 196.95),
        7.1685,
        92.903,
    ),
    2: Person(
        (566.53, 529.05, 516.8, 446.28, 361.15, 329.82, 221.39, 170.8, 181.66, 327.8, 192.11),
        (538.79, 530.82, 515.24, 485.43, 430.89, 382.48, 339.5, 267.5, 131.63, 331.5, 163.12),
        10.897,
        182.86,
    ),
    50: Person(
        (1862.1, 1582.9, 1485.3, 1073.9, 922.62, 716.27, 569.04, 336.55, 301.46, 633.83, 465.95),
        (1550.5, 1512.3, 1438.6, 1301.9, 1066.2, 873.17, 715.1, 479.62, 146.15, 523.27, 159.46),
        6.2819,
        62.905,
    ),
}


def _agree(person: Person) -> None:
    subject = Subject(
        [Dose(0.0, 100.0), Dose(24.0, 100.0)],
        [Level(time, value) for time, value in zip(TIMES, person.levels, strict=True)],
    )
    mode = subject.mode(MODEL)
    parameters = subject.parameters(MODEL, mode.eta)
    assert parameters[CLEARANCE] == pytest.approx(person.clearance, rel=PRINTED)
    assert parameters[CENTRAL_VOLUME] == pytest.approx(person.volume, rel=PRINTED)
    assert relative(subject.predict(MODEL, mode.eta, TIMES), person.individual) < PRINTED


@pytest.mark.parametrize("number", PEOPLE)
def test_the_transcribed_estimates_agree_with_nonmem(number: int) -> None:
    _agree(PEOPLE[number])


def test_all_estimates_agree_with_nonmem() -> None:
    data = read_nonmem("insightrx_pkpdmap_nm/pktab1")
    estimates = read_nonmem("insightrx_pkpdmap_nm/patab1")
    predictions = read_nonmem("insightrx_pkpdmap_nm/sdtab1")
    for number in range(1, 101):
        own = [k for k, row in enumerate(data) if row["ID"] == number and row["EVID"] == 0]
        assert tuple(data[k]["TIME"] for k in own) == TIMES
        _agree(
            Person(
                tuple(data[k]["DV"] for k in own),
                tuple(predictions[k]["IPRED"] for k in own),
                estimates[own[0]]["CL"],
                estimates[own[0]]["V"],
            )
        )
