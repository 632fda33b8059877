"""Body size equations against published worked values and against what bodies can be.

Expected values: InsightRX/clinPK (MIT), tests/testthat/test_calc_{bsa,ffm,ibw,abw,lbw}.R, commit 86e3ad93, rounded as
those tests print them.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.pharmacology import body_size
from twins.pharmacology.domain import CovariateError

WEIGHTS = st.floats(3.0, 250.0)
HEIGHTS = st.floats(105.0, 220.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("du_bois", 1.996), ("mosteller", 2.0), ("haycock", 2.007), ("gehan_george", 2.009), ("boyd", 2.007)],
)
def test_surface_of_80_kg_and_180_cm(name: str, expected: float) -> None:
    assert float(getattr(body_size, name)(80.0, 180.0)) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(("index", "male", "expected"), [(20.0, 1.0, 67.4), (30.0, 1.0, 56.4), (30.0, 0.0, 46.1)])
def test_fat_free_mass_of_janmahasatian_at_80_kg(index: float, male: float, expected: float) -> None:
    # The source's test prints 67, 56 and 46; the decimals are 9270 · 80 / (6680 + 216 · 20) and so on, by hand.
    height = 100.0 * np.sqrt(80.0 / index)
    found = float(body_size.fat_free_mass_janmahasatian(80.0, height, male))
    assert found == pytest.approx(expected, abs=0.05)


def test_fat_free_mass_of_al_sallami() -> None:
    assert float(body_size.fat_free_mass_al_sallami(60.0, 140.0, 12.0, 0.0)) == pytest.approx(36.0, abs=0.5)


def test_a_grown_child_has_the_fat_free_mass_of_an_adult_boys_and_girls_approach_it_from_either_side() -> None:
    adult = body_size.fat_free_mass_janmahasatian(70.0, 175.0, [1.0, 0.0])
    grown = body_size.fat_free_mass_al_sallami(70.0, 175.0, 29.0, [1.0, 0.0])
    assert grown[0] == pytest.approx(adult[0], rel=1e-4)
    assert grown[1] / adult[1] == pytest.approx(1.11 - 0.11 / (1 + (29 / 7.1) ** -1.1))
    newborn = body_size.fat_free_mass_al_sallami(3.5, 50.0, 0.0, [1.0, 0.0])
    assert newborn / body_size.fat_free_mass_janmahasatian(3.5, 50.0, [1.0, 0.0]) == pytest.approx([0.88, 1.11])


@pytest.mark.parametrize(("height", "male", "expected"), [(180.0, 1.0, 75.0), (160.0, 0.0, 52.38), (160.0, 1.0, 56.88)])
def test_ideal_weight_of_devine(height: float, male: float, expected: float) -> None:
    assert float(body_size.ideal_weight(height, male)) == pytest.approx(expected, abs=0.01)


def test_adjusted_weight() -> None:
    assert float(body_size.adjusted_weight(80.0, 180.0, 1.0)) == pytest.approx(77.0, abs=0.01)
    assert float(body_size.adjusted_weight(150.0, 150.0, 1.0)) == pytest.approx(88.7, abs=0.05)


@pytest.mark.parametrize(
    ("name", "weight", "height", "male", "expected"),
    [
        ("lean_weight_james", 80.0, 180.0, 0.0, 56.4),
        ("lean_weight_james", 50.0, 150.0, 1.0, 40.8),
        ("lean_weight_boer", 65.0, 155.0, 1.0, 48.6),
        ("lean_weight_boer", 65.0, 155.0, 0.0, 41.4),
    ],
)
def test_lean_weight(name: str, weight: float, height: float, male: float, expected: float) -> None:
    assert float(getattr(body_size, name)(weight, height, male)) == pytest.approx(expected, abs=0.05)


def test_lean_weight_of_james_is_refused_where_it_falls_with_weight() -> None:
    highest = 1.07 * 160.0**2 / (2 * 148.0)
    body_size.lean_weight_james(highest - 0.1, 160.0, 0.0)
    with pytest.raises(CovariateError, match=r"weight_kg is 130, beyond 93 kg.*use fat_free_mass_janmahasatian"):
        body_size.lean_weight_james([80.0, 130.0], 160.0, 0.0)


def test_lines_for_adults_refuse_small_children() -> None:
    with pytest.raises(CovariateError, match="height_cm is 75"):
        body_size.ideal_weight(75.0, 1.0)
    with pytest.raises(CovariateError, match="use fat_free_mass_al_sallami"):
        body_size.lean_weight_boer(4.0, 55.0, 0.0)


def test_dosing_weight_takes_own_ideal_or_adjusted_weight() -> None:
    ideal = float(body_size.ideal_weight(180.0, 1.0))
    found = body_size.dosing_weight([60.0, 80.0, 120.0], 180.0, 1.0)
    assert found == pytest.approx([60.0, ideal, ideal + 0.4 * (120.0 - ideal)])


@pytest.mark.parametrize("name", ["du_bois", "mosteller", "haycock", "gehan_george", "boyd", "body_mass_index"])
@pytest.mark.parametrize(("weight", "height", "named"), [(0.0, 170.0, "weight_kg is 0"), (70.0, np.nan, "height_cm")])
def test_a_body_without_size_is_refused_by_name(name: str, weight: float, height: float, named: str) -> None:
    with pytest.raises(CovariateError, match=f"{named}.*give a positive number"):
        getattr(body_size, name)([70.0, weight], height)


@pytest.mark.parametrize("male", [0.5, 2.0, np.nan])
def test_a_sex_that_is_neither_is_refused(male: float) -> None:
    with pytest.raises(CovariateError, match="give 1 for male or 0 for female"):
        body_size.ideal_weight(170.0, male)


@given(WEIGHTS, HEIGHTS, st.sampled_from([0.0, 1.0]))
def test_fat_free_mass_is_below_weight_and_grows_with_it(weight: float, height: float, male: float) -> None:
    lean, heavier = body_size.fat_free_mass_janmahasatian([weight, weight + 1.0], height, male)
    assert 0.0 < lean < heavier
    # a weight that would be all lean: 9270 = 6680 + 216 BMI
    if weight / (height / 100.0) ** 2 > (12.0 if male else 2.1):
        assert lean < weight


@given(WEIGHTS, HEIGHTS)
def test_a_row_is_what_it_is_alone(weight: float, height: float) -> None:
    both = body_size.du_bois([weight, 70.0, weight], [height, 170.0, height])
    assert both[0] == both[2] == body_size.du_bois(weight, height)
