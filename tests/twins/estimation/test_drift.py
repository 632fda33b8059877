"""Does the patient change: a simulated change of clearance is seen, a steady patient is called steady."""

import numpy as np
import pytest

from tests.factories.courses import course
from twins.estimation.drift import CHANCE, DriftOutcome, drift
from twins.estimation.evidence import Evidence
from twins.pharmacology.formulary import model
from twins.pharmacology.structure import CLEARANCE
from twins.samples.course import Course, Level

THOMSON = model("vancomycin-thomson-2009")
DOSES = [(12.0 * k, 1000.0, 1.0) for k in range(10)]
TIMES = (11.5, 23.5, 35.5, 83.5, 107.5, 119.5)


def levels(eta: float, times: tuple[float, ...] = TIMES) -> np.ndarray:
    bare = course(doses=DOSES, until=120.0, dialysis=0.0)
    row = np.array([[eta, 0.0, 0.0, 0.0]])
    return Evidence.of(THOMSON, bare, [Level(time, 1.0) for time in times]).predict(row)[0]


def chart(values: np.ndarray, times: tuple[float, ...] = TIMES) -> Course:
    measured = [(time, float(value)) for time, value in zip(times, values, strict=True)]
    return course(doses=DOSES, levels=measured, until=120.0, dialysis=0.0)


FAILING = chart(np.concatenate((levels(0.25)[:3], levels(-0.7)[3:])))
STEADY = chart(levels(0.1))


def test_a_patient_whose_clearance_fell_drifts() -> None:
    found = drift(THOMSON, FAILING)
    assert found.outcome is DriftOutcome.DRIFTS
    assert found.chance < CHANCE
    assert all(deviation > 0 for deviation in found.deviations)
    assert found.newer[CLEARANCE] < 0.7 * found.older[CLEARANCE]
    assert "clearance" in found.sentence
    assert "weighs older levels down" in found.sentence


def test_a_steady_patient_does_not() -> None:
    found = drift(THOMSON, STEADY)
    assert found.outcome is DriftOutcome.STEADY
    assert found.chance > 0.2
    assert found.newer[CLEARANCE] == pytest.approx(found.older[CLEARANCE], rel=0.15)
    assert found.sentence.startswith("No drift is seen")


def test_refits_that_trust_newer_levels_come_nearer_to_them() -> None:
    found = drift(THOMSON, FAILING)
    plain, flattened, weighted = found.refits
    assert flattened.options.flatten == 4.0
    assert weighted.options.half_life_h == pytest.approx(27.0)
    assert abs(flattened.missed) < abs(plain.missed)
    assert found.best is flattened

    def away(parameters: dict[str, float]) -> float:
        return sum(abs(np.log(parameters[name] / value)) for name, value in found.newer.items())

    assert away(weighted.parameters) < 0.5 * away(plain.parameters)


def test_the_chance_is_uniform_for_patients_who_do_not_change() -> None:
    # Simulated from the model with its own error: 60 patients, Kolmogorov's distance from uniform at 5 %.
    source = np.random.default_rng(4)
    bare = course(doses=DOSES, until=120.0, dialysis=0.0)
    evidence = Evidence.of(THOMSON, bare, [Level(time, 1.0) for time in TIMES])
    chances = []
    for _ in range(60):
        values = evidence.predict(source.multivariate_normal(np.zeros(4), THOMSON.omega)[None])[0]
        values = values + source.normal(size=values.size) * np.sqrt(THOMSON.residual.variance(values))
        chances.append(drift(THOMSON, chart(np.maximum(values, 0.05))).chance)
    ranks = np.sort(chances)
    distance = np.max(np.abs(ranks - (np.arange(60) + 0.5) / 60)) + 0.5 / 60
    assert distance < 1.36 / np.sqrt(60)


def test_the_split_may_be_named() -> None:
    found = drift(THOMSON, STEADY, since_h=100.0)
    assert found.split_h == 100.0
    assert len(found.deviations) == 2


@pytest.mark.parametrize("values", [(), ((11.5, 12.0),)])
def test_one_level_is_too_few(values: tuple[tuple[float, float], ...]) -> None:
    found = drift(THOMSON, course(doses=DOSES, levels=values, until=120.0, dialysis=0.0))
    assert found.outcome is DriftOutcome.TOO_FEW
    assert found.best is None
    assert "too few" in found.sentence
