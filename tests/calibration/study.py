"""`Calibration`: simulated patients of one model, fitted as a twin is, and where each truth lies in its posterior.

Effects are drawn from the model's own population, levels from its own residual error; the posterior of each patient is
then drawn by the product's own way (mode, importance resampling, chains where those fail). If all of it is right, the
truth's rank among the draws is uniform (Talts S et al. 2018, arXiv:1804.06788) and an interval covers it as often as it
says.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from tests.twins.pharmacology.drugs.charts import ADULT, NEWBORN
from twins.estimation.evidence import Evidence
from twins.estimation.map import fit_many
from twins.estimation.posterior import Sampler, draw_posterior
from twins.pharmacology.covariates import CovariateHistory, history
from twins.pharmacology.formulary import model, model_ids
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import ResidualKind
from twins.quantities.dose import Dose, Route
from twins.samples.course import Course, CovariateValue

Array = NDArray[np.float64]

START = datetime(2026, 1, 1, tzinfo=UTC)
BINS = 8
DRAWS = 159
"""One less than a multiple of the bins, so that each holds as many ranks."""


@dataclass(frozen=True)
class Treatment:
    """Doses of the order that the drug is given in, so that levels are neither all error nor without any."""

    amount_mg: float
    interval_h: float
    duration_h: float = 0.0
    route: Route = Route.INTRAVENOUS
    count: int = 3

    @property
    def doses(self) -> tuple[Dose, ...]:
        return tuple(Dose(k * self.interval_h, self.amount_mg, self.duration_h, self.route) for k in range(self.count))


TREATMENTS = {
    "vancomycin": Treatment(1000.0, 12.0, 1.0),
    "gentamicin": Treatment(400.0, 24.0, 0.5),
    "gentamicin-germovsek-2016-neonate": Treatment(12.0, 24.0, 0.5),
    "tobramycin": Treatment(400.0, 24.0, 0.5),
    "amikacin": Treatment(1500.0, 24.0, 0.5),
    "meropenem": Treatment(1000.0, 8.0, 0.5),
    "unbound meropenem": Treatment(1000.0, 8.0, 0.5),
    "piperacillin": Treatment(4000.0, 6.0, 0.5),
    "unbound piperacillin": Treatment(4000.0, 6.0, 0.5),
    "cefepime": Treatment(2000.0, 8.0, 0.5),
    "voriconazole": Treatment(300.0, 12.0, 2.0),
    "tacrolimus": Treatment(5.0, 12.0, route=Route.ORAL),
    "busulfan": Treatment(60.0, 24.0, 3.0),
    "methotrexate": Treatment(5000.0, 72.0, 4.0, count=2),
    "carboplatin": Treatment(500.0, 24.0, 1.0, count=2),
    "cabozantinib": Treatment(60.0, 24.0, route=Route.ORAL),
    "ibrutinib": Treatment(420.0, 24.0, route=Route.ORAL),
    "sunitinib": Treatment(50.0, 24.0, route=Route.ORAL),
    "infliximab": Treatment(400.0, 336.0, 2.0),
    "digoxin": Treatment(0.25, 24.0, route=Route.ORAL),
    "warfarin": Treatment(5.0, 24.0, route=Route.ORAL),
    "phenytoin": Treatment(300.0, 12.0, 0.5),
    "phenobarbital": Treatment(40.0, 24.0, 0.5),
    "theophylline": Treatment(300.0, 12.0, 0.5),
    "caffeine": Treatment(200.0, 12.0, route=Route.ORAL),
    "propofol": Treatment(150.0, 1.0, 0.5),
    "remifentanil": Treatment(0.3, 1.0, 0.5),
}
"""By the drug's name, or the model's id where it is for others than the drug's usual patients."""

SHARES = (0.2, 1.0, 2.5)
"""When levels are taken, in dosing intervals after the first dose; those of a second output at the last two."""


def calibrated_models() -> tuple[str, ...]:
    """Ids of all models of the formulary that state a residual error."""
    return tuple(name for name in model_ids() if model(name).residuals)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of the truth among the draws, shape (patients, quantities), from 0 to `DRAWS`."""

    model_id: str
    names: tuple[str, ...]
    ranks: Array
    chains: int
    """Of how many patients the draws came from Markov chains."""
    unconverged: int

    @property
    def p_values(self) -> Array:
        """Of each quantity's ranks by a chi-square test against uniform, shape (quantities,)."""
        patients = self.ranks.shape[0]
        edges = np.linspace(0, DRAWS + 1, BINS + 1)
        found = []
        for column in self.ranks.T:
            counts, _ = np.histogram(column, edges)
            statistic = float(np.sum((counts - patients / BINS) ** 2) / (patients / BINS))
            found.append(float(chi2.sf(statistic, BINS - 1)))
        return np.array(found)

    def coverage(self, level: float) -> Array:
        """Share of patients whose truth lies in the central interval of that level, shape (quantities,)."""
        tail = 0.5 * (1.0 - level) * (DRAWS + 1)
        return np.asarray(np.mean((self.ranks >= tail - 0.5) & (self.ranks <= DRAWS + 0.5 - tail), axis=0))


def course_of(chosen: PopulationModel) -> Course:
    """A patient with the chart that the formulary's own tests use, treated as `TREATMENTS` has it."""
    chart = NEWBORN if "neonate" in chosen.id or chosen.drug == "phenobarbital" else ADULT
    treatment = TREATMENTS.get(chosen.id, TREATMENTS[chosen.drug])
    return Course(
        drug=chosen.drug,
        start=START,
        until_h=treatment.interval_h * treatment.count,
        doses=treatment.doses,
        covariates=tuple(CovariateValue(name, 0.0, value) for name, value in chart.items()),
    )


def sampling(chosen: PopulationModel) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Times of the levels and the output of each."""
    treatment = TREATMENTS.get(chosen.id, TREATMENTS[chosen.drug])
    first, *others = [output.name for output in chosen.system.outputs if output.name in chosen.residuals]
    shares = [share for share in SHARES if share <= treatment.count]
    times = [share * treatment.interval_h for share in shares]
    outputs = [first] * len(times)
    for name in others:
        times += [share * treatment.interval_h + 0.01 for share in shares[-2:]]
        outputs += [name] * 2
    return tuple(times), tuple(outputs)


def calibrate(model_id: str, *, patients: int, seed: int = 1) -> Calibration:
    """Simulate, fit and rank; the quantities are each effect, and the first output between two levels."""
    chosen = model(model_id)
    course = course_of(chosen)
    chart = history(chosen, course)
    times, outputs = sampling(chosen)
    blank = _evidence(chosen, chart, course, times, outputs, np.ones(len(times)))
    between = _evidence(chosen, chart, course, (0.5 * (times[0] + times[1]),), (), np.ones(1))
    stream = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, _key(model_id)))))
    truths = blank.effects(stream.standard_normal((patients, blank.size)))
    measured = _measure(chosen, outputs, blank.predict(truths), stream)
    evidences = [_evidence(chosen, chart, course, times, outputs, row) for row in measured]
    modes = fit_many(evidences)
    moved = np.flatnonzero(np.diag(blank.omega) > 0.0)
    ranks = np.empty((patients, moved.size + 1))
    chains = 0
    for k, (evidence, mode) in enumerate(zip(evidences, modes, strict=True)):
        posterior = draw_posterior(evidence, mode, seed=seed + k, draws=DRAWS)
        chains += posterior.sampler is Sampler.CHAINS
        ranks[k, :-1] = np.sum(posterior.draws[:, moved] < truths[k, moved], axis=0)
        known = between.size
        values = between.predict(np.vstack([truths[k, :known], posterior.draws[:, :known]]))[:, 0]
        ranks[k, -1] = np.sum(values[1:] < values[0])
    names = (*(blank.individual.names[k] for k in moved), f"{chosen.system.outputs[0].name} between two levels")
    return Calibration(model_id, names, ranks, chains, sum(not mode.converged for mode in modes))


def _evidence(
    chosen: PopulationModel,
    chart: CovariateHistory,
    course: Course,
    times: tuple[float, ...],
    outputs: tuple[str, ...],
    values: Array,
) -> Evidence:
    return Evidence.gather(chosen, chart, course.doses, times, list(values), outputs=outputs)


def _measure(chosen: PopulationModel, outputs: tuple[str, ...], values: Array, stream: np.random.Generator) -> Array:
    found = np.empty_like(values)
    for j, name in enumerate(outputs):
        residual = chosen.residuals[name]
        error = stream.standard_normal(values.shape[0]) * np.sqrt(residual.variance(values[:, j]))
        logged = residual.kind is ResidualKind.LOG
        found[:, j] = values[:, j] * np.exp(error) if logged else values[:, j] + error
    return found


def _key(model_id: str) -> int:
    """A number of the model's own, so that its simulation does not depend on the models before it."""
    return int.from_bytes(model_id.encode()[-8:], "big")
