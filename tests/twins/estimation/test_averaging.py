"""Several models of one drug at once: weights, draws in proportion, and models that are left out."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from tests.factories.courses import course
from twins.estimation.averaging import Weighting, average, log_likelihood, shares, weigh
from twins.estimation.evidence import Evidence
from twins.estimation.map import find_mode
from twins.pharmacology.covariates import history
from twins.pharmacology.formulary import model
from twins.pharmacology.population import PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CLEARANCE
from twins.samples.course import Course

Array = NDArray[np.float64]

GOTI, THOMSON, BUELGA = (model(f"vancomycin-{name}") for name in ("goti-2018", "thomson-2009", "buelga-2005"))
MODELS = (GOTI, THOMSON, BUELGA)


def patient(*levels: tuple[float, float]) -> Course:
    return course(doses=[(12.0 * k, 1000.0, 1.0) for k in range(4)], levels=levels, until=48.0, dialysis=0.0)


SEEN = patient((23.5, 14.0), (35.5, 17.5))


def one_eta(kind: ResidualKind = ResidualKind.VARIANCE_SUM) -> PopulationModel:
    """Thomson's model with variability of clearance alone, so that its likelihood is a single integral."""
    residual = Residual(kind, 0.2 if kind is ResidualKind.LOG else 1.6, 0.0 if kind is ResidualKind.LOG else 0.15)
    return replace(
        THOMSON,
        id=f"one-{kind.name}",
        etas=on(CLEARANCE),
        omega=np.array([[0.09]]),
        residuals={"concentration": residual},
    )


def by_quadrature(chosen: PopulationModel) -> float:
    """The marginal likelihood by adaptive quadrature, from densities written out here."""
    evidence = Evidence.of(chosen, SEEN, SEEN.levels)
    observed = np.array([level.value for level in SEEN.levels])
    residual = chosen.residual

    def density(eta: float) -> float:
        f = evidence.predict([[eta]])[0]
        v = residual.variance(f)
        if residual.kind is ResidualKind.LOG:
            terms = np.exp(-0.5 * np.log(observed / f) ** 2 / v) / np.sqrt(2 * np.pi * v) / observed
        else:
            terms = np.exp(-0.5 * (observed - f) ** 2 / v) / np.sqrt(2 * np.pi * v)
        return float(np.prod(terms) * math.exp(-0.5 * eta * eta / 0.09) / math.sqrt(2 * math.pi * 0.09))

    return math.log(quad(density, -2.0, 2.0, epsabs=0.0, epsrel=1e-10)[0])


class TestMarginalLikelihood:
    @pytest.mark.parametrize("kind", [ResidualKind.VARIANCE_SUM, ResidualKind.LOG])
    def test_importance_sampling_gives_what_quadrature_gives(self, kind: ResidualKind) -> None:
        chosen = one_eta(kind)
        evidence = Evidence.of(chosen, SEEN, SEEN.levels)
        found, error = log_likelihood(evidence, find_mode(evidence, hessian=True), seed=3)
        assert error < 0.02
        assert found == pytest.approx(by_quadrature(chosen), abs=4 * error)

    def test_laplace_is_near_and_has_no_chance(self) -> None:
        chosen = one_eta()
        evidence = Evidence.of(chosen, SEEN, SEEN.levels)
        found, error = log_likelihood(evidence, find_mode(evidence, hessian=True), seed=3, laplace=True)
        assert error == 0.0
        assert found == pytest.approx(by_quadrature(chosen), abs=0.03)


class TestMonolix:
    """Monolix 2023R1's -2 log-likelihood of single neonates by importance sampling (its demo phenobarbital_project)."""

    @pytest.mark.parametrize("number", [1, 2, 11, 22])
    def test_each_neonate_has_the_likelihood_of_monolix(self, number: int) -> None:
        from tests.oracles.test_monolix_phenobarbital import NEONATES, PHENOBARBITAL

        evidence = NEONATES[number].subject.evidence(PHENOBARBITAL)
        found, error = log_likelihood(evidence, find_mode(evidence, hessian=True), seed=11)
        # Monolix states a standard error of 0.07 for all 59 together.
        assert -2.0 * found == pytest.approx(NEONATES[number].minus_two_ll, abs=0.03 + 6 * error)


class TestWeights:
    def test_they_add_up_to_one_and_follow_the_likelihoods(self) -> None:
        found = average(MODELS, SEEN, seed=5, draws=400)
        weights = np.array([member.weight for member in found.members])
        scores = np.array([member.evidence for member in found.members])
        assert weights.sum() == pytest.approx(1.0)
        assert weights == pytest.approx(np.exp(scores) / np.exp(scores).sum())
        assert found.best.weight == weights.max()

    def test_the_model_that_made_the_levels_gains_weight_with_each(self) -> None:
        def typical(values: Mapping[str, Array]) -> dict[str, Array]:
            return {**GOTI.typical(values), CLEARANCE: np.full_like(values["weight_kg"], 9.0)}

        far = replace(GOTI, id="far", typical=typical)
        times = (23.5, 35.5, 47.5)
        evidence = Evidence.gather(GOTI, history(GOTI, patient()), patient().doses, times, [1.0] * 3)
        values = evidence.predict(np.zeros((1, evidence.size)))[0]
        levels = [(time, float(value)) for time, value in zip(times, values, strict=True)]
        found = [average((GOTI, far), patient(*levels[:k]), seed=2, draws=50).members[0].weight for k in (0, 1, 3)]
        assert found[0] == 0.5
        assert found[0] < found[1] < found[2]

    def test_without_a_level_they_are_the_prior_ones(self) -> None:
        prior = {GOTI.id: 2.0, THOMSON.id: 1.0, BUELGA.id: 1.0}
        found = average(MODELS, patient(), seed=5, draws=100, prior=prior)
        assert [member.weight for member in found.members] == pytest.approx([0.5, 0.25, 0.25])

    @pytest.mark.parametrize("weighting", list(Weighting))
    def test_every_rule_names_itself_and_shows_its_weights(self, weighting: Weighting) -> None:
        found = average(MODELS, SEEN, seed=5, draws=100, weighting=weighting)
        assert weighting.value in found.sentences[0]
        assert all(member.model.title in found.sentences[0] for member in found.members)
        assert "%" in found.sentences[0]

    def test_the_density_rule_is_that_of_the_published_algorithm(self) -> None:
        found = average(MODELS, SEEN, seed=5, draws=50, weighting=Weighting.DENSITY)
        expected = np.exp([-0.5 * member.fit.objective for member in found.members])
        assert [member.weight for member in found.members] == pytest.approx(list(expected / expected.sum()))


class TestDraws:
    def test_there_are_none_where_no_model_can_be_fitted(self) -> None:
        found = average(MODELS, replace(SEEN, covariates=()), seed=5, draws=40)
        assert [member.draws.shape[0] for member in found.members] == [0, 0, 0]
        assert found.used == ()
        assert all(member.reason for member in found.members)
        assert all(any(member.model.title in words for words in found.sentences) for member in found.members)

    def test_each_model_has_its_share_of_them(self) -> None:
        found = average(MODELS, SEEN, seed=5, draws=400)
        counts = [member.draws.shape[0] for member in found.members]
        assert sum(counts) == 400
        for count, member in zip(counts, found.members, strict=True):
            assert abs(count - 400 * member.weight) < 1.0

    def test_shares_round_the_largest_remainders_up(self) -> None:
        assert shares(np.array([0.5, 0.3, 0.2]), 10) == [5, 3, 2]
        assert shares(np.array([1 / 3, 1 / 3, 1 / 3]), 10) == [4, 3, 3]
        assert shares(np.array([0.999, 0.001]), 10) == [10, 0]

    def test_the_same_seed_gives_the_same_digits_and_another_seed_others(self) -> None:
        first, again, other = (average(MODELS, SEEN, seed=seed, draws=80) for seed in (5, 5, 6))
        for a, b, c in zip(first.members, again.members, other.members, strict=True):
            assert np.array_equal(a.draws, b.draws)
            assert a.weight == b.weight
            assert not np.array_equal(a.fit.draws, c.fit.draws)

    def test_a_members_fit_does_not_depend_on_the_models_beside_it(self) -> None:
        alone = average([THOMSON], SEEN, seed=5, draws=80).members[0]
        among = average(MODELS, SEEN, seed=5, draws=80).members[1]
        assert np.array_equal(alone.fit.draws, among.fit.draws)
        assert alone.evidence == among.evidence

    def test_the_pooled_mean_lies_between_those_of_the_models(self) -> None:
        found = average(MODELS, SEEN, seed=5, draws=400)
        values = {m.model.id: np.full((m.draws.shape[0], 1), float(k)) for k, m in enumerate(found.members)}
        expected = sum(k * m.draws.shape[0] for k, m in enumerate(found.members)) / 400
        assert found.mean(values)[0] == pytest.approx(expected)


class TestLeftOut:
    def test_a_model_that_cannot_be_fitted_has_no_weight_and_says_why(self) -> None:
        lame = replace(THOMSON, id="lame", clinical_inputs=(*THOMSON.clinical_inputs, "albumin_g_per_l"))
        found = average((GOTI, lame), SEEN, seed=5, draws=50)
        assert found.members[1].weight == 0.0
        assert found.members[1].draws.shape[0] == 0
        assert "albumin" in found.members[1].reason
        assert found.sentences[1].startswith(f"{lame.title} is left out: ")

    @pytest.mark.parametrize(
        ("models", "prior", "words"),
        [
            ((), None, "at least one"),
            ((GOTI, GOTI), None, "each once"),
            ((GOTI, THOMSON), {GOTI.id: 1.0}, "positive weight"),
        ],
    )
    def test_a_question_without_an_answer_is_refused(
        self, models: tuple[PopulationModel, ...], prior: dict[str, float] | None, words: str
    ) -> None:
        with pytest.raises(ValueError, match=words):
            average(models, SEEN, seed=1, prior=prior)


def test_fits_that_were_made_already_are_weighed_as_those_made_for_the_average():
    made = average(MODELS, SEEN, seed=11, draws=100)
    again = weigh(MODELS, [member.fit for member in made.members], SEEN, seed=11, draws=100)
    assert [member.weight for member in again.members] == [member.weight for member in made.members]
    for one, other in zip(again.members, made.members, strict=True):
        assert np.array_equal(one.draws, other.draws)
