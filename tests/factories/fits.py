"""Fits: one without estimation, of etas given outright, and one of the engine with few draws."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.individualise import individualise
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.samples.course import Course


def certain(model: PopulationModel, eta: Sequence[float] = (), *, draws: ArrayLike | None = None, seed: int = 1) -> Fit:
    """A fit whose mode is `eta` (the typical patient where left out) and whose draws are these, or the mode alone."""
    mode = tuple(eta) or tuple(0.0 for _ in model.etas)
    rows = np.array([mode]) if draws is None else np.asarray(draws, dtype=np.float64)
    return Fit(
        model_id=model.id,
        model_version=model.version,
        seed=seed,
        outcome=FitOutcome.PRIOR_ONLY,
        reason=str(FitOutcome.PRIOR_ONLY.value),
        eta_names=model.eta_on,
        eta=mode,
        covariance=tuple(tuple(row) for row in model.omega.tolist()),
        covariance_kind="given",
        parameters={},
        typical={},
        objective=0.0,
        iterations=0,
        draws=rows,
        effective_sample_size=float(rows.shape[0]),
        proposals=rows.shape[0],
        shrinkage=tuple(0.0 for _ in model.etas),
        residuals=(),
        warnings=(),
    )


def individual(course: Course, model_id: str = "vancomycin-goti-2018", *, draws: int = 100) -> Fit:
    """A fit of the engine's own, which can be forecast; one core makes it in milliseconds."""
    return individualise(formulary.model(model_id), course, seed=1, draws=draws)
