"""Every model's typical parameters against its published equations, computed here a second time, and known values."""

import math

import numpy as np
import pytest

from tests.twins.pharmacology.drugs.charts import ADULT, NEWBORN, WOMAN, Patient
from tests.twins.pharmacology.drugs.expected import EXPECTED
from twins.pharmacology import formulary
from twins.pharmacology.covariates import HOURS, CovariateError, read
from twins.pharmacology.reading import FIRST_DOSE

CHARTS = {"man": (ADULT, 0.0), "woman two days on": (WOMAN, 48.0)}


def typical(model_id: str, chart: dict[str, float], hours: float = 0.0, **further: float) -> dict[str, float]:
    """Typical values of a model's components for one chart."""
    model = formulary.model(model_id)
    values = {name: np.array([value]) for name, value in (chart | further | {HOURS: hours, FIRST_DOSE: 0.0}).items()}
    _, found = read(model, values, shape=(1,))
    return dict(zip(model.components, found[0].tolist(), strict=True))


def test_every_model_that_ships_is_computed_here_too() -> None:
    assert set(EXPECTED) == set(formulary.model_ids())


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("model_id", EXPECTED)
def test_typical_parameters_are_those_of_the_published_equations(model_id: str, name: str) -> None:
    chart, hours = CHARTS[name]
    chart = NEWBORN if "neonate" in model_id else chart
    assert typical(model_id, chart, hours) == pytest.approx(EXPECTED[model_id](Patient(chart, hours)), rel=2e-5)


def test_a_reference_adult_without_opioid_has_the_propofol_article_s_own_volumes_and_clearances() -> None:
    """35 years, 70 kg, 1.70 m, male: the values that the control file prints beside its thetas."""
    reference = ADULT | {"age_y": 35.0, "weight_kg": 70.0, "height_cm": 170.0, "opioid": 0.0}
    found = typical("propofol-eleveld-2018", reference)
    assert [found["central_volume_l"], found["peripheral_volume_l"], found["second_peripheral_volume_l"]] == (
        pytest.approx([6.283, 25.501, 272.817], rel=2e-4)
    )
    assert found["clearance_l_per_h"] / 60 == pytest.approx(1.790, abs=5e-4)
    assert found["second_intercompartmental_clearance_l_per_h"] / 60 == pytest.approx(1.109, abs=5e-4)


def test_a_reference_adult_has_the_remifentanil_article_s_own_volumes_and_clearances() -> None:
    reference = ADULT | {"age_y": 35.0, "weight_kg": 70.0, "height_cm": 170.0}
    found = typical("remifentanil-eleveld-2017", reference)
    assert found["central_volume_l"] == pytest.approx(5.81, abs=0.01)
    assert found["peripheral_volume_l"] == pytest.approx(8.82, abs=0.01)
    assert found["second_peripheral_volume_l"] == pytest.approx(5.03, abs=0.01)
    assert found["clearance_l_per_h"] / 60 == pytest.approx(2.58, abs=0.01)
    assert found["second_intercompartmental_clearance_l_per_h"] / 60 == pytest.approx(0.12, abs=0.005)


def test_values_that_articles_print_beside_their_equations() -> None:
    """Each as nlmixr2lib quotes it from the article."""
    yano = typical("theophylline-yano-1993", ADULT | {"weight_kg": 1.0, "arterial_co2_mmhg": 42.5})
    assert (yano["clearance_l_per_h"], yano["central_volume_l"]) == pytest.approx((0.0614, 0.485), rel=2e-3)
    child = typical("busulfan-longboyle-2015", ADULT | {"weight_kg": 22.0, "age_y": 7.0})
    assert child["maximum_elimination_mg_per_h"] / child["half_saturation_mg_per_l"] == pytest.approx(5.29, abs=0.005)
    younger, older = (
        typical("tacrolimus-andrews-2019", ADULT | {"age_y": age})["clearance_l_per_h"] for age in (25.0, 65.0)
    )
    assert older / younger == pytest.approx(0.663, abs=5e-4)
    newborn = typical("phenobarbital-grasela-1985", NEWBORN)
    half_life = math.log(2) * newborn["central_volume_l"] / newborn["clearance_l_per_h"]
    assert half_life == pytest.approx(141.0, rel=0.04)


def test_genotypes_move_what_their_articles_say() -> None:
    usual = typical("warfarin-hamberg-2007", ADULT)["clearance_l_per_h"]
    lowered = {
        (twos, threes): 1
        - typical("warfarin-hamberg-2007", ADULT, cyp2c9_2_alleles=twos, cyp2c9_3_alleles=threes)["clearance_l_per_h"]
        / usual
        for twos, threes in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
    }
    assert lowered == pytest.approx({(1, 0): 0.315, (0, 1): 0.453, (2, 0): 0.722, (1, 1): 0.69, (0, 2): 0.852})
    poor = typical("voriconazole-friberg-2012", ADULT, cyp2c19_reduced=1.0)
    assert poor["greatest_inhibition"] == 1.0
    expresser = typical("tacrolimus-storset-2014", ADULT, cyp3a5_expresser=1.0)
    plain = typical("tacrolimus-storset-2014", ADULT)
    assert expresser["clearance_l_per_h"] / plain["clearance_l_per_h"] == pytest.approx(1.30)
    assert expresser["bioavailability"] / plain["bioavailability"] == pytest.approx(0.82)


def test_covariates_beyond_the_defaults() -> None:
    assert typical("tacrolimus-storset-2014", ADULT, prednisolone_mg_per_day=35.0)["bioavailability"] == pytest.approx(
        1 - 0.67 / 2
    )
    ojeanson = "meropenem-ojeanson-2021-dialysis"
    assert typical(ojeanson, ADULT, haemodialysis=1.0)["clearance_l_per_h"] == 11.0
    assert typical(ojeanson, ADULT, continuous_dialysis=1.0, residual_diuresis_ml_per_day=0.0)[
        "clearance_l_per_h"
    ] == pytest.approx(5.78)
    assert typical("piperacillin-kim-2022", ADULT, ecmo=1.0)["central_volume_l"] == pytest.approx(7.38 * 80 / 70)
    steps = [typical("busulfan-mccune-2014", ADULT, hours)["clearance_l_per_h"] for hours in (0.0, 6.0, 36.0)]
    assert [step / steps[0] for step in steps] == pytest.approx([1.0, 0.932, 0.919])
    thyroid = typical("cabozantinib-mapbayr-run931", ADULT, medullary_thyroid_carcinoma=1.0)
    assert thyroid["clearance_l_per_h"] / typical("cabozantinib-mapbayr-run931", ADULT)["clearance_l_per_h"] == (
        pytest.approx(1.9)
    )


@pytest.mark.parametrize(
    ("model_id", "beyond"),
    [
        ("piperacillin-obrink-hansen-2015", {"creatinine_mg_per_dl": 500.0 / 88.4}),
        ("meropenem-ehmann-2019", {"albumin_g_per_l": 80.0}),
        ("warfarin-hamberg-2007", {"cyp2c9_2_alleles": 2.0, "cyp2c9_3_alleles": 2.0}),
        ("gentamicin-germovsek-2016-neonate", {"age_y": 0.4}),
    ],
)
def test_what_an_equation_does_not_reach_is_refused(model_id: str, beyond: dict[str, float]) -> None:
    with pytest.raises(CovariateError, match="do not reach this patient"):
        typical(model_id, ADULT | beyond)


def test_a_missing_genotype_is_asked_for_by_name() -> None:
    with pytest.raises(CovariateError, match="vkorc1 g alleles"):
        typical("warfarin-hamberg-2007", {name: value for name, value in ADULT.items() if "vkorc1" not in name})
