"""Monolix 2023R1's individual modes for warfarin: 32 patients, three covariate models of one structure.

Source: nlmixr2/monolix2rx (MIT), the Monolix demos warfarin_covariate1 to 3; one compartment by mouth with lag, all
four parameters log-normal, residual sd = a + b f. The data are those of O'Reilly, Circulation 1968;38:169-177. The lag
makes the objective kinked and, with few early levels, bumpy: a fit from one start alone misses some of these modes.

Not compared: the folder holds no PK/PD run (the effect, `dvid` 2, is in the data alone).
"""

from typing import NamedTuple

import numpy as np
import pytest

from tests.oracles.subject import Subject, population, read
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE, LAG, compartments
from twins.quantities.dose import Dose, Route
from twins.samples.course import Level

PRINTED = 1e-5
"""Monolix prints six digits."""
ETAS = (LAG, ABSORPTION, CENTRAL_VOLUME, CLEARANCE)


def _model(
    typical: tuple[float, ...],
    spread: tuple[float, ...],
    a: float,
    b: float,
    weight: tuple[float, float] = (0.0, 0.0),
    female: tuple[float, float] = (0.0, 0.0),
) -> PopulationModel:
    lag, absorption, volume, clearance = typical
    return population(
        compartments(1, oral=True, lag=True),
        lambda values: {
            LAG: lag,
            ABSORPTION: absorption,
            CENTRAL_VOLUME: volume
            * np.exp(weight[0] * np.log(values["weight_kg"] / 70.0) + female[0] * (1.0 - values["male"])),
            CLEARANCE: clearance
            * np.exp(weight[1] * np.log(values["weight_kg"] / 70.0) + female[1] * (1.0 - values["male"])),
        },
        ETAS,
        np.square(spread),
        Residual(ResidualKind.SD_SUM, a, b),
    )


MODELS = {
    "w1": _model(
        (0.764322535850091, 1.45620698534217, 7.96019644663432, 0.132481552644036),
        (0.605115662973185, 1.08210228973354, 0.222522809015499, 0.286211422517007),
        0.247145876284213,
        0.0503195895352995,
    ),
    "w2": _model(
        (0.780016055663023, 1.35928759069304, 8.0607521386391, 0.133622588749826),
        (0.541595485175291, 0.850145400049819, 0.136594432002439, 0.263663140318272),
        0.238670616593435,
        0.0526737305673756,
        weight=(0.898951301623242, 0.595223300469559),
    ),
    "w3": _model(
        (0.771438750805779, 1.42775873640368, 8.46609504205801, 0.134437806143132),
        (0.61940678586983, 0.992834041241909, 0.166818280322244, 0.285345299602576),
        0.24818990819019,
        0.0508665778176092,
        female=(-0.382278567256413, -0.0938365059053137),
    ),
}


class Patient(NamedTuple):
    weight: float
    male: float
    dose: float
    levels: tuple[tuple[float, float], ...]
    modes: dict[str, tuple[float, ...]]
    """Lag, absorption, volume and clearance by model."""

    @property
    def subject(self) -> Subject:
        return Subject(
            [Dose(0.0, self.dose, route=Route.ORAL)],
            [Level(*measured) for measured in self.levels],
            covariates={"weight_kg": [self.weight], "male": [self.male]},
        )


PATIENTS = {
    2: Patient(
        66.7,
        1.0,
        100.0,
        (
            (0.5, 0.02),
            (2.0, 8.4),
            (3.0, 9.7),
            (6.0, 9.8),
            (12.0, 11.0),
            (24.0, 8.3),
            (36.0, 7.7),
            (48.0, 6.3),
            (72.0, 4.1),
            (96.0, 3.0),
            (120.0, 1.4),
        ),
        {
            "w1": (0.608268, 0.81841, 8.31658, 0.128488),
            "w2": (0.646496, 0.831658, 8.27001, 0.128692),
            "w3": (0.619934, 0.833541, 8.35059, 0.128493),
        },
    ),
    4: Patient(
        40.0,
        0.0,
        60.0,
        (
            (3.0, 11.1),
            (6.0, 11.9),
            (9.0, 9.8),
            (12.0, 11.0),
            (24.0, 8.5),
            (36.0, 7.6),
            (48.0, 5.4),
            (72.0, 4.5),
            (96.0, 3.3),
            (120.0, 2.3),
        ),
        {
            "w1": (0.807632, 1.42138, 5.08214, 0.0724521),
            "w2": (0.790545, 1.3296, 5.01088, 0.0720812),
            "w3": (0.805679, 1.38621, 5.0533, 0.072404),
        },
    ),
    11: Patient(
        82.0,
        1.0,
        123.0,
        (
            (1.5, 11.4),
            (3.0, 15.4),
            (6.0, 17.5),
            (12.0, 14.0),
            (24.0, 9.0),
            (36.0, 8.9),
            (48.0, 6.6),
            (72.0, 4.2),
            (96.0, 3.6),
            (120.0, 2.6),
        ),
        {
            "w1": (0.732436, 1.54459, 7.47479, 0.130959),
            "w2": (0.749699, 1.62422, 7.59228, 0.131063),
            "w3": (0.739158, 1.57117, 7.50922, 0.130999),
        },
    ),
    30: Patient(
        70.0,
        1.0,
        105.0,
        ((24.0, 9.9), (36.0, 7.5), (48.0, 6.5), (72.0, 4.1), (96.0, 2.9), (120.0, 2.3)),
        {
            "w1": (0.768677, 1.43211, 7.76235, 0.124596),
            "w2": (0.787224, 1.32983, 7.83542, 0.124815),
            "w3": (0.784475, 1.3711, 7.87548, 0.124782),
        },
    ),
}


def _found(name: str, patient: Patient) -> list[float]:
    model = MODELS[name]
    parameters = patient.subject.parameters(model, patient.subject.mode(model).eta)
    return [parameters[eta] for eta in ETAS]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("number", PATIENTS)
def test_the_transcribed_modes_agree_with_monolix(number: int, name: str) -> None:
    patient = PATIENTS[number]
    assert _found(name, patient) == pytest.approx(patient.modes[name], rel=PRINTED)


@pytest.mark.parametrize("name", MODELS)
def test_all_modes_agree_with_monolix(name: str) -> None:
    rows = read("monolix2rx/data/warfarin_data.csv")
    printed = read(f"monolix2rx/{name}/IndividualParameters/estimatedIndividualParameters.txt")
    assert len(printed) == 32
    for line in printed:
        own = [row for row in rows if row["id"] == line["id"]]
        patient = Patient(
            float(own[0]["wt"]),
            float(own[0]["sex"]),
            next(float(row["amt"]) for row in own if row["amt"] != "."),
            tuple((float(row["time"]), float(row["dv"])) for row in own if row["dvid"] == "1" and row["dv"] != "."),
            {name: tuple(float(line[f"{key}_mode"]) for key in ("Tlag", "ka", "V", "Cl"))},
        )
        assert _found(name, patient) == pytest.approx(patient.modes[name], rel=PRINTED), line["id"]
