"""A patient with a comparison, and people who may sign it."""

from typing import Any

import pytest

from clinic.access.actor import actor_of
from clinic.access.roles import Role
from clinic.decisions import amend, second, sign
from tests.factories import patient_records as rows

PASSWORD = "correct horse battery"


@pytest.fixture
def user(db: None) -> Any:
    return with_password(rows.person())


@pytest.fixture
def other(db: None) -> Any:
    """A second person of the care team, who may sign too."""
    return with_password(rows.person("phil", Role.PHARMACIST))


@pytest.fixture
def patient(db: None) -> Any:
    return rows.patient()


@pytest.fixture
def comparison(patient: Any) -> Any:
    return rows.twin(patient.subject, course=rows.recent_course())[1]


@pytest.fixture
def high_alert(settings: Any) -> None:
    """The site asks for a second signature on the drug of these patients."""
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})


def with_password(person: Any) -> Any:
    person.set_password(PASSWORD)
    person.save()
    return person


def signed(comparison: Any, by: Any, plan: int = 1, reason: str = "Below the target.") -> Any:
    return sign.sign(comparison=comparison, plan_position=plan, reason=reason, by=by, actor=actor_of(by))


def declined(comparison: Any, by: Any) -> Any:
    return sign.decline(comparison=comparison, reason="A level is due.", by=by, actor=actor_of(by))


def amended(decision: Any, by: Any, plan: int | None, reason: str = "On second thoughts.") -> Any:
    return amend.amend(decision=decision, plan_position=plan, reason=reason, by=by, actor=actor_of(by))


def agreed(decision: Any, by: Any) -> Any:
    return second.agree(decision=decision, by=by, actor=actor_of(by))


def refused(decision: Any, by: Any, reason: str = "Kidneys fail.") -> Any:
    return second.refuse(decision=decision, reason=reason, by=by, actor=actor_of(by))


def newer(patient: Any, comparison: Any, **changes: Any) -> Any:
    """The default comparison of the next version of the twin, which knows a level more."""
    course = changes.pop("course", None) or rows.recent_course(levels=3, **changes)
    return rows.twin(patient.subject, course=course, parent=comparison.twin_version, with_records=False)[1]
