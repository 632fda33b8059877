"""What a call must be: every rule of CDS Hooks that is broken is refused with the field and the remedy."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import Patient, Restriction
from integrations.readings.models import Source
from tests.factories.chart import Chart
from tests.integrations.cds_hooks.calls import SERVER, call, draft, select_call, sign_call
from tests.integrations.cds_hooks.conftest import Ask, Sign
from tests.integrations.cds_hooks.test_trust import refused
from tests.integrations.resources import bundle, observation
from tests.integrations.resources import patient as person

pytestmark = pytest.mark.django_db


def without(data: dict[str, Any], *path: str) -> dict[str, Any]:
    """A copy of the call without one field."""
    *way, last = path
    holder = data
    for name in way:
        holder = holder[name]
    del holder[last]
    return data


def test_the_services_are_listed_for_anybody(client: Client) -> None:
    answer = client.get("/cds-services")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    services = {service["id"]: service for service in answer.json()["services"]}
    assert {service["hook"] for service in services.values()} == {"patient-view", "order-select", "order-sign"}
    for service in services.values():
        assert service["title"]
        assert service["description"]
        templates = service["prefetch"]
        assert templates["patient"] == "Patient/{{context.patientId}}"
        assert "http://loinc.org|20578-1" in templates["observations"]
        assert "http://loinc.org|8867-4" not in templates["observations"], "a heart rate makes no twin"
        assert templates["administrations"].startswith("MedicationAdministration?patient={{context.patientId}}&code=")
    assert client.post("/cds-services").status_code == 405
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "hookInstance"),
        (without(call(), "hookInstance"), "hookInstance"),
        (call(hookInstance="1"), "hookInstance"),
        (call(hookInstance=None), "hookInstance"),
        (call(hookInstance="{3f2504e0-4f89-11d3-9a0c-0305e82c3301}"), "hookInstance"),
        (without(call(), "hook"), "hook"),
        (call("order-sign"), "hook"),
        (without(call(), "context"), "context"),
        ({**call(), "context": []}, "context"),
        (without(call(), "context", "userId"), "context.userId"),
        (call(context={"userId": "dr"}), "context.userId"),
        (call(context={"userId": "Device/1"}), "context.userId"),
        (without(call(), "context", "patientId"), "context.patientId"),
        (call(context={"patientId": "Patient/p1"}), "context.patientId"),
        (call(context={"patientId": "../p1"}), "context.patientId"),
        (call(context={"patientId": 1}), "context.patientId"),
        (call(prefetch=[]), "prefetch"),
        (call(prefetch={"patient": "p1"}), "prefetch.patient"),
        (call(prefetch={"patient": person("p2")}), "prefetch.patient"),
        (call(prefetch={"patient": observation()}), "prefetch.patient"),
        (call(prefetch={"observations": person("p1")}), "prefetch.observations"),
        (call(prefetch={"observations": bundle(observation(of="p2"))}), "prefetch.observations"),
        (call(prefetch={"observations": {"resourceType": "Bundle", "entry": [1]}}), "prefetch.observations.entry"),
        (call(fhirServer=7), "fhirServer"),
    ],
)
def test_a_rule_broken_on_patient_view_is_400(ask: Ask, with_twin: Patient, body: dict[str, Any], field: str) -> None:
    answer = ask(body=body)
    words = refused(answer, 400)
    assert words.startswith(f"{field} is ")
    assert answer.json()["issue"][0]["expression"] == [field]
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.actor, event.outcome, event.detail["status"]) == ("cds-ehr", Outcome.FAILED, 400)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (without(select_call(), "context", "draftOrders"), "context.draftOrders"),
        (without(select_call(), "context", "selections"), "context.selections"),
        (select_call(selections=["d1"]), "context.selections"),
        (select_call(selections=["MedicationRequest/d2"]), "context.selections"),
        (select_call(selections=[7]), "context.selections"),
        (select_call(draft(of="p2")), "context.draftOrders.entry[0].resource.subject"),
        (select_call({**draft(), "id": "a b"}, selections=["MedicationRequest/d1"]), "context.draftOrders.entry[0]"),
        (select_call({**draft(), "status": "new"}), "MedicationRequest/d1"),
        (select_call({**draft(), "dosageInstruction": "much"}), "MedicationRequest/d1"),
        (select_call({**draft(), "contained": [7]}), "MedicationRequest/d1"),
        (call("order-select", context={"draftOrders": draft(), "selections": []}), "context.draftOrders"),
        (
            call("order-select", context={"draftOrders": {"resourceType": "Bundle", "entry": {}}, "selections": []}),
            "context.draftOrders.entry",
        ),
        (
            call("order-select", context={"draftOrders": {"resourceType": "Bundle", "entry": [{}]}, "selections": []}),
            "context.draftOrders.entry[0].resource",
        ),
    ],
)
def test_a_rule_broken_on_order_select_is_400(ask: Ask, with_twin: Patient, body: dict[str, Any], field: str) -> None:
    assert refused(ask("patient-twin-order-select", body), 400).startswith(field)


def test_order_sign_needs_no_selections(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    assert ask("patient-twin-order-sign", sign_call()).status_code == 200
    assert refused(ask("patient-twin-order-sign", call("order-sign")), 400).startswith("context.draftOrders")


@pytest.mark.parametrize(
    "body", [b" ", b"{", b"[]", b"7", b"null", b"\xff\xfe", b'{"hook": "\\u0000"}', b"[" * 100_000, b'{"a": NaN}']
)
def test_what_is_no_json_object_is_400(ask: Ask, body: bytes) -> None:
    refused(ask(body=body), 400)


def test_deep_nesting_in_a_draft_is_refused_and_no_fault(ask: Ask, with_twin: Patient) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"extension": [deep]}
    answer = ask("patient-twin-order-sign", sign_call({**draft(), "extension": [deep]}))
    assert answer.status_code == 400


def test_another_content_type_is_415_and_too_much_is_413(ask: Ask, settings: Any) -> None:
    for kind in (
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
    ):
        assert refused(ask(body="{}", content_type=kind), 415)
    assert refused(ask(body=b"{}", content_type="application/json; charset=UTF-8"), 400)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert refused(ask(body=b"{" + b" " * 2000 + b"}"), 413)


def test_an_unknown_service_is_404_and_another_method_405(ask: Ask, sign: Sign, client: Client) -> None:
    assert "there are patient-twin-view" in refused(ask("patient-twin"), 404)
    assert refused(ask("patient-twin", end="/feedback"), 404)
    path = "/cds-services/patient-twin-view"
    for method in ("get", "put", "delete", "patch"):
        answer = getattr(client, method)(path, headers={"Authorization": f"Bearer {sign(path)}"})
        assert refused(answer, 405)
        assert "POST" in answer["Allow"]


@pytest.mark.parametrize(
    "server",
    [
        "https://evil.test/fhir",
        "https://ehr.test/fhir/other",
        "https://ehr.test.evil.test/fhir",
        "http://ehr.test/fhir",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "",
    ],
)
def test_another_fhir_server_is_refused_and_never_called(
    ask: Ask, with_twin: Patient, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("nothing is fetched"))
    words = refused(ask(body=call(fhirServer=server, fhirAuthorization={"access_token": "secret"})), 403)
    assert "fhirServer" in words
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert event.outcome == Outcome.REFUSED
    assert "secret" not in str(event.detail)


@pytest.mark.parametrize("server", [SERVER, f"{SERVER}/", None])
def test_the_servers_own_name_is_taken_with_and_without_a_slash(ask: Ask, with_twin: Patient, server: Any) -> None:
    assert len(ask(body=call(fhirServer=server)).json()["cards"]) == 1


def test_an_http_server_is_taken_in_a_laboratory_alone(ask: Ask, with_twin: Patient, settings: Any) -> None:
    settings.CDS_ALLOW_HTTP = True
    lab = "http://lab.test/fhir"
    settings.CDS_CLIENTS = [{**settings.CDS_CLIENTS[0], "fhir_server": lab}]
    Source.objects.update(address=lab)
    assert len(ask(body=call(fhirServer=lab)).json()["cards"]) == 1


def test_a_client_sees_no_patient_of_another_server(ask: Ask, with_twin: Patient) -> None:
    Source.objects.update(address="https://else.test/fhir")
    assert "not known here" in refused(ask(), 412)


def test_a_patient_whose_wish_closes_them_to_anybody_is_known_to_no_client(ask: Ask, with_twin: Patient) -> None:
    now, names = timezone.now(), {"reason": "-", "recorded_by": "user-1"}
    Restriction.objects.create(patient=with_twin, hidden_from="everybody", begins=now, recorded_at=now, **names)
    assert "not known here" in refused(ask(), 412)


def test_an_id_of_this_products_own_door_names_its_source(ask: Ask, with_twin: Patient, settings: Any) -> None:
    settings.CDS_ALLOW_HTTP = True
    settings.CDS_CLIENTS = [{**settings.CDS_CLIENTS[0], "fhir_server": "http://testserver/fhir"}]
    assert len(ask(body=call(context={"patientId": "ward.p1"})).json()["cards"]) == 1
    assert ask(body=call(context={"patientId": "p1"})).status_code == 412


def test_a_patient_that_two_sources_know_is_412(ask: Ask, with_twin: Patient) -> None:
    Source.objects.create(slug="ward2", address=f"{SERVER}/")
    Patient.objects.create(subject=Chart.of().subject, source_key="ward2/Patient/p1", family_name="Else")
    assert "Two sources" in refused(ask(), 412)


def test_no_origin_is_let_in_unless_it_is_listed(client: Client, ask: Ask, with_twin: Patient, settings: Any) -> None:
    asks = {"Origin": "https://ehr.test", "Access-Control-Request-Method": "POST"}
    path = "/cds-services/patient-twin-view"
    assert client.options(path, headers=asks).status_code == 401
    assert "Access-Control-Allow-Origin" not in client.get("/cds-services", headers=asks)
    settings.CDS_CORS_ORIGINS = ["https://ehr.test"]
    before = client.options(path, headers=asks)
    assert (before.status_code, before["Access-Control-Allow-Origin"]) == (204, "https://ehr.test")
    assert before["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert "Access-Control-Allow-Credentials" not in before
    assert ask(Origin="https://ehr.test")["Access-Control-Allow-Origin"] == "https://ehr.test"
    other = client.options(path, headers={**asks, "Origin": "https://evil.test"})
    assert (other.status_code, "Access-Control-Allow-Origin" in other) == (401, False)
    assert "Origin" in other["Vary"]
