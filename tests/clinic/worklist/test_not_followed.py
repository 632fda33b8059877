"""A signed plan that is not followed is a reason on the list, until it is replaced or withdrawn."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.access.roles import Role
from clinic.decisions import amend, second, sign
from clinic.worklist.attention import NotFollowed, Situation, reasons
from clinic.worklist.reason import Urgency, Why
from clinic.worklist.rows import worklist_rows
from tests.factories import patient_records as rows
from twins.quantities.dose import Dose

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(db: None) -> Any:
    return rows.person()


@pytest.fixture
def patient(mira: Any) -> Any:
    return rows.patient()


@pytest.fixture
def comparison(patient: Any) -> Any:
    """Made a day ago, so that doses were due since."""
    start = timezone.now() - timedelta(hours=75)
    return rows.twin(patient.subject, course=case_course(start))[1]


def case_course(start: Any, **changes: Any) -> Any:
    from tests.factories import vancomycin_case as case

    return case.course(start=start, **changes)


def signed(comparison: Any, by: Any) -> Any:
    return sign.sign(comparison=comparison, plan_position=1, reason="Below the target.", by=by, actor=actor_of(by))


def a_day_ago(decision: Any) -> None:
    """As if it had been signed when the data ended, so that the doses since count."""
    from django.db import connection

    when = decision.comparison.twin_version.data_until
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER IF EXISTS decisions_decision_no_update")
        else:
            cursor.execute("ALTER TABLE decisions_decision DISABLE TRIGGER USER")
    type(decision).objects.filter(pk=decision.pk).update(decided_at=when)


def with_doses(patient: Any, comparison: Any, *doses: Dose) -> None:
    """The newest twin, whose course goes on for a day with these doses."""
    from dataclasses import replace

    before = case_course(comparison.twin_version.data_until - timedelta(hours=48))
    known = comparison.twin_version.course["until_h"]
    later = replace(before, doses=(*before.doses, *doses), until_h=known + 25.0)
    rows.twin(patient.subject, course=later, parent=comparison.twin_version, with_records=False)


def shown(patient: Any) -> list[str]:
    (row,) = worklist_rows([patient], timezone.now())
    return [reason.sentence for reason in row.reasons if reason.why is Why.FOLLOWED]


def test_doses_left_out_or_of_another_amount_are_counted(patient: Any, comparison: Any, mira: Any) -> None:
    a_day_ago(signed(comparison, mira))
    known = comparison.twin_version.course["until_h"]
    with_doses(patient, comparison, Dose(known + 12.0, 250.0, 1.0))
    (said,) = shown(patient)
    assert said.startswith("The signed plan B is not followed: ")


def test_as_signed_is_no_reason(patient: Any, comparison: Any, mira: Any) -> None:
    decision = signed(comparison, mira)
    a_day_ago(decision)
    from twins.pharmacology.regimen import Plan

    plan = Plan.from_json(comparison.plans[1])
    known = comparison.twin_version.course["until_h"]
    with_doses(patient, comparison, *(dose for dose in plan.regimen.doses(known + 24.0) if dose.start_h >= known))
    assert shown(patient) == []


def test_a_withdrawn_signature_is_held_against_nobody(patient: Any, comparison: Any, mira: Any) -> None:
    decision = signed(comparison, mira)
    amend.amend(decision=decision, plan_position=None, reason="No.", by=mira, actor=actor_of(mira))
    with_doses(patient, comparison)
    assert shown(patient) == []


def test_what_awaits_a_second_signature_counts_from_that_on(
    patient: Any, comparison: Any, mira: Any, settings: Any
) -> None:
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})
    decision = signed(comparison, mira)
    a_day_ago(decision)
    phil = rows.person("phil", Role.PHARMACIST)
    second.agree(decision=decision, by=phil, actor=actor_of(phil))
    with_doses(patient, comparison)
    assert shown(patient) == [], "nothing was due since the second signature, a moment ago"


def test_it_is_something_to_look_at() -> None:
    now = timezone.now()
    found = reasons(Situation(on_drug=True, outcome="FITTED", last_data=now, not_followed=NotFollowed("B", 2, 3)), now)
    assert [(one.why, one.urgency, one.sentence) for one in found] == [
        (Why.FOLLOWED, Urgency.LOOK, "The signed plan B is not followed: 2 of 3 doses since differ from it.")
    ]
