"""Three patients with the same few resources each, some of which were another patient's before, and their tokens."""

import json
from io import StringIO
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from oauth2_provider.models import AccessToken

from clinic.patients.models import CareTeam, Patient
from integrations.readings.models import Resource
from tests.api.cells.rule import PATIENTS, Thing, Token
from tests.api.ward_data import patient, store
from tests.integrations.smart.steps import app
from tests.integrations.smart.steps import token as token_of

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def observation(thing: Thing) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": thing.id.removeprefix("ward."),
        "status": thing.status,
        "category": [{"coding": [{"system": _CATEGORY, "code": thing.category}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "20578-1"}]},
        "subject": {"reference": f"Patient/{thing.patient}"},
        "effectiveDateTime": "2026-01-05T08:00:00Z",
        "valueQuantity": {"value": 12.3, "unit": "mg/L", "system": "http://unitsofmeasure.org", "code": "mg/L"},
    }


def _kept(thing: Thing, whose: Patient) -> Thing:
    data = observation(thing) | {"subject": {"reference": f"Patient/{thing.patient.removeprefix('ward.')}"}}
    data["meta"] = {"versionId": thing.version, "lastUpdated": f"2026-01-0{thing.version}T00:00:00Z"}
    store(json.dumps(data), subject=whose.subject, is_current=thing.is_current)
    return thing


def chart() -> list[Thing]:
    """Of each patient a laboratory result, vital signs, and one that was another patient's and of another category."""
    people = {f"ward.p{number}": patient(number, family=f"Marker{number}") for number in (1, 2, 3)}
    things = [Thing("Patient", name, name) for name in PATIENTS]
    for number, name in enumerate(PATIENTS, 1):
        before = PATIENTS[number % len(PATIENTS)]
        for thing in (
            Thing("Observation", f"ward.lab{number}", name, category="laboratory", status="final"),
            Thing("Observation", f"ward.vital{number}", name, category="vital-signs", status="final"),
            Thing("Observation", f"ward.moved{number}", before, "1", "vital-signs", "final", is_current=False),
            Thing("Observation", f"ward.moved{number}", name, "2", "laboratory", "amended"),
        ):
            things.append(_kept(thing, people[thing.patient]))
    return things


def a_writer() -> Client:
    """A system that may write everything."""
    out = StringIO()
    call_command("integration_token", "writer", "--scope", "system/*.cruds", stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


def written(things: list[Thing], writer: Client) -> list[Thing]:
    """An Observation of each kind and patient, written at the door."""
    made = []
    for name in PATIENTS:
        for category in ("laboratory", "vital-signs"):
            thing = Thing("Observation", f"{category}-{name[-2:]}", name, category=category, status="final")
            answer = writer.put(
                f"/fhir/Observation/{thing.id}", json.dumps(observation(thing)), content_type="application/fhir+json"
            )
            assert answer.status_code == 201, answer.content
            made.append(thing)
    things += made
    return made


def client_of(token: Token, browser: Client, cleo: User) -> Client:
    """A client with a token of that scope: of a system, or of an app that Cleo started for p1."""
    if token.context == "system":
        out = StringIO()
        call_command("integration_token", "lab", stdout=out)
        text = out.getvalue().strip()
    else:
        team = CareTeam.objects.get(members=cleo)
        team.patients.add(*Patient.objects.filter(source_key__in=["ward/Patient/p1", "ward/Patient/p2"]))
        launched = Patient.objects.get(source_key="ward/Patient/p1")
        text = token_of(browser, app(), launched)["access_token"]
    AccessToken.objects.filter(pk=AccessToken.objects.latest("pk").pk).update(scope=f"launch/patient {token.text}")
    return Client(headers={"Authorization": f"Bearer {text}"})


def stored(thing: Thing) -> Resource:
    return Resource.objects.get(source_key=f"door/{thing.kind}/{thing.id}", is_current=True)
