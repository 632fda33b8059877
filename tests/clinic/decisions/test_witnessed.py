"""Whoever owns the database can change a decision; the trail knows what it was."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clinic.audit.models import AuditEvent, Stub
from clinic.decisions.models import Decision, SecondSignature
from clinic.decisions.witnessed import witnessed
from tests.clinic.audit import tampering
from tests.clinic.decisions.conftest import agreed, amended, signed
from twins.records.append_only import _DROP

pytestmark = pytest.mark.django_db
SIGNED, SECOND, COMPARED = "decisions_decision", "decisions_secondsignature", "records_comparison"


@pytest.fixture
def decision(comparison: Any, user: Any, other: Any, high_alert: None) -> Any:
    made = signed(comparison, user)
    agreed(made, other)
    amended(made, user, 2)
    return Decision.objects.get(pk=made.pk)


def behind_the_trails_back(*tables: str) -> None:
    """Whoever owns the database drops what guards its tables; the test's transaction puts it back."""
    with connection.cursor() as cursor:
        for table in tables:
            for statement in _DROP[connection.vendor]:
                cursor.execute(statement.format(table=table))


def test_what_was_decided_in_the_usual_way_is_as_the_trail_knows_it(decision: Any) -> None:
    found = witnessed()
    assert (found.decisions, found.seconds, found.removed, found.faults) == (2, 1, 0, ())
    out = StringIO()
    call_command("verify_decisions", stdout=out)
    assert "2 decisions and 1 second signatures are as the trail knows them" in out.getvalue()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d, _o: Decision.objects.filter(pk=d.pk).update(reason="As the family wished."), "it was changed"),
        (lambda d, _o: Decision.objects.filter(pk=d.pk).update(chosen_plan=0), "it was changed"),
        (lambda d, o: Decision.objects.filter(pk=d.pk).update(decided_by=o), "it was changed"),
        (lambda d, _o: Decision.objects.filter(pk=d.pk).update(decided_at=timezone.now()), "it was changed"),
        (lambda _d, _o: Decision.objects.filter(number=2).delete(), "is not there: removed"),
        (lambda _d, _o: SecondSignature.objects.update(agreed=False, reason="No."), "it was changed"),
        (lambda _d, _o: SecondSignature.objects.all().delete(), "is not there: removed"),
        (lambda d, _o: type(d.comparison).objects.update(digest="0" * 64), "is another than decision"),
        (
            lambda d, o: Decision.objects.create(
                comparison=d.comparison, comparison_digest=d.comparison.digest, number=3,
                amends=Decision.objects.get(number=2), reason="Nobody ever said so.", decided_by=o,
                decided_at=timezone.now(),
            ),
            "put in behind the trail's back",
        ),
    ],
)  # fmt: skip
def test_what_was_changed_behind_the_trail_is_named(
    decision: Any, other: Any, change: Callable[[Any, Any], Any], fault: str
) -> None:
    behind_the_trails_back(SIGNED, SECOND, COMPARED)
    change(decision, other)
    found = witnessed()
    assert any(fault in one for one in found.faults), found.faults
    with pytest.raises(CommandError, match="not as the trail knows them"):
        call_command("verify_decisions", stderr=StringIO())


def test_an_event_that_was_changed_with_its_decision_is_no_witness(decision: Any) -> None:
    behind_the_trails_back(SIGNED, tampering.TABLE)
    Decision.objects.filter(pk=decision.pk).update(reason="As the family wished.")
    event = next(one for one in AuditEvent.objects.all() if one.detail.get("decision") == str(decision.pk))
    detail = {**event.detail, "content": Decision.objects.get(pk=decision.pk).digest()}
    AuditEvent.objects.filter(pk=event.pk).update(detail=json.loads(json.dumps(detail)))
    assert any("was edited itself" in one for one in witnessed().faults)


def test_a_decision_whose_event_was_removed_at_the_end_of_its_retention_is_counted(decision: Any) -> None:
    behind_the_trails_back(tampering.TABLE)
    until = timezone.now() + timedelta(seconds=1)
    AuditEvent.objects.all().delete()
    Stub.objects.create(
        sequence=100, head="a" * 64, first=1, counts={}, recorded_from=until, recorded_until=until, checkpoint=1,
        checkpoint_hash="b" * 64, archive="x", archive_sha256="c" * 64, pruned=until, key="k", previous="0" * 64,
        hash=uuid.uuid4().hex * 2, signature="s",
    )  # fmt: skip
    found = witnessed()
    assert (found.removed, found.faults) == (3, ())
