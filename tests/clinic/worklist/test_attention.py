"""Why a patient is on top of the list."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from clinic.worklist.attention import DayChance, Rhythm, Situation, reasons, renal
from clinic.worklist.reason import Urgency, Why
from tests.factories import vancomycin_case as case
from twins.estimation.doubts import outside_population
from twins.pharmacology.covariates import history
from twins.pharmacology.formulary import model
from twins.quantities.clock import moment_at

GOTI = model(case.MODEL_ID)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def hours_ago(hours):
    return NOW - timedelta(hours=hours)


def situation(**changes):
    calm = {
        "on_drug": True,
        "outcome": "FITTED",
        "days": (chance(0, 0.7, 0.2), chance(1, 0.7, 0.2)),
        "last_data": hours_ago(1),
        "first_dose": hours_ago(40),
    }
    return Situation(**{**calm, **changes})


def chance(day, p_in, p_above):
    return DayChance(day, p_in, p_above, 1 - p_in - p_above, 600.0, 400.0)


def sentences(found):
    return [reason.sentence for reason in reasons(found, NOW)]


def test_a_patient_in_target_with_fresh_data_gives_no_reason():
    assert sentences(situation()) == []


def test_a_patient_not_on_the_drug_gives_no_reason():
    assert sentences(situation(on_drug=False, last_data=None)) == []


def test_a_missed_target_says_which_way_with_what_chance():
    found = reasons(situation(days=(chance(0, 0.30, 0.64),)), NOW)
    assert found[0].urgency is Urgency.ACT
    assert found[0].sentence == ("The current plan misses the target: 64 % chance of AUC24 above 600 in the next 24 h.")


def test_a_target_about_to_be_missed_names_the_day():
    found = sentences(situation(days=(chance(0, 0.7, 0.1), chance(1, 0.4, 0.05))))
    assert found == ["The current plan is about to miss the target: 55 % chance of AUC24 below 400 on day 2."]


def test_below_even_chances_a_plan_only_may_miss_the_target():
    found = reasons(situation(days=(chance(0, 0.45, 0.35),)), NOW)
    assert found[0].urgency is Urgency.LOOK
    assert found[0].sentence == (
        "The current plan may miss the target: 35 % chance of AUC24 above 600 in the next 24 h."
    )
    assert "may miss" in sentences(situation(days=(chance(0, 0.7, 0.1), chance(1, 0.45, 0.3))))[0]


def test_a_signed_change_is_said_until_the_order_changes():
    assert sentences(situation(signed_change="B")) == ["Plan B is signed; the order has not changed yet."]


def test_a_second_signature_is_awaited_and_newer_data_are_said_to_have_come_meanwhile():
    awaited = situation(awaiting_second="C", decided_on_older=hours_ago(9))
    assert sentences(situation(awaiting_second="C")) == ["Plan C is signed once and awaits a second signature."]
    assert sentences(awaited) == ["Plan C is signed once and awaits a second signature, but the data changed since."]


def test_cannot_forecast_comes_with_its_reason_and_before_everything_but_a_clear_miss():
    found = sentences(situation(outcome="CANNOT", cannot_reason="No body weight on the chart.", days=(), doubts=2))
    assert found[0] == "Cannot forecast: no body weight on the chart."


def test_no_level_yet_is_a_note_and_becomes_a_reason_to_look_when_overdue():
    early = reasons(situation(outcome="PRIOR_ONLY"), NOW)
    assert early[0].urgency is Urgency.NOTE
    late = reasons(situation(outcome="PRIOR_ONLY", first_dose=hours_ago(60)), NOW)
    assert late[0].urgency is Urgency.LOOK
    assert late[0].sentence == "No level yet, 2 days after the first dose."


def test_stale_data_say_how_old_they_are():
    assert sentences(situation(last_data=hours_ago(13))) == ["Data are stale: the last came 13 h ago."]
    assert sentences(situation(last_data=hours_ago(11.9))) == []
    assert sentences(situation(last_data=None)) == ["No data have come for this patient."]


def test_a_decision_on_older_data_weighs_more_than_an_unsigned_comparison():
    older = sentences(situation(decided_on_older=hours_ago(9), unsigned=True))
    assert older == ["The last decision was made before the data changed."]
    assert sentences(situation(unsigned=True)) == ["The comparison is not signed."]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([(30, 0.9), (2, 1.2)], "rose from 0.9 to 1.2 mg/dL in 28 h"),  # + 0.3 within 48 h
        ([(60, 0.9), (2, 1.2)], None),  # + 0.3, but in 58 h
        ([(100, 0.8), (2, 1.2)], "rose from 0.8 to 1.2 mg/dL in 98 h"),  # 1.5 times within 7 days
        ([(200, 0.8), (2, 1.2)], None),  # 1.5 times, but in more than 7 days
        ([(30, 1.0), (2, 1.29)], None),
        ([(100, 2.4), (2, 1.5)], "fell from 2.4 to 1.5 mg/dL in 98 h"),
        ([(2, 3.0)], None),
    ],
)
def test_renal_function_moves_by_the_criteria_of_kdigo(values, said):
    found = renal([(hours_ago(hours), value) for hours, value in values])
    assert (said in found[0].sentence) if said else found == []


def test_a_rise_begins_where_the_twins_own_warning_of_it_says():
    values = ((0.0, 0.87), (9.0, 0.85), (50.0, 2.33))
    known = case.course(creatinine=values)
    warnings = outside_population(GOTI, known, history(GOTI, known))
    told = renal([(moment_at(known.start, hour), value) for hour, value in values])[0].sentence
    start = re.search(r"creatinine (rose from 0.85 to 2.33 mg/dL in 41 h)", told)
    assert start is not None, told
    assert any(f"Serum creatinine {start[1]}:" in warning for warning in warnings)


def test_creatinine_between_dialysis_sessions_is_no_kidney_injury():
    rising = ((hours_ago(30), 4.0), (hours_ago(2), 7.0))
    assert "Renal function" in sentences(situation(creatinine=rising))[0]
    assert sentences(situation(creatinine=rising, haemodialysis=True)) == []


def test_reasons_come_with_the_most_pressing_first():
    found = reasons(
        situation(days=(chance(0, 0.4, 0.35),), creatinine=((hours_ago(20), 1.0), (hours_ago(1), 1.8)), unsigned=True),
        NOW,
    )
    assert [reason.urgency for reason in found] == [Urgency.ACT, Urgency.LOOK, Urgency.NOTE]


def test_a_level_is_due_a_week_after_the_last_while_doses_go_on():
    old = {"last_level": hours_ago(170), "last_dose": hours_ago(5)}
    assert sentences(situation(**old)) == ["A level is due: the last is 7 days old."]
    assert sentences(situation(**{**old, "last_dose": hours_ago(60)})) == []
    assert sentences(situation(**{**old, "last_level": hours_ago(100)})) == []


def test_a_device_that_falls_silent_while_other_data_come_is_named():
    minutes, hours = timedelta(minutes=1), timedelta(hours=4)
    heart = {
        "devices": {"heart rate": Rhythm(hours_ago(5), minutes), "oxygen saturation": Rhythm(hours_ago(1), minutes)}
    }
    assert sentences(situation(**heart)) == ["A device may be off or at fault; last came heart rate (5 h ago)."]
    assert sentences(situation(devices={"heart rate": Rhythm(hours_ago(30), minutes)})) == []  # taken off a day ago
    assert sentences(situation(devices={"temperature": Rhythm(hours_ago(5), hours)})) == []  # by hand, each shift
    assert "stale" in sentences(situation(**heart, last_data=hours_ago(13)))[0]


@pytest.mark.parametrize(("last", "stage"), [(1.5, 1), (1.9, 1), (2.0, 2), (2.9, 2), (3.0, 3), (4.1, 3)])
def test_the_stage_of_kidney_injury_is_by_the_ratio_to_the_least_of_the_week(last, stage):
    (found,) = renal([(hours_ago(60), 1.0), (hours_ago(2), last)])
    assert found.sentence.endswith(f"KDIGO stage {stage}.")


def test_every_reason_says_what_it_is_about():
    found = reasons(
        situation(
            days=(chance(0, 0.4, 0.35),),
            creatinine=((hours_ago(20), 1.0), (hours_ago(1), 1.8)),
            unsigned=True,
            doubts=1,
        ),
        NOW,
    )
    assert {reason.why for reason in found} == {Why.TARGET, Why.RENAL, Why.DECISION, Why.DOUBT}


def test_a_level_outside_what_was_forecast_is_said_with_both():
    (found,) = reasons(situation(surprise=(23.71, 9.12, 14.25)), NOW)
    assert found.why is Why.CONTRADICTED
    said = "The last level, 23.7 mg/L, contradicts the forecast: 9.1 to 14.2 was expected in 90 %."
    assert found.sentence == said
