"""The formulary as a whole: what ships, what does not, and that every card says what a reader needs."""

import math
from itertools import pairwise

import numpy as np
import pytest

from twins.pharmacology import formulary
from twins.pharmacology.card import card, markdown, parameter_words
from twins.pharmacology.drug import NoTargetError
from twins.pharmacology.formulary import UnknownDrugError, UnknownModelError
from twins.pharmacology.population import Link
from twins.pharmacology.residual import ResidualKind
from twins.solvers.system import Compartments, Equations, Flows

CLASSES = {
    "vancomycin": 6,
    "gentamicin": 3,
    "tobramycin": 1,
    "amikacin": 1,
    "meropenem": 2,
    "piperacillin": 1,
    "cefepime": 1,
    "tacrolimus": 2,
    "busulfan": 1,
    "methotrexate": 1,
    "voriconazole": 1,
    "phenytoin": 1,
    "propofol": 1,
    "remifentanil": 1,
    "warfarin": 1,
    "theophylline": 1,
    "infliximab": 1,
    "digoxin": 1,
    "paracetamol": 1,
    "caffeine": 1,
    "phenobarbital": 1,
}
WITHOUT_RESIDUAL = {
    "amikacin-romano-1998",
    "piperacillin-udy-2015",
    "methotrexate-taylor-2020-mtxpk",
    "digoxin-jelliffe-2014",
    "phenytoin-yukawa-1990",
    "caffeine-lee-2015",
    "paracetamol-anderson-1998",
}


def test_every_class_that_was_promised_ships() -> None:
    assert all(len(formulary.drug(name).models) >= count for name, count in CLASSES.items())
    assert len(formulary.model_ids()) == 54
    assert len({name.removeprefix("unbound ") for name in formulary.drugs()}) == 25
    assert {"gentamicin-germovsek-2016-neonate", "gentamicin-xuan-2004-adult"} <= set(formulary.model_ids())


def test_what_must_not_ship_does_not() -> None:
    """`do_not_ship` of the collection the numbers come from, and what was found unusable on reading it."""
    assert "piperacillin-chen-2016" in formulary.DO_NOT_SHIP
    assert "voriconazole-mapbayr-run962" in formulary.DO_NOT_SHIP
    for model_id in formulary.model_ids():
        assert model_id not in formulary.DO_NOT_SHIP
        assert not any(name in model_id for name in ("chen", "run962", "burdet"))


def test_voriconazole_takes_standard_deviations_as_such() -> None:
    """run962 of mapbayr has them as variances; the article's SD of clearance is 0.435."""
    model = formulary.model("voriconazole-friberg-2012")
    k = model.eta_on.index("clearance_l_per_h")
    assert math.sqrt(model.omega[k, k]) == pytest.approx(0.435)


@pytest.mark.parametrize("model_id", formulary.model_ids())
def test_every_card_is_complete(model_id: str) -> None:
    model, shown = formulary.model(model_id), card(model_id)
    assert model.id == model_id
    assert model_id in formulary.drug(model.drug).models
    assert model.citation.text
    assert shown.doi.startswith("10.") or shown.doi == "not verified"
    assert (shown.doi != "not verified") or any("DOI" in line or "no article" in line for line in model.unverified)
    assert model.citation.read_in
    assert model.population
    assert model.unverified, "at least what was read, and where, is to be said"
    assert model.intended
    assert model.cautioned
    assert model.omega_convention.split()[0] in ("variance", "variances")
    assert all(known.unit and known.meaning for known in model.covariates)
    if all(known.low is None and known.high is None for known in model.covariates if known.default is None):
        assert any("range" in line for line in model.unverified), "that no range was read is said"


@pytest.mark.parametrize("model_id", formulary.model_ids())
def test_every_model_is_consistent_in_itself(model_id: str) -> None:
    model = formulary.model(model_id)
    outputs = {output.name for output in model.system.outputs}
    assert model.system.outputs[0].name == "concentration"
    assert set(model.residuals) <= outputs
    assert model.omega.shape == (len(model.etas), len(model.etas))
    assert np.array_equal(model.omega, model.omega.T)
    assert np.all(np.linalg.eigvalsh(model.omega) > 0)
    assert {name for eta in model.etas for name, _ in eta.targets} <= set(model.components)
    assert set(model.links) <= set(model.components)
    if model.occasions is not None:
        assert np.all(np.linalg.eigvalsh(model.occasions.omega) > 0)
        assert {name for eta in model.occasions.etas for name, _ in eta.targets} <= set(model.components)
    for known in model.covariates:
        known_values = [value for value in (known.low, known.median, known.high) if value is not None]
        assert all(before <= after for before, after in pairwise(known_values)), known.name


@pytest.mark.parametrize("name", formulary.drugs())
def test_all_models_of_a_drug_share_its_unit_and_its_targets_name_outputs(name: str) -> None:
    drug = formulary.drug(name)
    assert drug.name == name
    models = [formulary.model(model_id) for model_id in drug.models]
    assert {model.system.outputs[0].unit for model in models} == {drug.level_unit}
    assert {model.drug for model in models} == {name}
    assert "house setting" in drug.practice.source or "10." in drug.practice.source
    assert (
        drug.practice.min_mg <= drug.practice.max_mg <= drug.practice.max_daily_mg * max(drug.practice.intervals_h) / 24
    )
    for target in drug.targets:
        assert target.source
        assert target.low < target.high
        if target.output:
            assert all(target.output in {output.name for output in model.system.outputs} for model in models)


def test_unbound_levels_are_never_among_those_of_total_ones() -> None:
    for name in ("piperacillin", "meropenem"):
        total, unbound = formulary.drug(name), formulary.drug(f"unbound {name}")
        assert not set(total.models) & set(unbound.models)
        assert all("unbound" in " ".join(formulary.model(model).cautioned) for model in unbound.models)
        assert total.target.unbound < 1.0 == unbound.target.unbound


def test_models_without_a_residual_say_that_levels_cannot_be_fitted() -> None:
    assert {model for model in formulary.model_ids() if not formulary.model(model).residuals} == WITHOUT_RESIDUAL
    for model_id in WITHOUT_RESIDUAL:
        assert "cannot be fitted" in " ".join(formulary.model(model_id).unverified)
        assert not card(model_id).fits_levels


def test_a_drug_without_a_target_that_could_be_cited_has_none() -> None:
    assert formulary.drug("remifentanil").targets == ()
    with pytest.raises(NoTargetError, match="Remifentanil has no target that could be cited; give one of your own"):
        _ = formulary.drug("remifentanil").target


def test_high_alert_medications_are_marked() -> None:
    marked = {name for name in formulary.drugs() if formulary.drug(name).high_alert}
    assert {"warfarin", "methotrexate", "busulfan", "propofol", "remifentanil", "digoxin"} <= marked
    assert not {"vancomycin", "paracetamol", "caffeine"} & marked


def test_the_formulary_uses_every_kind_of_equation_and_effect() -> None:
    models = [formulary.model(model_id) for model_id in formulary.model_ids()]
    assert {type(model.system.equations) for model in models} == {Compartments, Flows, Equations}
    assert any(Link.LOGIT in model.links.values() for model in models)
    assert any(eta.box_cox for model in models for eta in model.etas)
    assert any(model.occasions for model in models)
    assert any(model.sums for model in models)
    assert any(model.steps_h for model in models)


def test_rate_constants_become_clearances_and_volumes_whose_etas_move_several_of_them() -> None:
    """k12 = Q/V1 and k21 = Q/V2: an eta of k12 moves Q and V2 alike, one of k21 divides V2."""
    model = formulary.model("gentamicin-xuan-2004-adult")
    k12, k21 = (next(eta for eta in model.etas if eta.name == name) for name in ("k12", "k21"))
    assert dict(k12.targets) == {"intercompartmental_clearance_l_per_h": 1.0, "peripheral_volume_l": 1.0}
    assert dict(k21.targets) == {"peripheral_volume_l": -1.0}


def test_correlations_become_covariances() -> None:
    hennig = formulary.model("tobramycin-hennig-2013").omega
    assert hennig[0, 1] == pytest.approx(0.02534, abs=2e-5)
    assert hennig[0, 2] == pytest.approx(0.07270, abs=2e-5)
    assert hennig[1, 2] == pytest.approx(0.02881, abs=2e-5)
    long_boyle = formulary.model("busulfan-longboyle-2015").omega
    assert long_boyle[0, 1] == pytest.approx(0.025952, abs=1e-5)


def test_variability_of_goti_is_ln_of_one_plus_cv_squared() -> None:
    goti = formulary.model("vancomycin-goti-2018")
    expected = [math.log(1 + cv**2) for cv in (0.398, 0.816, 0.571)]
    assert np.diag(goti.omega) == pytest.approx(expected, abs=5e-7)
    assert np.count_nonzero(goti.omega - np.diag(np.diag(goti.omega))) == 0
    assert goti.eta_on == ("clearance_l_per_h", "central_volume_l", "peripheral_volume_l")
    assert "ln(1 + CV²)" in goti.omega_convention


def test_variability_of_thomson_is_cv_squared_with_one_covariance() -> None:
    thomson = formulary.model("vancomycin-thomson-2009")
    assert np.diag(thomson.omega) == pytest.approx([0.27**2, 0.15**2, 0.49**2, 1.30**2])
    assert thomson.omega[0, 1] == thomson.omega[1, 0] == 0.01
    assert np.count_nonzero(thomson.omega) == 6


def test_the_two_first_models_name_different_residual_errors() -> None:
    goti, thomson = (formulary.model(f"vancomycin-{name}").residual for name in ("goti-2018", "thomson-2009"))
    assert goti.kind is ResidualKind.SD_SUM
    assert float(goti.variance(np.array([20.0]))[0]) == pytest.approx((3.4 + 0.227 * 20) ** 2)
    assert thomson.kind is ResidualKind.VARIANCE_SUM
    assert float(thomson.variance(np.array([20.0]))[0]) == pytest.approx(1.6**2 + (0.15 * 20) ** 2)


@pytest.mark.parametrize("model_id", formulary.model_ids())
def test_the_slope_of_every_variance_is_its_derivative(model_id: str) -> None:
    for residual in formulary.model(model_id).residuals.values():
        f, h = np.array([0.1, 5.0, 40.0]), 1e-5
        numerical = (residual.variance(f + h) - residual.variance(f - h)) / (2 * h)
        assert residual.variance_slope(f) == pytest.approx(numerical, rel=1e-6, abs=1e-6)


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UnknownModelError, match="did you mean 'vancomycin-goti-2018'"):
        formulary.model("vancomycin-goty-2018")
    with pytest.raises(UnknownModelError, match="did you mean 'tacrolimus-storset-2014'"):
        formulary.model("Tacrolimus-Stoerset-2014")


def test_an_unknown_drug_names_the_nearest() -> None:
    with pytest.raises(UnknownDrugError, match="did you mean 'vancomycin'"):
        formulary.drug("Vancomicin")


def test_vancomycin_aims_at_the_guideline_s_exposure() -> None:
    drug = formulary.drug("vancomycin")
    assert (drug.target.low, drug.target.high) == (400.0, 600.0)
    assert "10.1093/ajhp/zxaa036" in drug.target.source
    assert drug.practice.step_mg == 250.0
    assert drug.models[0] == "vancomycin-goti-2018"


def test_a_card_shows_typical_values_with_the_reference_that_they_are_of() -> None:
    shown = card("vancomycin-goti-2018")
    assert "creatinine_clearance_ml_per_min 62" in shown.reference
    assert dict(shown.typical)["clearance (L/h)"] == f"{4.5 * (62 / 120) ** 0.8:.4g}"
    assert "`creatinine_clearance_ml_per_min`, mL/min" in markdown()


def test_the_document_of_cards_is_in_step(pytestconfig: pytest.Config) -> None:
    """Write it again with ``python -m twins.pharmacology.card > docs/formulary.md``."""
    assert (pytestconfig.rootpath / "docs" / "formulary.md").read_text(encoding="utf-8") == markdown()


def test_parameters_are_shown_with_their_units() -> None:
    assert parameter_words("clearance_l_per_h") == "clearance (L/h)"
    assert parameter_words("absorption_rate_per_h") == "absorption rate (1/h)"
    assert parameter_words("k12") == "k12"
