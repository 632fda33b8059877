"""What the engine and the records say is shown in the unit of the site, and only that changes."""

import math
from dataclasses import asdict, replace
from typing import Any

import pytest
from django.utils import translation

from clinic.charts.shown_levels import ShownLevels
from clinic.twin_words.said import said
from tests.factories import vancomycin_case as case
from twins.cohorts.summarise import GroupExposure
from twins.forecasts.exposure import Attainment, Window
from twins.forecasts.forecast import Attained, Band
from twins.forecasts.wording import sentence
from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.house import HouseLimits, within
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Dose
from twins.samples.course import Level
from twins.samples.quality import examine

# By hand: vancomycin 1449.265 g/mol, so 1 mg/L is 0.690005 µmol/L; digoxin 780.949 g/mol, 1 ng/mL is 1.280493 nmol/L.
VANCOMYCIN, DIGOXIN = 0.690005, 1.280493
AIM = Target("AUC24 400–600 mg·h/L", 400.0, 600.0, "", Metric.AUC24, "mg.h/L")


@pytest.fixture
def moles(settings: Any) -> ShownLevels:
    settings.SHOWN_UNITS = {"vancomycin": "µmol/L"}
    return ShownLevels.of("vancomycin")


def test_without_a_setting_everything_is_shown_as_it_is() -> None:
    levels = ShownLevels.of("vancomycin")
    course, fit, result = case.course(), case.fit(), case.result()
    assert levels.as_stored
    assert (levels.name, levels.area_name) == ("mg/L", "mg·h/L")
    assert levels.course(course) is course
    assert levels.fit(fit) is fit
    assert levels.result(result) is result
    assert levels.target(AIM) is AIM
    assert levels.sentence("Level of 13.1 mg/L at 24.0 h") == "Level of 13.1 mg/L at 24.0 h"


def test_a_mic_is_said_with_its_unit_whatever_unit_levels_are_shown_in(settings: Any) -> None:
    target = Target("100 % fT>MIC", 1.0, math.inf, "", Metric.TIME_ABOVE, "1", threshold=2.0, unbound=0.98)
    told = "25 % chance that the unbound concentration is above 2 for at least 100 % of the time on day 2."
    wanted = told.replace("above 2 for", "above 2 mg/L for")
    result = replace(case.result(), target=target)
    result = replace(result, forecasts=tuple(replace(one, sentence=told) for one in result.forecasts))
    for unit in ("mg/L", "µg/mL", "µmol/L"):
        settings.SHOWN_UNITS = {"meropenem": unit}
        shown = ShownLevels.of("meropenem").result(result)
        assert {one.sentence for one in shown.forecasts} == {wanted}
    with translation.override("de"):
        assert "über 2 mg/L" in said(wanted)


SENTENCES = [
    (
        "78 % chance of an AUC24 of 400–600 mg·h/L on day 2, 3 % chance above 600.",
        "78 % chance of an AUC24 of 276–414 µmol·h/L on day 2, 3 % chance above 414.",
        "78 % Wahrscheinlichkeit für eine AUC24 von 276–414 µmol·h/L an Tag 2, 3 % für über 414.",
    ),
    (
        "50 % chance of a trough of 1–5.5 mg/L on day 2, 12 % chance above 5.5, 30 % below 1; the chance above 5.5 "
        "rises to 40 % on day 3.",
        "50 % chance of a trough of 0.69–3.8 µmol/L on day 2, 12 % chance above 3.8, 30 % below 0.69; the chance above "
        "3.8 rises to 40 % on day 3.",
        "50 % Wahrscheinlichkeit für einen Talspiegel von 0,69–3,8 µmol/L an Tag 2, 12 % für über 3,8, 30 % für unter "
        "0,69; für über 3,8 steigt sie bis Tag 3 auf 40 %.",
    ),
    ("Level of 13.1 mg/L at 24.0 h", "Level of 9.04 µmol/L at 24.0 h", "Spiegel von 9,04 µmol/L bei 24,0 h"),
    (
        "Two levels at the same time: 13.1 and 14 mg/L; both are used, check which is right.",
        "Two levels at the same time: 9.04 and 9.66 µmol/L; both are used, check which is right.",
        "Zwei Spiegel zur selben Zeit: 9,04 und 9,66 µmol/L; beide zählen, prüfen Sie, welcher stimmt.",
    ),
    (
        "The level of less than 5 mg/L at 3.0 h lies 4.0 standard deviations above the fit; check it and the doses "
        "before it.",
        "The level of less than 3.45 µmol/L at 3.0 h lies 4.0 standard deviations above the fit; check it and the "
        "doses before it.",
        "Der Spiegel von unter 3,45 µmol/L bei 3,0 h liegt 4,0 Standardabweichungen über der Anpassung; prüfen Sie ihn "
        "und die Dosen davor.",
    ),
    (
        "At 3.0 h Goti 2018 predicts 0 and its error is a share of that, so the level of 10 there cannot be; correct "
        "or question that level or the doses before it.",
        "At 3.0 h Goti 2018 predicts 0 and its error is a share of that, so the level of 6.9 there cannot be; correct "
        "or question that level or the doses before it.",
        "Bei 3,0 h sagt Goti 2018 0 voraus, und sein Fehler ist ein Anteil davon; der Spiegel von 6,9 kann dort nicht "
        "sein. Berichtigen oder bezweifeln Sie diesen Spiegel oder die Dosen davor.",
    ),
    (
        "the upper end of the target, 600: 250 mg would lie above it with a chance of 12 %",
        "the upper end of the target, 414: 250 mg would lie above it with a chance of 12 %",
        "das obere Ende des Ziels, 414: 250 mg lägen mit 12 % Wahrscheinlichkeit darüber",
    ),
    (
        "AUC24 400–600 mg·h/L, here 450–550",
        "AUC24 276–414 µmol·h/L, here 311–380",
        "AUC24 276–414 µmol·h/L, hier 311–380",
    ),
    (
        "trough 10–15 mg/L (weeks 1 and 2)",
        "trough 6.9–10.4 µmol/L (weeks 1 and 2)",
        "Talspiegel 6,9–10,4 µmol/L (Wochen 1 und 2)",
    ),
    (
        "AUC24 below 600 mg·h/L (first week)",
        "AUC24 below 414 µmol·h/L (first week)",
        "AUC24 unter 414 µmol·h/L (first week)",
    ),
    (
        "AUC24 400–500 mg·h/L (bone)",
        "AUC24 276–345 µmol·h/L (bone)",
        "AUC24 276–345 µmol·h/L (bone)",
    ),
]


@pytest.mark.parametrize(("stored", "shown", "german"), SENTENCES)
def test_a_sentence_that_was_stored_is_said_in_the_unit_and_the_language_of_the_page(
    moles: ShownLevels, stored: str, shown: str, german: str
) -> None:
    assert moles.sentence(stored) == shown
    if "mol" in shown:
        assert moles.sentence(shown) == shown
    with translation.override("de"):
        assert said(moles.sentence(stored)) == german


@pytest.mark.parametrize(
    "text",
    [
        "Serum creatinine rose from 0.9 to 1.9 mg/dL in 24 h: kidney function may be lower than the estimate from it; "
        "measure a level soon.",
        "1000 mg was ordered for this time and no dose is charted; taken as not given.",
        "The dose of 1000 mg vancomycin is left out: it was 13.1 mg/L too much",
        "Serum albumin of 31 g/L is left out: another patient's",
        "INR 2–3",
        "unbound concentration above 2 mg/L all the time",
        "What somebody wrote of 13.1 mg/L in a hurry.",
        "",
    ],
)
def test_what_is_no_level_of_the_drug_stays_letter_by_letter(moles: ShownLevels, text: str) -> None:
    assert moles.sentence(text) == text


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (
            "Serum creatinine rose from 0.87 to 2.33 mg/dL in 81 h: kidney function may be lower than the estimate "
            "from it; measure a level soon.",
            "Serum creatinine rose from 77 to 206 µmol/L in 81 h: kidney function may be lower than the estimate from "
            "it; measure a level soon.",
        ),
        (
            "Serum creatinine of 0.7 mg/dL is used as 1, the model's rule above 65 years.",
            "Serum creatinine of 62 µmol/L is used as 88, the model's rule above 65 years.",
        ),
        (
            "Serum creatinine of 4.1 mg/dL is above the 3 of the model's population.",
            "Serum creatinine of 362 µmol/L is above the 265 of the model's population.",
        ),
        ("Serum creatinine of 1.1 mg/dL is left out: x", "Serum creatinine of 97 µmol/L is left out: x"),
        ("Bilirubin of 4.1 mg/dL is above the 3 of the model's population.",) * 2,
        ("Level of 13.1 mg/L at 24.0 h",) * 2,
    ],
)
def test_creatinine_in_a_sentence_follows_its_own_setting(settings: Any, stored: str, shown: str) -> None:
    settings.SHOWN_UNITS = {"creatinine": "umol/L"}
    levels = ShownLevels.of("vancomycin")
    assert levels.sentence(stored) == shown
    assert levels.about("70 % chance of a trough of 1–5.5 mg/L on day 2.", AIM).endswith("1–5.5 mg/L on day 2.")
    assert levels.target(AIM) == AIM


def test_a_covariate_in_the_unit_of_levels_is_none(moles: ShownLevels) -> None:
    text = "C-reactive protein of 250 mg/L is above the 200 of the model's population."
    assert moles.sentence(text) == text


def test_what_a_person_wrote_inside_a_sentence_stays_as_it_was_typed(moles: ShownLevels) -> None:
    stored = "Vancomycin level of 14 mg/L is left out: the nurse says 20 mg/L"
    assert moles.sentence(stored) == "Vancomycin level of 9.66 µmol/L is left out: the nurse says 20 mg/L"


def test_the_engines_own_findings_name_the_unit_of_the_drug_and_are_shown_in_the_sites(settings: Any) -> None:
    settings.SHOWN_UNITS = {"digoxin": "nmol/L", "vancomycin": "umol/L"}
    for drug, value, stored, shown in (
        ("digoxin", 0.8, "0.8 ng/mL", "1.02 nmol/L"),
        ("vancomycin", 13.1, "13.1 mg/L", "9.04 µmol/L"),
        ("tacrolimus", 9.3, "9.3 ug/L", "9.3 ug/L"),
    ):
        levels = tuple(Level(time, value, f"Observation/{k}") for k, time in enumerate((-1.0, 12.5, 20.0, 20.0, 60.0)))
        course = replace(case.course(levels=0), drug=drug, doses=(Dose(12.0, 100.0, 1.0),), levels=levels)
        examined = examine(course)
        told = [finding.sentence for finding in examined.findings if "evel" in finding.sentence]
        assert len(told) == 4
        assert all(stored in words for words in told)
        again = ShownLevels.of(drug).course(examined)
        assert all(shown in f.sentence for f in again.findings if "evel" in f.sentence)


def test_each_target_of_the_followed_drugs_is_named_in_the_unit_of_the_site(settings: Any) -> None:
    molar = {"mg/L": "umol/L", "ug/L": "nmol/L", "ng/mL": "nmol/L"}
    known = [formulary.drug(name) for name in settings.TWIN_MODELS]
    settings.SHOWN_UNITS = {drug.name: molar[drug.level_unit] for drug in known}
    for drug in known:
        levels = ShownLevels.of(drug)
        for target in drug.targets:
            shown = levels.target(target)
            if target.metric is Metric.TIME_ABOVE:
                assert shown is target
                continue
            assert "mol" in shown.unit
            assert "g/L" not in shown.name
            assert "ng/mL" not in shown.name
            assert f"{shown.high if target.low == 0 else shown.low:g}" in shown.name
            assert shown.low == pytest.approx(levels.value(target.low), rel=5e-3)
            assert shown.high == pytest.approx(levels.value(target.high), rel=5e-3)


def test_the_bounds_of_digoxin_in_nanomoles_are_those_that_hospitals_print(settings: Any) -> None:
    settings.SHOWN_UNITS = {"digoxin": "nmol/L"}
    levels = ShownLevels.of("digoxin")
    shown = levels.target(formulary.drug("digoxin").target)
    assert (shown.name, shown.low, shown.high) == ("trough 0.64–1.28 nmol/L", 0.64, 1.28)
    assert levels.value(0.8) == pytest.approx(0.8 * DIGOXIN, rel=1e-6)


def test_equal_units_change_the_name_and_no_digit(settings: Any) -> None:
    settings.SHOWN_UNITS = {"tacrolimus": "ng/mL"}
    levels = ShownLevels.of("tacrolimus")
    assert levels.value(9.35) == 9.35
    assert levels.sentence("Level of 9.3456 ug/L at 24.0 h") == "Level of 9.3456 ng/mL at 24.0 h"
    assert levels.target(formulary.drug("tacrolimus").target).name == "trough 5–10 ng/mL (after week 4)"


def numbers_of(data: Any) -> list[float]:
    if isinstance(data, dict):
        return [number for value in data.values() for number in numbers_of(value)]
    if isinstance(data, list | tuple):
        return [number for value in data for number in numbers_of(value)]
    return [float(data)] if isinstance(data, float) else []


def test_a_comparison_is_shown_with_every_level_and_area_converted_and_every_chance_as_it_was(
    moles: ShownLevels,
) -> None:
    known = case.result()
    shown = moles.result(known)
    for one, other in zip(known.forecasts, shown.forecasts, strict=True):
        assert other.plan == one.plan
        assert other.times_h == one.times_h
        assert numbers_of(other.quantiles) == pytest.approx(
            [VANCOMYCIN * x for x in numbers_of(one.quantiles)], rel=1e-5
        )
        for day, again in zip(one.days, other.days, strict=True):
            assert (again.p_in_target, again.p_above, again.p_below) == (day.p_in_target, day.p_above, day.p_below)
            for name in ("auc24", "peak", "trough"):
                bands = [numbers_of(asdict(getattr(each, name))) for each in (day, again)]
                assert bands[1] == pytest.approx([VANCOMYCIN * x for x in bands[0]], rel=1e-5)
    assert numbers_of(shown.past.quantiles)[9] == pytest.approx(
        VANCOMYCIN * numbers_of(known.past.quantiles)[9], rel=1e-5
    )
    assert shown.influences[0].before == pytest.approx(VANCOMYCIN * known.influences[0].before, rel=1e-5)
    assert shown.influences[0].p_in_target_before == known.influences[0].p_in_target_before
    assert (shown.target.low, shown.target.high, shown.target.unit) == (276.0, 414.0, "umol.h/L")


def test_a_twin_is_shown_with_its_levels_converted_and_its_parameters_as_they_are(moles: ShownLevels) -> None:
    known, fit = case.course(), case.fit()
    shown = moles.fit(fit)
    assert [round(level.value, 2) for level in moles.course(known).levels] == [9.04, 12.28]
    assert [round(residual.individual, 2) for residual in shown.residuals] == [9.38, 11.8]
    assert shown.residuals[0].weighted_residual == fit.residuals[0].weighted_residual
    assert (shown.parameters, shown.draws is fit.draws) == (fit.parameters, True)
    assert moles.course(known).doses == known.doses


def test_a_share_of_the_time_stays_per_cent_and_a_mic_stays_in_milligrams(settings: Any) -> None:
    settings.SHOWN_UNITS = {"meropenem": "umol/L"}
    drug = formulary.drug("meropenem")
    levels, target = ShownLevels.of(drug), drug.target
    attained = Attainment(values=[], p_in_target=0.55, p_above=0.0, p_below=0.45)  # type: ignore[arg-type]
    stored = sentence(Window(24.0, 48.0), attained, (), target)
    told = levels.about(stored, target)
    assert f"above {target.threshold:g} mg/L for at least 100 % of the time" in told
    assert "mol" not in told
    band = Band(0.4, 0.5, 0.6, 0.7, 0.8)
    lies = Attained(target, 24.0, 48.0, band, 0.5, 0.0, 0.5)
    (shown,) = levels.forecast(replace(case.result().forecasts[0], also=(lies,)), target).also
    assert shown == lies
    with translation.override("de"):
        assert f"über {target.threshold:g} mg/L liegt".replace(".", ",") in said(told)


@pytest.mark.parametrize("metric", [Metric.RATIO, Metric.EFFECT])
def test_a_ratio_and_an_effect_are_the_same_in_every_unit(moles: ShownLevels, metric: Metric) -> None:
    aim = Target("x", 2.0, 3.0, "", metric, "1", threshold=1.0, output="" if metric is Metric.RATIO else "inr")
    text = "60 % chance of an AUC24/MIC of 2–3 on day 2, 4 % chance above 3."
    assert moles.about(text, aim) == text
    assert moles.target(aim) is aim
    assert moles.influence(case.result().influences[0], aim).before == case.result().influences[0].before


def test_the_time_in_range_has_bounds_in_the_unit_and_shares_without_one(moles: ShownLevels) -> None:
    aim = Target("time", 10.0, 20.0, "", Metric.TIME_IN_RANGE, "mg/L")
    day = replace(case.result().forecasts[0].days[0], value=Band(0.1, 0.2, 0.3, 0.4, 0.5))
    (shown,) = moles.forecast(replace(case.result().forecasts[0], days=(day,)), aim).days
    assert shown.value == day.value
    assert (moles.target(aim).low, moles.target(aim).high) == (6.9, 13.8)


def test_limits_of_the_house_and_a_target_without_a_limit_are_named_in_the_unit(moles: ShownLevels) -> None:
    here: Drug = within(
        formulary.drug("vancomycin"), HouseLimits(low=450.0, high=550.0), name="House limits, version 1"
    )
    assert moles.target(here.target).name == "AUC24 276–414 µmol·h/L, here 311–380"
    open_ended = replace(AIM, name="AUC24 above 400 mg·h/L", high=math.inf)
    assert (moles.target(open_ended).name, moles.target(open_ended).high) == ("AUC24 above 276 µmol·h/L", math.inf)


def test_the_row_of_a_study_is_converted_like_a_day(moles: ShownLevels) -> None:
    quantiles = (100.0, 200.0, 300.0, 400.0, 500.0)
    row = GroupExposure("r", "all", 10, quantiles, quantiles, quantiles, 0.5, 0.25, 0.25, 0.4, 0.01, quantiles)
    shown = moles.group(row, Target("t", 10.0, 20.0, "", Metric.TROUGH, "mg/L"))
    assert shown.auc24[0] == shown.trough[0] == pytest.approx(69.0005, rel=1e-5)
    assert shown.value is not None
    assert shown.value[4] == pytest.approx(345.002, rel=1e-5)
    assert (shown.p_in_target, shown.patients) == (0.5, 10)
