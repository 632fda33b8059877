"""All that is published is valid FHIR, is found and read at the door, keeps its versions, and can be made later."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.access.actor import actor_of
from clinic.decisions.sign import sign
from clinic.patients.models import CareTeam, Patient
from integrations.fhir.models import Term
from integrations.fhir.validate.faults import faults
from integrations.readings.models import Reading, ReadingState, Resource
from tests.factories import patient_records
from tests.factories.chart import Chart
from tests.integrations.fhir.publish.conftest import Update, exactly, published
from twins.pharmacology import formulary
from twins.records.models import Comparison

pytestmark = pytest.mark.django_db
OURS = {"source_key__startswith": "twin/"}


@pytest.fixture
def caller(db: None) -> Client:
    out = StringIO()
    call_command("integration_token", "lab", stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


@pytest.fixture
def everything(patient: Patient, chart: Chart, update: Update) -> None:
    """Findings, two versions of the twins, a declined plan's fate and a signed one's."""
    chart.level(47.6, 19.0)
    update()
    chart.dose(48.0, duration=None)
    chart.level(49.2, 26.0)
    version = update()
    mira = patient_records.person()
    CareTeam.objects.get(name=patient_records.TEAM).patients.add(patient)
    comparison = Comparison.objects.get(twin_version=version)
    sign(comparison=comparison, plan_position=1, reason="Below the target.", by=mira, actor=actor_of(mira))


def test_all_of_it_is_valid_r4(everything: None) -> None:
    rows = Resource.objects.filter(**OURS)
    kinds = {row.resource_type for row in rows}
    assert kinds == {
        "Observation", "RiskAssessment", "CarePlan", "Provenance", "Device", "Library", "DetectedIssue",
    }  # fmt: skip
    for row in rows:
        assert faults(row.resource_type, row.text, exactly(row.text)) == []
        get_fhir_model_class(row.resource_type).model_validate_json(row.text)
    assert set(Reading.objects.filter(source__slug="twin").values_list("state", flat=True)) == {ReadingState.OPENED}


@pytest.fixture
def moles(settings: Any) -> None:
    settings.SHOWN_UNITS = {"vancomycin": "umol/L", "creatinine": "umol/L"}


def test_all_of_it_keeps_the_drugs_own_unit_whatever_pages_show(moles: None, everything: None) -> None:
    rows = Resource.objects.filter(**OURS)
    assert "mg·h/L" in rows.filter(resource_type="RiskAssessment").latest("pk").text
    assert "mg/L" in rows.filter(resource_type="DetectedIssue").latest("pk").text
    for row in rows:
        assert "mol/L" not in row.text, row.source_key
        assert "mol·h/L" not in row.text, row.source_key


def test_all_of_it_is_read_and_found_at_the_door(everything: None, caller: Client) -> None:
    for row in Resource.objects.filter(is_current=True, **OURS):
        answer = caller.get(f"/fhir/{row.resource_type}/twin.{row.resource_id}")
        assert answer.status_code == 200, answer.content
        assert answer["ETag"] == f'W/"{row.version}"'
    who = {"patient": "ward.p1", "_count": "200"}
    for kind in ("Observation", "RiskAssessment", "CarePlan", "DetectedIssue"):
        found = caller.get(f"/fhir/{kind}", who).json()
        assert len(found["entry"]) == Resource.objects.filter(is_current=True, resource_type=kind, **OURS).count()


def test_provenance_comes_along_and_names_versions(everything: None, caller: Client) -> None:
    query = {
        "patient": "ward.p1",
        "category": "estimate",
        "code": "clearance_l_per_h",
        "_revinclude": "Provenance:target",
    }
    entries = caller.get("/fhir/Observation", query).json()["entry"]
    told = [one["resource"] for one in entries if one["search"]["mode"] == "include"]
    assert told
    for one in told:
        for target in one["target"]:
            assert caller.get(f"/fhir/{target['reference']}").status_code == 200
        assert one["agent"][0]["who"]["reference"].startswith("Device/twin.patient-twin-")
        assert caller.get(f"/fhir/{one['agent'][0]['who']['reference']}").status_code == 200
        assert all(agent["onBehalfOf"]["type"] == "Organization" for agent in one["agent"]), "US Core's provenance-1"
    cards = [e["what"]["reference"] for one in told for e in one["entity"] if e["what"]["reference"].startswith("Lib")]
    assert cards
    assert caller.get(f"/fhir/{cards[0]}").status_code == 200


def test_nobody_changes_what_the_twin_computed(everything: None) -> None:
    out = StringIO()
    call_command("integration_token", "gateway", "--scope", "system/*.cruds", stdout=out)
    writer = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    for kind in ("Observation", "RiskAssessment", "CarePlan", "Library"):
        row = Resource.objects.filter(resource_type=kind, is_current=True, **OURS)[0]
        address = f"/fhir/{kind}/twin.{row.resource_id}"
        assert writer.put(address, row.text, content_type="application/fhir+json").status_code == 405
        assert writer.delete(address).status_code == 405


def test_findings_come_and_go(patient: Patient, chart: Chart, update: Update) -> None:
    dose = chart.dose(48.0, duration=None)
    update()
    found = [one for one in published("DetectedIssue") if one["code"]["coding"][0]["code"] == "infusion-end-missing"]
    assert [one["status"] for one in found] == ["final"]
    reference = "/".join(dose.source_key.split("/")[1:])
    kind, number = reference.split("/")
    assert found[0]["implicated"] == [{"reference": f"{kind}/ward.{number}/_history/1"}]
    dose.duration_h = 1.0
    dose.save()
    update()
    found = [one for one in published("DetectedIssue") if one["code"]["coding"][0]["code"] == "infusion-end-missing"]
    assert [one["status"] for one in found] == ["cancelled"]


def test_a_dose_that_may_be_charted_twice_is_published_as_an_issue(
    patient: Patient, chart: Chart, update: Update
) -> None:
    chart.dose(48.0)
    chart.dose(48.1)
    update()
    (found,) = (one for one in published("DetectedIssue") if one["code"]["coding"][0]["code"] == "duplicate-dose")
    assert found["status"] == "final"
    assert "6 min after another of 1000 mg" in found["detail"]


def test_what_was_made_before_is_published_afterwards_in_the_same_words(everything: None) -> None:
    def texts() -> dict[tuple[str, str], Any]:
        rows = Resource.objects.filter(**OURS).exclude(resource_type="DetectedIssue")
        return {(row.source_key, row.version): row.text for row in rows}

    before = texts()
    current = set(Resource.objects.filter(is_current=True, **OURS).values_list("source_key", "version"))
    _forget()
    call_command("publish_twins", stdout=StringIO())
    after = texts()
    ours = {key: text for key, text in after.items() if "Provenance" not in key[0]}
    assert ours == {key: text for key, text in before.items() if "Provenance" not in key[0]}
    assert set(after) == set(before)
    found = set(Resource.objects.filter(is_current=True, **OURS).values_list("source_key", "version"))
    assert {key for key in current if "Detected" not in key[0]} == {key for key in found if "Detected" not in key[0]}
    out = StringIO()
    call_command("publish_twins", stdout=out)
    assert out.getvalue() == "0 resources were published.\n"


def _forget() -> None:
    Term.objects.filter(resource__source_key__startswith="twin/").delete()
    Resource.objects.filter(**OURS).delete()


def test_every_model_has_a_card_that_says_what_is_not_known(db: None, caller: Client) -> None:
    out = StringIO()
    call_command("publish_models", stdout=out)
    call_command("publish_models", stdout=out)
    rows = Resource.objects.filter(resource_type="Library", **OURS)
    assert len(rows) == len(formulary.model_ids())
    for row in rows:
        assert faults("Library", row.text, exactly(row.text)) == []
        get_fhir_model_class("Library").model_validate_json(row.text)
    card = caller.get("/fhir/Library/twin.vancomycin-goti-2018").json()
    model = formulary.model("vancomycin-goti-2018")
    assert card["version"] == model.version
    for words in (*model.conflicts, *model.unverified, *model.intended, model.population, model.citation.doi):
        assert words in card["description"]
    assert card["relatedArtifact"][0]["url"] == f"https://doi.org/{model.citation.doi}"
