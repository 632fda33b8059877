"""`Subject`: one individual of a published data set, laid before the engine as the publication has it."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from twins.estimation.evidence import Evidence
from twins.estimation.map import Mode, find_mode
from twins.pharmacology.covariates import CovariateHistory
from twins.pharmacology.individual import Individual
from twins.pharmacology.population import Citation, Eta, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual
from twins.quantities.dose import Dose
from twins.samples.course import Level
from twins.solvers.solve import solve
from twins.solvers.system import CarryRule, System
from twins.solvers.timeline import Timeline, tabulate

Array = NDArray[np.float64]
Record = dict[str, float]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles"
"""Where whole data files stand beside the repository, if they do."""

_NOWHERE = Citation("A reference of the tests", "", ())


def population(
    system: System,
    typical: Callable[[Mapping[str, Array]], Mapping[str, ArrayLike]] | Mapping[str, float],
    etas: Sequence[str] | Sequence[Eta],
    omega: ArrayLike,
    residual: Residual | Mapping[str, Residual],
    **others: Any,
) -> PopulationModel:
    """A model of one publication; `omega` is the covariance, or its diagonal, `typical` may be constant."""

    def at(values: Mapping[str, Array]) -> dict[str, Array]:
        found = typical(values) if callable(typical) else typical
        return {name: np.asarray(value, dtype=np.float64) for name, value in found.items()}

    variances = np.asarray(omega, dtype=np.float64)
    effects = tuple(eta if isinstance(eta, Eta) else on(eta)[0] for eta in etas)
    return PopulationModel(
        id="reference",
        version="1",
        drug="reference",
        title="The reference model",
        system=system,
        typical=at,
        etas=effects,
        omega=np.diag(variances) if variances.ndim == 1 else variances,
        omega_convention="variance",
        residuals=residual if isinstance(residual, Mapping) else {system.outputs[0].name: residual},
        covariates=(),
        clinical_inputs=(),
        population="",
        citation=_NOWHERE,
        **others,
    )


def occasions(etas: Sequence[str], variances: Sequence[float]) -> Occasions:
    return Occasions(on(*etas), np.diag(variances))


@dataclass(frozen=True)
class Subject:
    """Doses and levels, and covariates at their records' times; `occasion` counts from 0 at each record."""

    doses: Sequence[Dose]
    levels: Sequence[Level]
    epochs_h: ArrayLike = (0.0,)
    covariates: Mapping[str, ArrayLike] = field(default_factory=dict)
    carry: CarryRule = CarryRule.FORWARD
    occasion: Sequence[int] | None = None

    def chart(self, model: PopulationModel) -> CovariateHistory:
        times = np.asarray(self.epochs_h, dtype=np.float64)
        values = {name: np.asarray(value, dtype=np.float64) for name, value in self.covariates.items()}
        typical = model.typical(values)
        number = times.size
        return CovariateHistory(
            times_h=times,
            values=values,
            typical=np.column_stack([np.broadcast_to(typical[name], (number,)) for name in model.components]),
            estimated=np.zeros(number, dtype=np.bool_),
            occasion=np.asarray(np.zeros(number) if self.occasion is None else self.occasion, dtype=np.int64),
            added=np.zeros((number, len(model.parameters))),
            carry=self.carry,
        )

    def evidence(self, model: PopulationModel, levels: int | None = None) -> Evidence:
        """Of the first `levels` levels, or of all."""
        used = self.levels[:levels]
        return Evidence.gather(
            model,
            self.chart(model),
            self.doses,
            [level.time_h for level in used],
            [level.value for level in used],
            rule=self.carry,
            outputs=[level.output for level in used],
            censored=[level.below_limit for level in used],
        )

    def mode(self, model: PopulationModel, levels: int | None = None) -> Mode:
        found = find_mode(self.evidence(model, levels))
        assert found.converged
        return found

    def parameters(self, model: PopulationModel, effects: ArrayLike, epoch: int = 0) -> dict[str, float]:
        """Individual parameters by name in one epoch."""
        individual = Individual.of(model, self.chart(model))
        found = individual.parameters(individual.widen(effects))
        return dict(zip(model.parameters, map(float, found[0, epoch]), strict=True))

    def predict(self, model: PopulationModel, effects: ArrayLike, times_h: ArrayLike, output: str = "") -> Array:
        """Values at ascending times, shape (times,)."""
        individual = Individual.of(model, self.chart(model))
        timeline = Timeline(
            tabulate(model.system, self.doses),
            individual.times_h,
            np.asarray(times_h, dtype=np.float64),
            carry=self.carry,
        )
        wanted = [output or model.system.outputs[0].name]
        return solve(model.system, individual.parameters(individual.widen(effects)), timeline, outputs=wanted).values[
            0, 0
        ]


def numbers(text: str) -> tuple[float, ...]:
    """Numbers between spaces, as a publication prints them."""
    return tuple(map(float, text.split()))


def relative(found: ArrayLike, expected: ArrayLike) -> float:
    """The largest relative difference where something is expected."""
    right = np.asarray(expected, dtype=np.float64)
    seen = right != 0
    return float(np.max(np.abs(np.asarray(found)[seen] / right[seen] - 1.0)))


def read(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a table beside the repository; the test is skipped, saying so, where it is not."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the file is not at hand ({name} is not beside the repository)")
    with path.open(newline="", encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def read_numbers(name: str) -> list[Record]:
    """A comma-separated table of numbers."""
    return [{key: float(value) for key, value in row.items()} for row in read(name)]


def read_nonmem(name: str) -> list[Record]:
    """A table that NONMEM printed: a title, the names, then numbers between spaces."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"NONMEM's table is not at hand ({name} is not beside the repository)")
    title, names, *rows = path.read_text().splitlines()
    assert title.startswith("TABLE")
    return [dict(zip(names.split(), map(float, row.split()), strict=False)) for row in rows if row.strip()]
