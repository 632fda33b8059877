"""The audit chain over FHIR, and the reading of it recorded too."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.audit.event import SYSTEM, Actor, record
from clinic.audit.models import Action, AuditEvent, Outcome
from tests.api.conftest import entries
from tests.api.ward_data import patient

pytestmark = pytest.mark.django_db


def test_every_kind_of_event_is_valid(caller: Client) -> None:
    who = patient(1)
    person = Actor("user-7", ("clinician",), "req", "10.0.0.1")
    record(
        by=person, action=Action.READ, activity="page.patient", subject_key=who.pk, entity_type="page", entity_id="/p"
    )
    record(by=SYSTEM, action=Action.CREATE, activity="twin.update", entity_version="abc", entity_id=7, purpose="")
    record(by=SYSTEM, action=Action.EXECUTE, activity="pull.page", outcome=Outcome.FAILED)
    record(by=person, action=Action.READ, activity="page.worklist", detail={"subjects": [str(who.pk), "gone"]})
    caller.get("/fhir/Patient/ward.p1")
    caller.get("/fhir/Patient")
    found = entries(caller.get("/fhir/AuditEvent"))
    assert len(found) == AuditEvent.objects.count() - 1, "all but the event of this search itself"
    for resource in found:
        get_fhir_model_class("AuditEvent").model_validate(resource)
    viewed = next(item for item in found if item["subtype"][0]["code"] == "page.patient")
    assert viewed["entity"][0]["what"]["reference"] == "Patient/ward.p1"
    assert viewed["agent"][0]["altId"] == "user-7"
    searched = found[-1]
    assert [coding["code"] for coding in searched["subtype"]] == ["fhir.search", "search-type"]


def test_each_event_carries_its_link_of_the_chain(caller: Client) -> None:
    event = record(by=SYSTEM, action=Action.READ, activity="page.patient")
    resource = caller.get(f"/fhir/AuditEvent/{event.sequence}").json()
    link = resource["entity"][-1]
    assert link["what"]["identifier"]["value"] == event.hash
    assert link["detail"][0]["valueString"] == event.previous_hash


def test_reading_the_trail_page_by_page_comes_to_an_end_although_each_page_is_recorded(caller: Client) -> None:
    for _ in range(5):
        record(by=SYSTEM, action=Action.EXECUTE, activity="pull.page")
    before = AuditEvent.objects.count()
    url, found = "/fhir/AuditEvent?_count=1", []
    while url:
        answer = caller.get(url)
        found += [item["id"] for item in entries(answer)]
        url = {link["relation"]: link["url"] for link in answer.json()["link"]}.get("next", "")
    assert found == [str(number) for number in range(1, before + 1)]
    assert AuditEvent.objects.count() == 2 * before


def test_it_is_found_by_patient_actor_activity_time_and_outcome(caller: Client) -> None:
    one, two = patient(1), patient(2)
    actor = Actor("user-70")
    record(by=actor, action=Action.READ, activity="page.patient", subject_key=one.pk)
    record(by=actor, action=Action.READ, activity="page.worklist", detail={"subjects": [str(one.pk), str(two.pk)]})
    record(by=SYSTEM, action=Action.UPDATE, activity="pull.page", outcome=Outcome.FAILED)

    def found(**query: str) -> list[str]:
        return [item["subtype"][0]["code"] for item in entries(caller.get("/fhir/AuditEvent", query))]

    assert found(patient="ward.p1") == ["page.patient", "page.worklist"]
    assert found(patient="Patient/ward.p2") == ["page.worklist"]
    assert found(patient="none") == []
    assert found(altid="user-70") == ["page.patient", "page.worklist"]
    assert found(outcome="8", action="U") == ["pull.page"]
    assert found(subtype="page.worklist,pull.page") == ["page.worklist", "pull.page"]
    assert found(date="lt2020") == []
    assert found(date="gt2020", action="R", _sort="-_lastUpdated")[:2] == ["page.worklist", "page.patient"]
    assert found(date="gt2020", action="R", _sort="-date")[:2] == ["page.worklist", "page.patient"]
    number = AuditEvent.objects.get(activity="pull.page").sequence
    assert found(_id=f"{number},x,99999999999999999999") == ["pull.page"]


@pytest.mark.parametrize("identifier", ["0", "99", "x", "01", "1.0", "9" * 40])
def test_an_event_that_is_not_there_is_404(caller: Client, identifier: str) -> None:
    record(by=SYSTEM, action=Action.EXECUTE, activity="pull.page")
    assert caller.get(f"/fhir/AuditEvent/{identifier}").status_code == 404


def test_it_is_found_by_every_parameter_that_is_declared(caller: Client) -> None:
    who = patient(1)
    person = Actor("user-7", ("clinician",), "req", "10.0.0.1")
    record(by=person, action=Action.READ, activity="page.patient", subject_key=who.pk)
    record(by=SYSTEM, action=Action.EXECUTE, activity="pull.run")
    caller.get("/fhir/Patient/ward.p1")
    caller.get("/fhir/Patient?_id=ward.p1")
    client, jti = (AuditEvent.objects.latest("sequence").detail[name] for name in ("client_id", "token"))
    last = AuditEvent.objects.latest("sequence").sequence

    def found(**query: str) -> list[str]:
        answer = caller.get("/fhir/AuditEvent", {_spelt(name): text for name, text in query.items()})
        return [item["subtype"][0]["code"] for item in entries(answer) if int(item["id"]) <= last]

    assert found(agent="Practitioner/user-7") == ["page.patient"]
    assert found(agent="Practitioner/user-8") == []
    assert found(**{"agent:identifier": "user-7"}) == ["page.patient"]
    assert found(**{"agent:identifier": f"urn:patient-twin:client|{client}"}) == ["fhir.read", "fhir.search"]
    assert found(**{"agent:identifier": "urn:patient-twin:actor|system"})[-1] == "pull.run"
    assert found(agent_role="clinician") == ["page.patient"]
    assert found(address="10.0.0") == ["page.patient"]
    assert found(policy=f"urn:ietf:params:oauth:jti:{jti}") == ["fhir.read", "fhir.search"]
    assert found(policy="urn:ietf:params:oauth:jti:none") == []
    assert found(entity="Patient/ward.p1") == ["page.patient", "fhir.read", "fhir.search"]
    assert found(entity="ward.p1", action="E") == ["fhir.search"]
    assert found(entity="Observation/ward.p1") == []
    assert found(**{"entity:identifier": f"urn:patient-twin:subject|{who.pk}"}) == found(patient="ward.p1")
    assert found(entity_type="1") == ["page.patient", "fhir.read", "fhir.search"]
    assert found(entity_role="24") == ["fhir.search"]
    assert found(type="rest") == ["fhir.read", "fhir.search"]
    assert found(type="110107") == ["pull.run"]
    assert found(**{"type:not": "rest"})[-1] == "pull.run"
    assert found(subtype="http://hl7.org/fhir/restful-interaction|read") == ["fhir.read"]
    assert found(subtype="urn:patient-twin:activity|fhir.read") == ["fhir.read"]
    assert found(_profile="https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead") == [
        "fhir.read"
    ]
    assert found(date=f"ge{AuditEvent.objects.get(activity='pull.run').recorded.isoformat()}")[0] == "pull.run"


@pytest.mark.parametrize("narrowed", ["type=rest", "patient=ward.p1", "outcome=8", "entity-type=1"])
def test_a_scope_for_some_events_shows_no_other(db: None, narrowed: str) -> None:
    one, two = patient(1), patient(2)
    record(by=SYSTEM, action=Action.READ, activity="page.patient", subject_key=one.pk)
    record(by=SYSTEM, action=Action.READ, activity="page.patient", subject_key=two.pk)
    record(by=SYSTEM, action=Action.EXECUTE, activity="pull.page", outcome=Outcome.FAILED)
    out = StringIO()
    call_command("integration_token", "narrow", "--scope", f"system/AuditEvent.rs?{narrowed}", stdout=out)
    narrow = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    call_command("integration_token", "wide", "--scope", "system/AuditEvent.rs", stdout=(out := StringIO()))
    wide = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    last = AuditEvent.objects.latest("sequence").sequence
    seen = {int(item["id"]) for item in entries(narrow.get("/fhir/AuditEvent?_count=200"))}
    allowed = {int(item["id"]) for item in entries(wide.get(f"/fhir/AuditEvent?{narrowed}&_count=200"))}
    assert seen & set(range(last + 1)) == allowed & set(range(last + 1))
    for number in range(1, last + 1):
        assert narrow.get(f"/fhir/AuditEvent/{number}").status_code == (200 if number in allowed else 404)


def _spelt(name: str) -> str:
    return name if name.startswith("_") else name.replace("_", "-")
