"""Fits of NONMEM 7 to ten simulated patients under Thomson 2009: the engine's mode and predictions against them.

Source: InsightRX/mipdeval (MIT), inst/extdata/nm_vanco.csv and vanco_thomson.csv, commit 2c6e082b. `OBS` k of the
second file is the fit to the first k levels; its PRED and IPRED are at every record. Creatinine clearance is in L/h
there, and covariates hold for the interval that their record ends (NOCB). The figures of the first patient are
transcribed below so that the comparison remains where the files are not at hand.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from twins.estimation.evidence import Evidence
from twins.estimation.map import find_mode
from twins.pharmacology.covariates import CLEARANCE, CovariateHistory, typical_parameters
from twins.pharmacology.formulary import model
from twins.quantities.dose import Dose
from twins.solvers.system import CarryRule

Array = NDArray[np.float64]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "insightrx_mipdeval"
THOMSON = model("vancomycin-thomson-2009")
TOLERANCE = 1e-3
"""What the issue asks for; the printed figures have five digits, so 5e-5 is what can be seen."""

Record = dict[str, float]

TIMES = (0.0, 12.0, 15.0, 23.0, 24.0, 50.0, 55.0, 71.0)
DOSES = (0.0, 12.0, 24.0)  # 1500 mg over 2 h each
LEVEL_TIMES = (15.0, 23.0, 50.0, 55.0, 71.0)
# Patient 1: one record of covariates throughout. PRED, and IPRED after 1 to 4 levels, in the file's order.
WEIGHT_1, CRCL_1 = 82.70184209443576, 3.687141315101773
LEVELS_1 = (38.9, 26.9, 12.1, 7.5, 5.4)
PRED_1 = (0.0, 11.075, 31.603, 17.777, 16.708, 11.372, 9.8578, 6.9434)
IPRED_1 = {
    1: (0.0, 12.532, 34.796, 20.443, 19.321, 13.879, 12.048, 8.2755),
    2: (0.0, 14.221, 36.901, 24.211, 23.207, 18.364, 15.788, 9.8553),
    3: (0.0, 13.859, 37.000, 22.115, 20.831, 13.019, 10.918, 7.2586),
    4: (0.0, 13.937, 37.232, 21.899, 20.547, 11.317, 9.0926, 5.4577),
}


def _evidence(records: list[Record], levels: int | None) -> Evidence:
    """The first `levels` levels of a patient, or every record (to predict at) when None."""
    times = np.array([record["TIME"] for record in records])
    values = {
        CLEARANCE: np.array([record["CRCL"] * 1000.0 / 60.0 for record in records]),
        "weight_kg": np.array([record["WT"] for record in records]),
        "haemodialysis": np.zeros(times.size),
    }
    chart = CovariateHistory(times, values, typical_parameters(THOMSON, values), np.zeros(times.size, dtype=np.bool_))
    doses = [Dose(r["TIME"], r["AMT"], r["AMT"] / r["RATE"]) for r in records if r["EVID"] == 1]
    used = records if levels is None else [record for record in records if record["EVID"] == 0][:levels]
    return Evidence.gather(
        THOMSON, chart, doses, [r["TIME"] for r in used], [r["DV"] for r in used], rule=CarryRule.BACKWARD
    )


def _population_and_individual(records: list[Record], levels: int) -> tuple[Array, Array]:
    mode = find_mode(_evidence(records, levels))
    assert mode.converged
    population, individual = _evidence(records, None).predict(np.vstack([np.zeros(4), mode.eta]))
    return population, individual


def _error(found: Array, expected: Array) -> float:
    seen = expected > 0
    return float(np.max(np.abs(found[seen] / expected[seen] - 1.0)))


def _read(name: str) -> list[Record]:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the NONMEM files are not at hand ({name} is not beside the repository)")
    with path.open(newline="") as lines:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]


@pytest.mark.parametrize("patient", range(1, 11))
def test_all_fits_of_a_patient_agree_with_nonmem(patient: int) -> None:
    records = [record for record in _read("nm_vanco.csv") if record["ID"] == patient]
    printed = [record for record in _read("vanco_thomson.csv") if record["ID"] == patient]
    for levels in range(1, 6):
        expected = [record for record in printed if record["OBS"] == levels]
        assert [record["TIME"] for record in expected] == [record["TIME"] for record in records]
        population, individual = _population_and_individual(records, levels)
        assert _error(population, np.array([record["PRED"] for record in expected])) < TOLERANCE
        assert _error(individual, np.array([record["IPRED"] for record in expected])) < TOLERANCE


def test_the_first_patient_as_transcribed_agrees_with_nonmem() -> None:
    measured = dict(zip(LEVEL_TIMES, LEVELS_1, strict=True))
    records = [
        {
            "TIME": time,
            "EVID": 1.0 if time in DOSES else 0.0,
            "DV": measured.get(time, 0.0),
            "AMT": 1500.0,
            "RATE": 750.0,
            "WT": WEIGHT_1,
            "CRCL": CRCL_1,
        }
        for time in TIMES
    ]
    for levels, expected in IPRED_1.items():
        population, individual = _population_and_individual(records, levels)
        assert _error(population, np.array(PRED_1)) < 1e-4
        assert _error(individual, np.array(expected)) < 1e-4
