"""NONMEM 7.4.4's individual estimates under a residual error whose standard deviation is a sum.

Source: metrumresearchgroup/bbr (MIT), inst/model/nonmem/basic run 1: ADVAN2 TRANS2, CL·(WT/70)^0.75, residual
W = IPRED·THETA(4) + THETA(5) with a negative THETA(4), FOCE with interaction and post hoc; the run leaves out ID 2, and
ID 1 has no dose. The .ext file's final estimates have six digits, the tables five.
"""

from typing import NamedTuple

import numpy as np
import pytest

from tests.oracles.subject import Subject, numbers, population, read_nonmem, read_numbers, relative
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE, compartments
from twins.quantities.dose import Dose, Route
from twins.samples.course import Level

ACOP = population(
    compartments(1, oral=True),
    lambda values: {
        CLEARANCE: 54.6151 * (values["weight_kg"] / 70.0) ** 0.75,
        CENTRAL_VOLUME: 462.514,
        ABSORPTION: 2.31716,
    },
    (CLEARANCE, CENTRAL_VOLUME),
    [9.85328e-2, 1.56825e-1],
    Residual(ResidualKind.SD_SUM, 4.17959, -8.20082e-2),
)
PRINTED = 6e-5
TIMES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 4.0, 7.0, 10.0, 13.0, 16.0, 19.0)


class Person(NamedTuple):
    weight: float
    levels: tuple[float, ...]
    population: tuple[float, ...]
    individual: tuple[float, ...]
    clearance: float
    volume: float
    etas: tuple[float, float]
    dose: tuple[float, ...] = (10000.0,)
    times: tuple[float, ...] = TIMES

    @property
    def subject(self) -> Subject:
        return Subject(
            [Dose(0.0, amount, route=Route.ORAL) for amount in self.dose],
            [Level(time, value) for time, value in zip(self.times, self.levels, strict=True)],
            covariates={"weight_kg": [self.weight]},
        )


PEOPLE = {
    3: Person(
        35.0,
        numbers(
            "-0.073757 9.3116 20.167 21.678 24.841 21.191 22.233 25.764 26.171 26.855 24.44 22.379 19.932 "
            "21.774 17.953 12.802 11.368 11.672 7.514"
        ),
        numbers(
            "0.0 9.4159 14.528 17.231 18.587 19.192 19.378 19.332 19.159 18.917 18.639 18.343 18.04 16.835 "
            "13.639 11.049 8.9501 7.2502 5.8732"
        ),
        numbers(
            "0.0 11.907 18.374 21.797 23.517 24.287 24.527 24.475 24.261 23.96 23.614 23.245 22.866 21.359 "
            "17.354 14.098 11.453 9.3047 7.5591"
        ),
        25.333,
        365.8,
        (-0.24833, -0.2346),
    ),
    7: Person(
        62.5,
        numbers(
            "-1.4391 8.5353 13.037 11.623 19.103 22.441 12.201 18.646 16.261 18.519 16.067 13.287 15.586 14.131 "
            "10.141 8.8287 8.5356 10.732 5.6827"
        ),
        numbers(
            "0.0 9.3669 14.365 16.921 18.116 18.554 18.575 18.368 18.039 17.647 17.226 16.794 16.361 14.697 "
            "10.616 7.6675 5.5379 3.9997 2.8888"
        ),
        numbers(
            "0.0 8.3396 12.856 15.234 16.415 16.93 17.074 17.012 16.838 16.604 16.339 16.058 15.772 14.64 "
            "11.671 9.3038 7.4164 5.9119 4.7126"
        ),
        39.437,
        521.83,
        (-0.24062, 0.12066),
    ),
}


def _agree(person: Person) -> None:
    subject = person.subject
    mode = subject.mode(ACOP)
    parameters = subject.parameters(ACOP, mode.eta)
    assert parameters[CLEARANCE] == pytest.approx(person.clearance, rel=PRINTED)
    assert parameters[CENTRAL_VOLUME] == pytest.approx(person.volume, rel=PRINTED)
    assert mode.eta == pytest.approx(np.array(person.etas), rel=PRINTED, abs=5e-6)
    assert relative(subject.predict(ACOP, np.zeros(2), person.times), person.population) < PRINTED
    assert relative(subject.predict(ACOP, mode.eta, person.times), person.individual) < PRINTED


@pytest.mark.parametrize("number", PEOPLE)
def test_the_transcribed_estimates_agree_with_nonmem(number: int) -> None:
    _agree(PEOPLE[number])


def test_all_estimates_agree_with_nonmem() -> None:
    records = read_numbers("bbr_acop_nonmem/acop.csv")
    tables = {row["NUM"]: row for row in read_nonmem("bbr_acop_nonmem/1.tab")}
    for row in read_nonmem("bbr_acop_nonmem/1par.tab"):
        tables[row["NUM"]] |= row
    for number in (*range(3, 41),):
        own = [record for record in records if record["id"] == number]
        seen = [record for record in own if record["evid"] == 0]
        printed = [tables[record["num"]] for record in seen]
        _agree(
            Person(
                own[0]["wt"],
                tuple(record["dv"] for record in seen),
                tuple(row["PRED"] for row in printed),
                tuple(row["IPRED"] for row in printed),
                printed[0]["CL"],
                printed[0]["V"],
                (printed[0]["ETA1"], printed[0]["ETA2"]),
                tuple(record["amt"] for record in own if record["evid"] == 1),
                tuple(record["time"] for record in seen),
            )
        )
