"""Every input of a forecast leads to its record, where it can be questioned."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import fits
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.records.courses import build_course
from twins.records.models import GivenDose, Order, Question, RecordState, StoredSample
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(client):
    client.force_login(rows.person())
    found = rows.patient()
    rows.records_of(found.subject, case.course())
    rows.sample(found.subject, Channel.WEIGHT, 81.0, case.START, "weight")
    return found


def compared(patient):
    course = build_course(patient.subject, "vancomycin")
    fit = fits.individual(course)
    return rows.twin(patient.subject, course=course, fit=fit, with_records=False)[1]


def assumed(client, address):
    """The section of what was assumed."""
    page = client.get(address).content.decode()
    return page.split('aria-labelledby="assumed-title"')[1].split("</section>")[0]


def address(record, kind):
    return f"/patients/{record.subject_id}/records/{kind}/{record.pk}"


def test_levels_doses_and_covariates_lead_to_their_records_on_comparison_and_builder(client, patient):
    comparison = compared(patient)
    samples = StoredSample.objects.exclude(channel=Channel.HEART_RATE)
    newest = samples.filter(channel=Channel.CREATININE).latest("event_time")
    records = [*samples.filter(channel__in=(Channel.VANCOMYCIN, Channel.WEIGHT)), newest]
    wanted = {address(record, "sample") for record in records}
    wanted |= {address(record, "dose") for record in GivenDose.objects.all()}
    for page in (f"/comparisons/{comparison.pk}", f"/patients/{patient.pk}/compare"):
        section = assumed(client, page)
        assert wanted <= set(re.findall(r'<a class="mono wrap" href="([^"]+)"', section))
    for where in wanted:
        assert "/question" in client.get(where).content.decode()


def test_a_finding_leads_to_the_order_or_the_record_that_it_is_about(client, patient):
    GivenDose.objects.filter(event_time=case.START + timedelta(hours=12)).delete()
    section = assumed(client, f"/comparisons/{compared(patient).pk}")
    assert "no dose is charted" in section
    assert address(Order.objects.get(), "order") in section


def test_what_no_record_stands_behind_is_plain_text(client, patient):
    section = assumed(client, f"/comparisons/{rows.twin(patient.subject, with_records=False)[1].pk}")
    assert "MedicationAdministration/given-0" in section
    assert "/records/dose/" not in section


def test_the_version_in_use_is_meant_and_a_retimed_record_is_still_found(client, patient):
    dose = GivenDose.objects.latest("event_time")
    old = GivenDose.objects.create(
        subject=patient.subject, drug="vancomycin", amount_mg=900, duration_h=1, event_time=dose.event_time,
        received_time=dose.received_time, source_key=dose.source_key, source_version="0", state=RecordState.SUPERSEDED,
    )  # fmt: skip
    Question.objects.create(
        subject=patient.subject, source_key=dose.source_key, action="retime", reason="late", asked_by="user-1",
        new_time=dose.event_time + timedelta(hours=2), asked_at=case.START,
    )  # fmt: skip
    section = assumed(client, f"/comparisons/{compared(patient).pk}")
    assert address(dose, "dose") in section
    assert address(old, "dose") not in section


def test_more_inputs_take_no_more_queries(client, patient):
    def queries(comparison):
        with CaptureQueriesContext(connection) as found:
            client.get(f"/comparisons/{comparison.pk}")
        return len(found)

    first = compared(patient)
    queries(first)
    before = queries(first)
    for k in range(5):
        rows.sample(patient.subject, Channel.CREATININE, 1.0 + k / 10, case.START + timedelta(hours=k))
    assert queries(first) == before
