"""Fits of NONMEM 7 to ten simulated patients under Shukla 2020: occasions, and covariates carried backward.

Source: InsightRX/mipdeval (MIT), inst/extdata/nm_busulfan.csv and busulfan_shukla.csv, commit 2c6e082b. `OBS` k of the
second file is the fit to the first k levels; IPRED, CL and V are at every record. A new occasion begins every 24 h, and
clearance falls by 13.5 % from 24 h on; both change with the record (NOCB), so from the record before on. Levels ng/mL.
Fat-free mass by Al-Sallami et al., Clin Pharmacokinet 2015;54:1169-1178, doi:10.1007/s40262-015-0277-z. The file holds
one patient's 20 levels, in four days of five; the first patient is transcribed below.
"""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.oracles.subject import Record, Subject, numbers, occasions, population, read_numbers, relative
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, compartments
from twins.quantities.dose import Dose
from twins.samples.course import Level
from twins.solvers.system import CarryRule

TOLERANCE = 3e-4
"""Five digits are printed; an independent script of the same fits agreed to 2.2e-4."""


def _fat_free_mass(weight: np.ndarray, height: np.ndarray, age: np.ndarray, male: np.ndarray) -> np.ndarray:
    index = weight / (height / 100.0) ** 2
    man = (0.88 + 0.12 / (1.0 + (age / 13.4) ** -12.7)) * 9270.0 * weight / (6680.0 + 216.0 * index)
    woman = (1.11 - 0.11 / (1.0 + (age / 7.1) ** -1.1)) * 9270.0 * weight / (8780.0 + 244.0 * index)
    return np.where(male > 0.5, man, woman)


def _typical(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    lean = _fat_free_mass(values["weight_kg"], values["height_cm"], values["age_y"], values["male"])
    maturity = 0.451 + 0.549 * (1.0 - np.exp(-1.37 * values["age_y"]))
    later = 1.0 - 0.135 * (values["time_h"] >= 24.0)
    return {
        CLEARANCE: 3.96 * (lean / 12.0) ** 0.75 * maturity * (1.0 - 0.2 * values["regimen"]) * later,
        CENTRAL_VOLUME: 10.8 * lean / 12.0,
    }


SHUKLA = population(
    compartments(1, unit="ng/mL", scale=1000.0),
    _typical,  # type: ignore[arg-type]
    (CLEARANCE, CENTRAL_VOLUME),
    [[0.0595, 0.0323], [0.0323, 0.0293]],
    Residual(ResidualKind.VARIANCE_SUM, 22.2, 0.106),
    occasions=occasions((CLEARANCE, CENTRAL_VOLUME), (0.01658944, 0.01779556)),
)

TIMES = tuple(24.0 * day + hour for day in range(4) for hour in (0.0, 3.5, 5.0, 6.0, 8.0, 12.0))
LEVELS = numbers(
    "1704.0872615861597 1083.830919167136 496.05320031963953 261.43473163379304 56.08877566834478 "
    "1517.558943035154 1074.9044778920163 778.8243613105377 370.43862090202134 108.90921944772174 "
    "1805.2885133868394 1338.546357148828 919.0680531846244 374.48451600497793 130.0063515044631 "
    "1924.1689628738677 1188.30219675179 739.1021484573813 371.8024592675335 59.2776622724997"
)
# Patient 1, after one level: IPRED, CL and V at each record.
IPRED_1 = numbers(
    "0.0 1729.2 1000.9 695.22 335.39 78.054 1.8625 1922.5 1203.1 880.16 471.10 134.97 3.1735 1923.0 1203.3 "
    "880.36 471.21 135.00 3.1742 1923.0 1203.3 880.36 471.21 135.00"
)


def _records(number: int) -> list[Record]:
    return [record for record in read_numbers("insightrx_mipdeval/nm_busulfan.csv") if record["ID"] == number]


def _subject(records: Sequence[Record]) -> Subject:
    names = {"weight_kg": "WT", "height_cm": "HT", "age_y": "AGE", "male": "SEX", "regimen": "REGI", "time_h": "TIME"}
    times = [record["TIME"] for record in records]
    return Subject(
        [Dose(r["TIME"], r["AMT"], r["AMT"] / r["RATE"]) for r in records if r["EVID"] == 1],
        [Level(r["TIME"], r["DV"]) for r in records if r["EVID"] == 0],
        epochs_h=times,
        covariates={name: [record[column] for record in records] for name, column in names.items()},
        carry=CarryRule.BACKWARD,
        occasion=[int(time // 24) for time in times],
    )


FIRST = [
    {
        "TIME": time,
        "EVID": 1.0 if time % 24.0 == 0.0 else 0.0,
        "AMT": 50.0,
        "RATE": 50.0 / 3.0,
        "DV": 0.0,
        "AGE": 5.0,
        "WT": 16.0,
        "HT": 148.0,
        "SEX": 0.0,
        "REGI": 0.0,
    }
    for time in TIMES
]
for _record, _value in zip([r for r in FIRST if r["EVID"] == 0.0], LEVELS, strict=True):
    _record["DV"] = _value
# Clearance and volume on each of four days, after 1, 6 and 20 levels.
DAYS_1 = {
    1: ((5.3412, 4.5129, 4.5129, 4.5129), (14.655, 14.441, 14.441, 14.441)),
    20: ((5.6136, 5.1488, 4.5827, 4.8639), (13.425, 15.378, 13.964, 12.992)),
}


def _days(subject: Subject, effects: np.ndarray) -> tuple[list[float], list[float]]:
    found = [subject.parameters(SHUKLA, effects, epoch=6 * day) for day in range(4)]
    return [day[CLEARANCE] for day in found], [day[CENTRAL_VOLUME] for day in found]


@pytest.mark.parametrize("levels", DAYS_1)
def test_the_transcribed_patient_has_the_clearance_and_volume_of_nonmem_on_each_day(levels: int) -> None:
    subject = _subject(FIRST)
    clearance, volume = _days(subject, subject.mode(SHUKLA, levels).eta)
    assert clearance == pytest.approx(DAYS_1[levels][0], rel=TOLERANCE)
    assert volume == pytest.approx(DAYS_1[levels][1], rel=TOLERANCE)


def test_the_transcribed_patient_has_the_predictions_of_nonmem() -> None:
    subject = _subject(FIRST)
    found = subject.predict(SHUKLA, subject.mode(SHUKLA, 1).eta, TIMES)
    assert relative(found, IPRED_1) < TOLERANCE


@pytest.mark.parametrize("patient", range(1, 11))
def test_all_fits_of_a_patient_agree_with_nonmem(patient: int) -> None:
    records = _records(patient)
    printed = [row for row in read_numbers("insightrx_mipdeval/busulfan_shukla.csv") if row["ID"] == patient]
    subject = _subject(records)
    times = [record["TIME"] for record in records]
    for levels in (1, 6, 11, 20):
        expected = [row for row in printed if row["OBS"] == levels]
        assert [row["TIME"] for row in expected] == times
        effects = subject.mode(SHUKLA, levels).eta
        assert relative(subject.predict(SHUKLA, effects, times), [row["IPRED"] for row in expected]) < TOLERANCE
        clearance, volume = _days(subject, effects)
        assert clearance == pytest.approx([row["CL"] for row in expected[::6]], rel=TOLERANCE)
        assert volume == pytest.approx([row["V"] for row in expected[::6]], rel=TOLERANCE)
