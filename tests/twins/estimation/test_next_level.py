"""Which level to take next: least expected uncertainty, checked against what a level really does."""

from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from twins.estimation.evidence import Evidence
from twins.estimation.individualise import individualise
from twins.estimation.next_level import Advice, Criterion, NextLevelError, next_level
from twins.pharmacology.formulary import model
from twins.quantities.dose import Dose
from twins.samples.course import Course, Level

GOTI = model("vancomycin-goti-2018")
PATIENT = course(doses=[(0.0, 1500.0, 1.5), (12.0, 1000.0, 1.0)], until=13.5, dialysis=0.0)
AHEAD = (Dose(24.0, 1000.0, 1.0), Dose(36.0, 1000.0, 1.0))
FIT = individualise(GOTI, PATIENT, seed=4, draws=600)
WINDOW = (24.0, 48.0)


def ask(patient: Course = PATIENT, **options: object) -> Advice:
    chosen = {"from_h": 14.0, "until_h": 36.0, "ahead": AHEAD, "window_h": WINDOW, **options}
    return next_level(GOTI, patient, FIT, **chosen)  # type: ignore[arg-type]


def test_the_best_time_has_the_least_expected_uncertainty_of_all() -> None:
    found = ask()
    assert found.best[0].sd_after == min(one.sd_after for one in found.candidates)
    assert found.best[0].sd_after < found.sd_now


def left_after(time: float, patients: int = 40) -> float:
    """What levels at a time really leave: simulated from the fit's draws, the patient refitted to each."""
    source = np.random.default_rng(1)
    known = replace(PATIENT, until_h=time, doses=(*PATIENT.doses, *AHEAD))
    variances = []
    for k in range(patients):
        true = FIT.draws[14 * k : 14 * k + 1]
        value = float(Evidence.of(GOTI, known, [Level(time, 1.0)]).predict(true)[0, 0])
        seen = max(value + source.normal() * (3.4 + 0.227 * value), 0.1)
        fit = individualise(GOTI, replace(known, levels=(Level(time, seen),)), seed=k, draws=300)
        again = next_level(
            GOTI, known, fit, from_h=40.0, until_h=40.0, ahead=AHEAD[int(time >= 24.0) :], window_h=WINDOW
        )
        variances.append(again.sd_now**2)
    return float(np.sqrt(np.mean(variances)))


def test_the_expected_uncertainty_is_what_simulated_levels_there_leave_on_average() -> None:
    advice = ask()
    best, worst = advice.best[0], max(advice.candidates, key=lambda one: one.sd_after)
    assert left_after(best.time_h) == pytest.approx(best.sd_after, rel=0.1)
    assert left_after(worst.time_h) == pytest.approx(worst.sd_after, rel=0.1)


def test_no_time_during_an_infusion_or_soon_after_is_asked_for() -> None:
    for one in ask().candidates:
        assert not 24.0 < one.time_h < 25.5
    assert any(24.0 < one.time_h < 25.5 for one in ask(after_h=0.0, every_h=0.25).candidates)


def test_candidates_are_in_order_and_of_the_interval_asked_for() -> None:
    times = [one.time_h for one in ask(from_h=20.0, until_h=23.0, every_h=1.0).candidates]
    assert times == [20.0, 21.0, 22.0, 23.0]


def test_information_prefers_where_predictions_scatter_most_against_their_error() -> None:
    found = ask(criterion=Criterion.INFORMATION)
    assert found.best[0].information == max(one.information for one in found.candidates)


def test_two_levels_leave_less_than_one_and_lie_apart() -> None:
    one, two = ask(), ask(levels=2)
    assert two.best[0] == one.best[0]
    assert two.best[1].sd_after < one.best[0].sd_after
    assert two.best[1].time_h != two.best[0].time_h


def test_the_answer_has_no_chance_of_its_own() -> None:
    assert ask() == ask()


def test_the_expected_level_is_the_mean_of_what_the_draws_predict() -> None:
    one = next(c for c in ask().candidates if c.time_h == 23.0)
    known = replace(PATIENT, until_h=36.0)
    predicted = Evidence.of(GOTI, known, [Level(23.0, 1.0)]).predict(FIT.draws)[:, 0]
    assert one.expected == pytest.approx(float(predicted.mean()), rel=1e-9)
    assert one.since_dose_h == pytest.approx(11.0)


def test_the_sentence_says_when_and_what_it_is_good_for() -> None:
    words = ask().sentence
    assert words.startswith(f"A level at {ask().best[0].time_h:.4g} h")
    assert "AUC from 24 to 48 h" in words
    assert "Levels at" in ask(levels=2).sentence


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"from_h": 30.0, "until_h": 20.0}, "go forward"),
        ({"from_h": 13.0}, "only be drawn later"),
        ({"from_h": 24.2, "until_h": 24.8}, "longer interval"),
        ({"window_h": (30.0, 30.0)}, "later end"),
        ({"levels": 0}, "at least 1"),
    ],
)
def test_a_question_without_an_answer_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(NextLevelError, match=words):
        ask(**options)
