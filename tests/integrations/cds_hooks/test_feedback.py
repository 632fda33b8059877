"""What became of a card: kept once, whole or not at all, and shown to those who look after patients."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient
from integrations.cds_hooks.models import Feedback
from tests.factories.patient_records import TEAM, person
from tests.integrations.cds_hooks.calls import sign_call
from tests.integrations.cds_hooks.conftest import Ask, Sign
from tests.integrations.cds_hooks.test_trust import refused

pytestmark = pytest.mark.django_db
SIGN = "patient-twin-order-sign"
AT = "2026-03-02T21:05:00Z"
REASON = {"system": "urn:patient-twin:override-reason", "code": "level-first"}


@pytest.fixture
def card(ask: Ask, with_twin: Patient, at_the_time: None) -> dict[str, Any]:
    return dict(ask(SIGN, sign_call()).json()["cards"][0])


def accepted(card: dict[str, Any], **changes: Any) -> dict[str, Any]:
    suggestions = [{"id": card["suggestions"][0]["uuid"]}]
    said = {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": suggestions, "outcomeTimestamp": AT}
    return {**said, **changes}


def overridden(card: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": AT, **changes}


def tell(ask: Ask, *told: Any) -> Any:
    return ask(SIGN, {"feedback": list(told)}, end="/feedback")


def test_an_accepted_suggestion_is_kept_once_however_often_it_is_told(ask: Ask, card: dict[str, Any]) -> None:
    for _ in range(2):
        assert tell(ask, accepted(card)).status_code == 200
    kept = Feedback.objects.get()
    assert (str(kept.card_id), kept.outcome) == (card["uuid"], "accepted")
    assert kept.accepted == [card["suggestions"][0]["uuid"]]
    assert kept.outcome_at.isoformat() == "2026-03-02T21:05:00+00:00"
    events = AuditEvent.objects.filter(activity="cds.feedback").order_by("sequence")
    assert [event.detail["new"] for event in events] == [1, 0]
    assert {event.subject_key for event in events} == {str(kept.card.subject_id)}


def test_an_override_is_kept_with_its_reason_and_comment(ask: Ask, card: dict[str, Any]) -> None:
    told = overridden(card, overrideReason={"reason": REASON, "userComment": "trough at six"})
    later = overridden(card, outcomeTimestamp="2026-03-02T21:06:00+00:00")
    assert tell(ask, told, later).status_code == 200
    first, second = Feedback.objects.order_by("outcome_at")
    assert (first.reason_code, first.comment) == ("level-first", "trough at six")
    assert (second.reason_code, second.comment) == ("", "")
    assert "trough" not in str(AuditEvent.objects.order_by("-sequence")[0].detail)


def test_feedback_may_be_signed_for_its_own_address_or_the_services(ask: Ask, card: dict[str, Any], sign: Sign) -> None:
    for path in (f"/cds-services/{SIGN}", f"/cds-services/{SIGN}/feedback"):
        token = sign(path)
        assert ask(SIGN, {"feedback": [overridden(card)]}, end="/feedback", token=token).status_code == 200
    other = sign("/cds-services/patient-twin-view/feedback")
    assert ask(SIGN, {"feedback": [overridden(card)]}, end="/feedback", token=other).status_code == 401


def test_a_card_that_nobody_gave_is_404_and_nothing_is_kept(ask: Ask, card: dict[str, Any], settings: Any) -> None:
    unknown = {**overridden(card), "card": str(uuid4())}
    assert "feedback[1].card" in refused(tell(ask, overridden(card), unknown), 404)
    assert not Feedback.objects.exists()
    other = ask("patient-twin-view", {"feedback": [overridden(card)]}, end="/feedback")
    assert refused(other, 404)
    settings.CDS_CLIENTS = [{**settings.CDS_CLIENTS[0], "name": "another"}]
    assert refused(tell(ask, overridden(card)), 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"card": "x"}, "feedback[0].card"),
        ({"card": None}, "feedback[0].card"),
        ({"outcome": "ignored"}, "feedback[0].outcome"),
        ({"outcome": None}, "feedback[0].outcome"),
        ({"outcome": ["accepted"]}, "feedback[0].outcome"),
        ({"outcome": "accepted"}, "feedback[0].acceptedSuggestions"),
        ({"outcome": "accepted", "acceptedSuggestions": []}, "feedback[0].acceptedSuggestions"),
        ({"outcome": "accepted", "acceptedSuggestions": [{"id": 1}]}, "feedback[0].acceptedSuggestions"),
        (
            {"outcome": "accepted", "acceptedSuggestions": [{"id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301"}]},
            "feedback[0].acceptedSuggestions",
        ),
        ({"outcomeTimestamp": None}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "yesterday"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-03-02"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-13-02T00:00:00Z"}, "feedback[0].outcomeTimestamp"),
        ({"overrideReason": "no"}, "feedback[0].overrideReason"),
        ({"overrideReason": {"reason": "no"}}, "feedback[0].overrideReason.reason"),
        ({"overrideReason": {"reason": {"system": "x"}}}, "feedback[0].overrideReason.reason.code"),
        ({"overrideReason": {"reason": {"code": "x" * 101}}}, "feedback[0].overrideReason.reason.code"),
        ({"overrideReason": {"userComment": 7}}, "feedback[0].overrideReason.userComment"),
        ({"overrideReason": {"userComment": "x" * 2001}}, "feedback[0].overrideReason.userComment"),
    ],
)
def test_malformed_feedback_is_400_with_the_field(
    ask: Ask, card: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    assert refused(tell(ask, {**overridden(card), **change}), 400).startswith(field)
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("body", [{}, {"feedback": {}}, {"feedback": []}, {"feedback": [7]}, {"feedback": [{}] * 101}])
def test_what_is_no_list_of_feedback_is_400(ask: Ask, body: Any) -> None:
    assert refused(ask(SIGN, body, end="/feedback"), 400).startswith("feedback")


def test_the_page_counts_and_names_only_patients_of_ones_own(ask: Ask, card: dict[str, Any], client: Client) -> None:
    tell(ask, accepted(card))
    told = overridden(card, overrideReason={"reason": REASON, "userComment": "ask <b>Daniel</b> first"})
    tell(ask, told)
    mira = person(role=Role.PHARMACIST, team=TEAM)
    client.force_login(mira)
    page = client.get("/cds-feedback").content.decode()
    assert "A level will be measured first" in page
    assert "Change to 750 mg every 12 h" in page
    assert "The comment is withheld" in page
    assert "Daniel" not in page
    mira.care_teams.get().patients.add(Patient.objects.get())
    page = client.get("/cds-feedback").content.decode()
    assert "Okafor, Daniel" in page
    assert "ask &lt;b&gt;Daniel&lt;/b&gt; first" in page
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.activity, event.subject_key) == ("page.cds-feedback", str(Patient.objects.get().pk))


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.INTEGRATION, Role.AUDITOR, Role.ADMINISTRATOR])
def test_the_page_is_for_the_bedside_alone(client: Client, role: Role) -> None:
    client.force_login(person(role=role))
    assert client.get("/cds-feedback").status_code == 403


def test_the_page_says_when_there_is_nothing(client: Client) -> None:
    client.force_login(person())
    page = client.get("/cds-feedback")
    assert (page.status_code, b"Nothing was told yet" in page.content) == (200, True)
