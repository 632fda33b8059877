"""What devices themselves say against their values is a reason to look: off, standby, not calibrated, out of use."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.patients.device import DeviceFault, faults_of
from clinic.patients.models import CareTeam, Patient
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import Source
from tests.factories import patient_records as rows
from tests.integrations import resources as fhir
from twins.records.models import StoredSample, Subject
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db


def taken(*resources):
    source = Source.objects.get_or_create(slug="ward", defaults={"address": "https://ward.example/fhir"})[0]
    content = fhir.as_bytes(fhir.bundle(*resources))
    open_reading(receive(source, content, content_type="application/fhir+json", origin="test"))


def device(identifier="pump-7", version=1, **changes):
    named = {"deviceName": [{"name": "Pump 7", "type": "user-friendly-name"}]}
    return {"resourceType": "Device", "id": identifier, **fhir.meta(version), **named, **changes}


def metric(identifier="m1", version=1, of="pump-7", **changes):
    return {
        "resourceType": "DeviceMetric",
        "id": identifier,
        **fhir.meta(version),
        "type": fhir.concept("urn:iso:std:iso:11073:10101", "157784"),
        "source": {"reference": f"Device/{of}"},
        "category": "measurement",
        **changes,
    }


def dose(identifier="a1", ago=timedelta(hours=2), by="pump-7", of="p1"):
    start = f"{timezone.now() - ago:%Y-%m-%dT%H:%M:%SZ}"
    return fhir.administration(identifier, start=start, end=None, of=of, device=[{"reference": f"Device/{by}"}])


@pytest.fixture
def worklist(client):
    client.force_login(rows.person())

    def shown(query="?why=device", **headers):
        team = CareTeam.objects.get(name=rows.TEAM)
        team.patients.add(*Patient.objects.all())
        return client.get(f"/{query}", headers=headers).content.decode()

    return shown


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ((device(), metric(operationalStatus="off")), "Device fault: Pump 7 reports off."),
        ((device(), metric(operationalStatus="standby")), "Device fault: Pump 7 reports standby."),
        ((device(), metric(operationalStatus="entered-in-error")), "Device fault: Pump 7 reports entered in error."),
        ((device(status="inactive"),), "Device fault: Pump 7 reports out of use."),
        ((device(status="entered-in-error"),), "Device fault: Pump 7 reports entered in error."),
        ((device(status="unknown"),), "Device fault: Pump 7 reports unknown state."),
        (
            (device(), metric(calibration=[{"state": "not-calibrated", "time": "2026-11-01T08:00:00Z"}])),
            "Device fault: Pump 7 reports not calibrated.",
        ),
        (
            (device(status="inactive"), metric("m1", operationalStatus="off"), metric("m2", operationalStatus="off")),
            "Device fault: Pump 7 reports out of use; Pump 7 reports off.",
        ),
        ((metric(operationalStatus="off"),), "Device fault: Device/pump-7 reports off."),
    ],
)
def test_a_pump_that_says_it_does_not_work_is_named_with_its_state(worklist, resources, said):
    taken(fhir.patient(), *resources, dose())
    assert said in worklist()


@pytest.mark.parametrize(
    "resources",
    [
        (device(status="active"), metric(operationalStatus="on", calibration=[{"state": "calibrated"}])),
        (device(), metric(operationalStatus="off"), metric(version=2, operationalStatus="on")),
        (device(), device("other"), metric(of="other", operationalStatus="off")),
        (
            device(),
            metric(
                calibration=[
                    {"state": "not-calibrated", "time": "2026-11-01T08:00:00Z"},
                    {"state": "calibrated", "time": "2026-11-02T08:00:00Z"},
                ]
            ),
        ),
    ],
    ids=["all well", "on again", "another device", "calibrated since"],
)
def test_where_nothing_is_wrong_with_the_device_nothing_is_said(worklist, resources):
    taken(fhir.patient(), *resources, dose())
    assert "Device fault" not in worklist("")


def test_the_device_of_a_vital_sign_counts_and_the_metric_that_the_value_names(worklist):
    taken(fhir.patient(), device("monitor"), metric(of="monitor", operationalStatus="off"), dose(by="none"))
    subject = Subject.objects.get()
    named = {"ward/Device/monitor": "Pump 7", "ward/DeviceMetric/m1": "Device/monitor"}
    for number, (key, name) in enumerate(named.items()):
        when = timezone.now() - timedelta(minutes=30 - number)
        StoredSample.objects.filter(pk=rows.sample(subject, Channel.HEART_RATE, 80.0, when).pk).update(device_key=key)
        assert f"Device fault: {name} reports off." in worklist()


def test_a_device_whose_last_value_is_days_old_was_taken_off(worklist):
    taken(fhir.patient(), device(status="inactive"), dose(ago=timedelta(days=2)))
    assert "Device fault" not in worklist("")


def test_it_is_said_in_german(worklist):
    taken(fhir.patient(), device(), metric(operationalStatus="off"), dose())
    page = worklist(**{"Accept-Language": "de"})
    assert "Störung an einem Gerät: Pump 7 meldet: aus." in page
    assert "Gerät gestört oder stumm" in page


def test_many_patients_and_devices_take_no_more_queries(worklist):
    def queries():
        with CaptureQueriesContext(connection) as found:
            assert worklist().count("reports off") == Patient.objects.count()
        return len(found)

    for number in range(4):
        name = str(number)
        taken(fhir.patient(f"p{name}"), device(name), metric(f"m{name}", of=name, operationalStatus="off"))
        taken(dose(f"a{name}", by=name, of=f"p{name}"))
        if number == 0:
            queries()
            once = queries()
    assert queries() == once


def test_the_faults_of_any_devices_are_asked_for_at_once(django_assert_num_queries):
    taken(device("a", status="unknown"), device("b"), metric(of="b", operationalStatus="off"))
    with django_assert_num_queries(1):
        found = faults_of(["ward/Device/a", "ward/Device/b", "ward/Device/c"])
    assert found == {
        "ward/Device/a": [DeviceFault("Pump 7", "unknown")],
        "ward/Device/b": [DeviceFault("Pump 7", "off")],
    }
    with django_assert_num_queries(0):
        assert faults_of([]) == {}
