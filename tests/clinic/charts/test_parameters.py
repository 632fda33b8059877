"""Parameters in rows, for every way that a random effect can act."""

from dataclasses import replace

import numpy as np
import pytest
from django.conf import settings
from django.utils import translation

from clinic.charts.parameters import CLEARANCE_OF_DRUG, individual_values, parameter_rows, split_unit
from tests.factories.fits import certain
from twins.pharmacology.formulary import model
from twins.pharmacology.population import Eta, Link

GOTI = model("vancomycin-goti-2018")
TYPICAL = {
    "clearance_l_per_h": 4.0,
    "central_volume_l": 60.0,
    "intercompartmental_clearance_l_per_h": 6.5,
    "peripheral_volume_l": 38.4,
}
DRAWS = np.random.default_rng(2).normal(0.0, 0.2, (400, 3))
FIT = replace(certain(GOTI, draws=DRAWS), typical=TYPICAL, parameters=TYPICAL)


def test_a_log_normal_parameter_has_the_range_of_its_own_eta() -> None:
    clearance, volume, exchange, _ = parameter_rows(FIT, GOTI)
    sd = np.sqrt(GOTI.omega[0, 0])
    low, high = (float(part) for part in clearance.population_range.split("–"))
    assert (low, high) == pytest.approx((4.0 * np.exp(-1.6449 * sd), 4.0 * np.exp(1.6449 * sd)), rel=5e-3)
    low, high = (float(part) for part in volume.individual_range.split("–"))
    expected = np.quantile(60.0 * np.exp(DRAWS[:, 1]), (0.05, 0.95))
    assert (low, high) == pytest.approx(tuple(expected), rel=5e-3)
    assert (exchange.population_range, exchange.individual_range) == ("", "")
    assert exchange.learned == "same for everybody"


def test_the_time_of_the_first_dose_is_no_parameter_of_anybody_and_times_are_named_as_such() -> None:
    friberg = model("voriconazole-friberg-2012")
    known = dict.fromkeys(friberg.parameters, 1.0) | {"first_dose_h": 0.00412}
    fit = replace(certain(friberg, draws=np.zeros((10, len(friberg.etas)))), typical=known, parameters=known)
    rows = parameter_rows(fit, friberg)
    assert len(rows) == len(friberg.parameters) - 1
    assert "0.00412" not in {value for row in rows for value in (row.population, row.individual)}
    assert {(row.label, row.unit) for row in rows} >= {
        ("Time to half of the inhibition", "h"),
        ("Concentration of half saturation", "mg/L"),
        ("Lag of absorption", "h"),
    }


def test_links_and_shapes_are_followed() -> None:
    shares = replace(GOTI, links={"clearance_l_per_h": Link.LOGIT, "central_volume_l": Link.IDENTITY})
    typical = {**TYPICAL, "clearance_l_per_h": 0.4}
    fit = replace(FIT, typical=typical)
    share = individual_values(fit, shares, CLEARANCE_OF_DRUG)
    assert share is not None
    assert np.log(share / (1.0 - share)) == pytest.approx(np.log(0.4 / 0.6) + DRAWS[:, 0], rel=1e-12)
    volume = individual_values(fit, shares, "central_volume_l")
    assert volume == pytest.approx(60.0 + DRAWS[:, 1], rel=1e-12)
    bent = replace(GOTI, etas=(Eta(CLEARANCE_OF_DRUG, box_cox=0.5), *GOTI.etas[1:]))
    found = individual_values(FIT, bent, CLEARANCE_OF_DRUG)
    assert found == pytest.approx(4.0 * np.exp((np.exp(DRAWS[:, 0]) ** 0.5 - 1.0) / 0.5), rel=1e-12)


def test_two_etas_on_one_parameter_spread_it_by_both() -> None:
    both = replace(GOTI, etas=(GOTI.etas[0], Eta("second", ((CLEARANCE_OF_DRUG, 1.0),)), GOTI.etas[2]))
    fit = replace(FIT, eta_names=both.eta_on)
    (clearance, *_) = parameter_rows(fit, both)
    sd = np.sqrt(both.omega[0, 0] + both.omega[1, 1])
    high = float(clearance.population_range.split("–")[1])
    assert high == pytest.approx(4.0 * np.exp(1.6449 * sd), rel=5e-3)


def test_a_sum_moves_with_its_parts() -> None:
    name = "clearance_l_per_h"
    summed = replace(GOTI, sums={name: ("renal", "other")}, etas=(Eta("renal"), *GOTI.etas[1:]))
    fit = replace(FIT, typical={**TYPICAL, "renal": 3.0, "other": 1.0}, eta_names=summed.eta_on)
    found = individual_values(fit, summed, name)
    assert found == pytest.approx(3.0 * np.exp(DRAWS[:, 0]) + 1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("albumin_g_per_l", ("Albumin", "g/L")),
        ("maximum_elimination_mg_per_h", ("Maximum elimination", "mg/h")),
        ("absorption_rate_per_h", ("Absorption rate", "1/h")),
        ("half_saturation_mg_per_l", ("Concentration of half saturation", "mg/L")),
        ("body_surface_area_m2", ("Body surface area", "m²")),
        ("cyp3a5_expresser", ("CYP3A5 expresser", "")),
        ("haematocrit", ("Haematocrit", "")),
    ],
)
def test_a_name_is_parted_from_its_unit(name: str, shown: tuple[str, str]) -> None:
    assert split_unit(name) == shown


def test_every_name_in_a_model_that_twins_are_kept_by_has_its_unit_parted_and_a_german_word() -> None:
    models = [model(one) for ids in settings.TWIN_MODELS.values() for one in ids]
    names = {name for each in models for name in (*each.clinical_inputs, *each.parameters)} - {"male"}
    with translation.override("de"):
        german = {name: split_unit(name)[0] for name in names}
    for name in names:
        label, _ = split_unit(name)
        assert " per" not in label, name
        assert german[name] != label or label in ("Albumin", "Clearance"), name
