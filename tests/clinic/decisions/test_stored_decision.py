"""A decision of an earlier day gives the same digits today: bit for bit, or to 1e-9 on another processor or library."""

import os
from pathlib import Path

import pytest
from django.utils import timezone

from clinic.decisions.models import Decision, Standing
from clinic.patients.models import CareTeam, Patient
from tests.clinic.decisions import stored_decision
from tests.clinic.decisions.conftest import amended, signed
from tests.factories import patient_records as rows
from tests.factories.chart import Chart
from twins.jobs import update
from twins.records.models import Comparison
from twins.records.replay import Agreement, replay
from twins.records.runtime import code_version, runtime
from twins.records.twins import course_of

pytestmark = pytest.mark.django_db
STORED = sorted(stored_decision.FOLDER.glob("*.json"))


if "WRITE_STORED_DECISION" in os.environ:

    def test_write_todays_decision(settings):
        settings.POSTERIOR_DRAWS = 100
        chart = Chart.of().stable()
        patient = Patient.objects.create(
            subject=chart.subject, source_key="ward/Patient/p1", family_name="Okafor", given_name="Daniel", sex="male"
        )
        update.run(str(update.request_update(chart.subject, "vancomycin").pk))
        comparison = Comparison.objects.get()
        user = rows.person()
        CareTeam.objects.get(name=rows.TEAM).patients.add(patient)
        amended(signed(comparison, user), user, 0, reason="The level was drawn late; go on as before.")
        stored_decision.write(stored_decision.FOLDER / f"{timezone.now():%Y_%m}.json", chart.subject)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_what_was_decided_then_is_computed_again_with_the_same_digits(path: Path):
    content = stored_decision.load(path)
    decisions = list(Decision.objects.order_by("number"))
    assert [decision.digest() for decision in decisions] == content["content"]
    assert [decision.standing for decision in decisions] == [Standing.REPLACED, Standing.IN_FORCE]
    comparison = Comparison.objects.get()
    version = comparison.twin_version
    assert {decision.comparison_digest for decision in decisions} == {comparison.digest}
    assert course_of(version).digest() == version.course_digest
    report = replay(comparison)
    assert report.ok, report.sentence
    assert report.numbers > 2000
    if version.runtime == runtime() and version.code_version == code_version():
        assert report.agreement is Agreement.BIT_EQUAL, report.sentence


def test_there_is_such_a_decision():
    assert STORED
