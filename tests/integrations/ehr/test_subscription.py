"""Subscriptions of ours: asked for, shaken hands, notified in every way, gaps filled, and strangers refused."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from fhir.resources.R4B import get_fhir_model_class

from clinic.audit.models import AuditEvent, Outcome
from integrations.ehr import notified, tasks
from integrations.ehr.client import Client, FetchError
from integrations.ehr.lease import hold
from integrations.ehr.models import EhrSubscription, Notification, SubscriptionState, WorkState
from integrations.ehr.notification import NotificationError, read_notification
from integrations.ehr.subscribe import SubscribeError, Wish, subscribe
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineEntry, Reading, Resource, Source
from tests.integrations.ehr.hospital import Hospital, serving
from tests.integrations.ehr.server import BASE, QUICK, Server
from tests.integrations.resources import as_bytes, observation, patient
from twins.records.models import RecordState, StoredSample

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
TOPIC = "http://example.org/topics/new-observation"
BLANK = {"url": "", "token": "", "client_id": "", "client_key": "", "key_id": "", "token_url": "", "scope": ""}


@pytest.fixture
def hospital(settings: Any) -> Iterator[Hospital]:
    with serving() as server:
        settings.EHR_SOURCES = {"ehr": BLANK | {"url": server.base, "file_hosts": ""}}
        yield server


@pytest.fixture
def source(hospital: Hospital) -> Source:
    made = Source.objects.create(slug="ehr", address=hospital.base)
    open_reading(receive(made, as_bytes(patient()), content_type="application/fhir+json", origin="test"))
    return made


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: messages.append((name, *args)))
    return messages


@pytest.fixture
def ours(source: Source, hospital: Hospital) -> EhrSubscription:
    with Client(hospital.base, patience=QUICK) as client:
        return subscribe(source, client, Wish(TOPIC, endpoint="https://twin.test"))


def _secret(hospital: Hospital) -> str:
    return hospital.chart[0]["channel"]["header"][0].removeprefix("Authorization: Bearer ")


def _notification(
    kind: str, *events: tuple[int, str], total: int | None = None, status: str = "active", **more: Any
) -> Json:
    """`events` are (number, reference to the focus); ``resources=[…]`` come with it."""
    parameters: list[Json] = [
        {"name": "subscription", "valueReference": {"reference": "Subscription/c1"}},
        {"name": "topic", "valueCanonical": TOPIC},
        {"name": "status", "valueCode": status},
        {"name": "type", "valueCode": kind},
    ]
    total = max((number for number, _ in events), default=0) if total is None else total
    parameters.append({"name": "events-since-subscription-start", "valueString": str(total)})
    for number, focus in events:
        part: list[Json] = [{"name": "event-number", "valueString": str(number)}]
        part.append({"name": "timestamp", "valueInstant": "2026-03-02T06:00:00Z"})
        if focus:
            part.append({"name": "focus", "valueReference": {"reference": focus}})
        parameters.append({"name": "notification-event", "part": part})
    status_entry = {
        "fullUrl": f"urn:uuid:{uuid4()}",
        "resource": {"resourceType": "Parameters", "id": str(uuid4()), "parameter": parameters},
    }
    entries = [
        {"fullUrl": f"x/{r['resourceType']}/{r['id']}", "resource": r, "request": {"method": "PUT", "url": "x"}}
        for r in more.get("resources", ())
    ]
    return {"resourceType": "Bundle", "type": "history", "entry": [status_entry, *entries]}


def _post(ours: EhrSubscription, content: Json | bytes, secret: str, **options: Any) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    options = {"content_type": "application/fhir+json", **options}
    return Browser(enforce_csrf_checks=True).post(
        reverse("fhir-notify", args=[ours.pk]), body, headers=headers, **options
    )


def _notify(ours: EhrSubscription, hospital: Hospital, content: Json | bytes) -> None:
    """Deliver a notification and let a worker do what it asks for."""
    assert _post(ours, content, _secret(hospital)).status_code == 200
    _work()


def _work() -> None:
    for pk in Notification.objects.order_by("pk").values_list("pk", flat=True):
        notified.handle(pk)


def _samples() -> list[str]:
    active = StoredSample.objects.filter(state=RecordState.ACTIVE).order_by("source_key")
    return [key.rsplit("/", 1)[1] for key in active.values_list("source_key", flat=True)]


def _lay_out(hospital: Hospital, *numbers: int) -> None:
    for number in numbers:
        hospital.resources[f"Observation/o{number}"] = observation(f"o{number}", value=10 + number)


def test_the_subscription_is_what_the_guide_asks_for(ours: EhrSubscription, hospital: Hospital) -> None:
    (made,) = hospital.chart
    assert made["criteria"] == TOPIC
    assert made["channel"]["endpoint"] == f"https://twin.test/fhir-notify/{ours.pk}"
    payload = made["channel"]["_payload"]["extension"][0]
    assert payload["valueCode"] == "id-only"
    assert payload["url"].endswith("backport-payload-content")
    get_fhir_model_class("Subscription").model_validate_json(json.dumps(made))
    assert (ours.remote_id, ours.state) == ("c1", SubscriptionState.REQUESTED)
    assert len(_secret(hospital)) >= 40
    assert _secret(hospital) not in str(EhrSubscription.objects.values().get())
    assert AuditEvent.objects.get(activity="ehr.subscribe").detail["topic"] == TOPIC


def test_a_handshake_makes_it_active_and_an_error_is_seen(ours: EhrSubscription, hospital: Hospital) -> None:
    _notify(ours, hospital, _notification("handshake", status="requested"))
    ours.refresh_from_db()
    assert ours.state == SubscriptionState.ACTIVE
    assert ours.heard is not None
    _notify(ours, hospital, _notification("heartbeat", status="error"))
    ours.refresh_from_db()
    assert (ours.state, "error" in ours.error) == (SubscriptionState.ERROR, True)
    _notify(ours, hospital, _notification("heartbeat"))
    ours.refresh_from_db()
    assert ours.state == SubscriptionState.ACTIVE
    assert not QuarantineEntry.objects.exists(), "the status of a subscription is nobody's data"


def test_ids_are_followed_to_their_resources(ours: EhrSubscription, hospital: Hospital) -> None:
    _lay_out(hospital, 1, 2)
    _notify(
        ours,
        hospital,
        _notification("event-notification", (1, "Observation/o1"), (2, f"{hospital.base}/Observation/o2")),
    )
    assert _samples() == ["o1", "o2"]
    ours.refresh_from_db()
    assert ours.last_event == 2


def test_whole_resources_need_no_question(ours: EhrSubscription, hospital: Hospital) -> None:
    hospital.asked.clear()
    whole = _notification("event-notification", (1, "Observation/o1"), resources=[observation("o1")])
    _notify(ours, hospital, whole)
    assert _samples() == ["o1"]
    assert not hospital.asked
    reading = Reading.objects.get(origin__startswith="notification")
    assert bytes(reading.content) == json.dumps(whole).encode(), "kept as it came"


def test_an_empty_notification_asks_for_all_that_is_new(
    ours: EhrSubscription, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server([patient(), observation("o1"), observation("o2")])
    monkeypatch.setattr(notified, "client_for", lambda _: server.client())
    _notify(ours, hospital, _notification("event-notification", (1, "")))
    assert _samples() == ["o1", "o2"]


def test_the_same_notification_again_is_harmless(ours: EhrSubscription, hospital: Hospital) -> None:
    _lay_out(hospital, 1)
    told = _notification("event-notification", (1, "Observation/o1"))
    for _ in range(3):
        _notify(ours, hospital, told)
    assert Notification.objects.count() == 1
    assert hospital.asked["GET /fhir/Observation/o1"] == 1
    _notify(ours, hospital, _notification("event-notification", (1, "Observation/o1")))
    assert (Notification.objects.count(), _samples(), StoredSample.objects.count()) == (2, ["o1"], 1)


def test_a_gap_is_filled_by_events(ours: EhrSubscription, hospital: Hospital) -> None:
    _lay_out(hospital, 1, 2, 3, 4)
    _notify(ours, hospital, _notification("event-notification", (1, "Observation/o1")))
    hospital.events = _notification(
        "query-event", (2, "Observation/o2"), (3, "Observation/o3"), resources=[observation("o2")]
    )
    _notify(ours, hospital, _notification("event-notification", (4, "Observation/o4")))
    assert _samples() == ["o1", "o2", "o3", "o4"]
    (asked,) = [path for _, path, *_ in hospital.requests if "$events" in path]
    assert "eventsSinceNumber=2&eventsUntilNumber=3" in asked
    ours.refresh_from_db()
    assert ours.last_event == 4


def test_a_heartbeat_shows_what_was_missed(ours: EhrSubscription, hospital: Hospital) -> None:
    _lay_out(hospital, 1)
    hospital.events = _notification("query-event", (1, "Observation/o1"))
    _notify(ours, hospital, _notification("heartbeat", total=1))
    assert _samples() == ["o1"]


def test_a_number_beyond_all_sense_costs_no_memory(
    ours: EhrSubscription, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled: list[EhrSubscription] = []
    monkeypatch.setattr(notified, "_pull", lambda one, _client: pulled.append(one))
    hospital.events = _notification("query-event", (1, "Observation/o1"))
    _notify(ours, hospital, _notification("heartbeat", total=10**15 - 1))
    assert pulled == [ours]


@pytest.mark.parametrize(("counted", "last"), [(None, 1), (7, 1), (20_003, 20_003)])
def test_a_number_far_ahead_counts_only_where_the_server_counts_as_many(
    ours: EhrSubscription, hospital: Hospital, monkeypatch: pytest.MonkeyPatch, counted: int | None, last: int
) -> None:
    monkeypatch.setattr(notified, "_pull", lambda *_: None)
    _lay_out(hospital, 1, 2, 3)
    _notify(ours, hospital, _notification("event-notification", (1, "Observation/o1")))
    if counted is not None:
        hospital.counted = _notification("query-status", total=counted)
    _notify(ours, hospital, _notification("event-notification", (20_003, "Observation/o3")))
    ours.refresh_from_db()
    assert ours.last_event == last
    _notify(ours, hospital, _notification("event-notification", (last + 1, "Observation/o2")))
    assert _samples() == ["o1", "o2", "o3"], "a later event is not taken for a known one"


@pytest.mark.parametrize("events", [None, [(2, "Observation/o2")]], ids=["no $events", "not all of them"])
def test_a_gap_without_events_is_filled_by_a_search(
    ours: EhrSubscription, hospital: Hospital, monkeypatch: pytest.MonkeyPatch, events: Any
) -> None:
    server = Server([patient(), *(observation(f"o{n}", value=10 + n) for n in range(1, 5))])

    def both(request: httpx.Request) -> httpx.Response:
        if "$events" in str(request.url):
            return httpx.Response(200, json=_notification("query-event", *events)) if events else httpx.Response(404)
        return server(request)

    monkeypatch.setattr(
        notified, "client_for", lambda _: Client(BASE, patience=QUICK, transport=httpx.MockTransport(both))
    )
    _notify(
        ours,
        hospital,
        _notification("event-notification", (4, f"{BASE}/Observation/o4"), resources=[observation("o4")]),
    )
    assert _samples() == ["o1", "o2", "o3", "o4"]


def test_a_focus_that_is_gone_is_withdrawn(ours: EhrSubscription, hospital: Hospital) -> None:
    _notify(ours, hospital, _notification("event-notification", (1, "Observation/o1"), resources=[observation("o1")]))
    hospital.failures["/fhir/Observation/o1"] = [410]
    _notify(ours, hospital, _notification("event-notification", (2, "Observation/o1")))
    assert _samples() == []
    assert not Resource.objects.filter(source_key="ehr/Observation/o1", is_current=True).exists()


def test_a_focus_on_another_server_is_not_fetched(ours: EhrSubscription, hospital: Hospital) -> None:
    _notify(ours, hospital, _notification("event-notification", (1, "http://thief.test/fhir/Observation/o1")))
    row = Notification.objects.get()
    assert (row.state, "another server" in row.error) == (WorkState.FAILED, True)
    assert AuditEvent.objects.get(activity="ehr.notified").outcome == Outcome.FAILED


def test_work_that_fails_is_done_later_by_the_sweep(ours: EhrSubscription, hospital: Hospital, sent: list[Any]) -> None:
    _lay_out(hospital, 1)
    hospital.failures["/fhir/Observation/o1"] = [403]
    _notify(ours, hospital, _notification("event-notification", (1, "Observation/o1")))
    row = Notification.objects.get()
    assert (row.state, row.attempts, "403" in row.error) == (WorkState.QUEUED, 1, True)
    sent.clear()
    assert tasks.sweep() == 0, "not before its time"
    Notification.objects.update(next_try=timezone.now() - timedelta(seconds=1))
    assert tasks.sweep() == 1
    assert sent == [("integrations.ehr.tasks.notified", row.pk)]
    tasks.notified(row.pk)
    assert _samples() == ["o1"]
    assert Notification.objects.get().state == WorkState.DONE


def test_one_that_kills_its_workers_is_given_up(ours: EhrSubscription, hospital: Hospital) -> None:
    assert _post(ours, _notification("handshake"), _secret(hospital)).status_code == 200
    Notification.objects.update(attempts=notified.TRIES)
    _work()
    assert Notification.objects.get().state == WorkState.FAILED


def test_a_gap_waits_while_a_pull_is_running(ours: EhrSubscription, hospital: Hospital, source: Source) -> None:
    with hold(source):
        _notify(ours, hospital, _notification("event-notification", (3, "Observation/o3")))
    assert Notification.objects.get().state == WorkState.QUEUED


# --- who may notify ----------------------------------------------------------------------------------------------


def test_a_stranger_and_a_wrong_secret_are_refused(ours: EhrSubscription, hospital: Hospital) -> None:
    told = _notification("handshake")
    for secret in ("", "wrong", _secret(hospital)[:-1]):
        answer = _post(ours, told, secret)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["resourceType"] == "OperationOutcome"
    other = EhrSubscription(pk=uuid4())
    assert _post(other, told, _secret(hospital)).status_code == 401, "an unknown one is refused alike"
    assert not Notification.objects.exists()
    assert AuditEvent.objects.filter(activity="ehr.notify", outcome=Outcome.REFUSED).count() == 3
    assert _secret(hospital) not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_one_subscriptions_secret_opens_no_other(ours: EhrSubscription, hospital: Hospital, source: Source) -> None:
    with Client(hospital.base, patience=QUICK) as client:
        second = subscribe(source, client, Wish(TOPIC, endpoint="https://twin.test"))
    assert _post(second, _notification("handshake"), _secret(hospital)).status_code == 401


def test_only_notifications_are_taken(ours: EhrSubscription, hospital: Hospital, settings: Any) -> None:
    secret = _secret(hospital)
    assert _post(ours, b"{", secret).status_code == 400
    assert _post(ours, observation(), secret).status_code == 400
    assert _post(ours, _notification("handshake"), secret, content_type="text/xml").status_code == 415
    headers = {"Authorization": f"Bearer {secret}"}
    assert Browser().get(reverse("fhir-notify", args=[ours.pk]), headers=headers).status_code == 405
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert _post(ours, _notification("handshake"), secret).status_code == 413
    assert not Notification.objects.exists()
    EhrSubscription.objects.update(state=SubscriptionState.OFF)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000
    assert _post(ours, _notification("handshake"), secret).status_code == 410


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"3",
        b'{"resourceType": "Bundle"}',
        b'{"resourceType": "Bundle", "entry": [3]}',
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}',
        json.dumps(_notification("gossip")).encode(),
        json.dumps(_notification("heartbeat", total=-1)).encode(),
    ],
)
def test_what_is_no_notification_is_refused(content: bytes) -> None:
    with pytest.raises(NotificationError):
        read_notification(content)


# --- the command -------------------------------------------------------------------------------------------------


def test_the_command_subscribes_lists_and_ends(hospital: Hospital, capsys: Any) -> None:
    endpoint = "https://twin.test/"
    asked = ["subscribe", hospital.base, "--source", "ehr", "--topic", TOPIC, "--endpoint", endpoint]
    call_command(*asked, "--content", "full-resource", "--filter", "Observation?code=x", "--heartbeat", "60")
    (made,) = hospital.chart
    assert made["_criteria"]["extension"][0]["valueString"] == "Observation?code=x"
    assert made["channel"]["extension"][0]["valueUnsignedInt"] == 60
    get_fhir_model_class("Subscription").model_validate_json(json.dumps(made))
    row = EhrSubscription.objects.get()
    call_command("subscribe", "--list")
    listed = capsys.readouterr().out
    assert str(row.pk) in listed
    assert "heard never" in listed
    call_command("subscribe", hospital.base, "--source", "ehr", "--off", str(row.pk))
    assert hospital.deleted == ["/fhir/Subscription/c1"]
    row.refresh_from_db()
    assert row.state == SubscriptionState.OFF
    with pytest.raises(CommandError, match="see --list"):
        call_command("subscribe", hospital.base, "--source", "ehr", "--off", "nobody")


def test_the_list_says_that_there_are_none(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("subscribe", "--list")
    assert capsys.readouterr().out == "There are no subscriptions.\n"


@pytest.mark.parametrize("endpoint", ["", "http://twin.test", "ftp://twin.test", "https://u:p@twin.test", "twin"])
def test_a_secret_is_never_asked_for_in_the_open(source: Source, hospital: Hospital, endpoint: str) -> None:
    with Client(hospital.base) as client, pytest.raises(SubscribeError):
        subscribe(source, client, Wish(TOPIC, endpoint=endpoint))
    assert not hospital.chart
    assert not EhrSubscription.objects.exists()


def test_a_refused_subscription_is_kept_with_the_reason(source: Source, hospital: Hospital) -> None:
    hospital.failures["/fhir/Subscription"] = [422]
    with Client(hospital.base, patience=QUICK) as client, pytest.raises(FetchError, match="422"):
        subscribe(source, client, Wish(TOPIC, endpoint="http://127.0.0.1:8000"))
    row = EhrSubscription.objects.get()
    assert (row.state, "422" in row.error) == (SubscriptionState.ERROR, True)
