"""Nobody is told more than their right reaches now; nobody learns of another's subscriptions."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from clinic.patients.models import CareTeam, Patient
from integrations.fhir.interactions.own_way import BEFOREHAND
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import State, Subscriber, Why
from integrations.fhir.subscriptions.topics import PULL_FAILED
from integrations.smart.registration import disable
from tests.integrations.fhir.subscriptions.asked import RISK, learns, post, put, subscribed, subscription
from tests.integrations.fhir.subscriptions.conftest import Caller
from tests.integrations.fhir.subscriptions.receiver import Receiver, events
from tests.integrations.smart import steps

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/hook"
ADDRESSES = (
    "Subscription/{id}",
    "Subscription/{id}/_history",
    "Subscription/{id}/$status",
    "Subscription/{id}/$events",
)


@pytest.fixture
def cleo(patient: Patient) -> User:
    from django.contrib.auth.models import Group

    user = User.objects.create_user("cleo", first_name="Cleo", last_name="Moreau")
    user.groups.set([Group.objects.get(name="clinician")])
    team = CareTeam.objects.create(name="Ward 3")
    team.members.add(user)
    team.patients.add(patient)
    return user


APP_SCOPE = "launch/patient offline_access patient/*.rs patient/Subscription.cruds"


def app_client(cleo: User, patient: Patient, scope: str = APP_SCOPE) -> Client:
    browser = Client()
    browser.force_login(cleo)
    app = steps.app(scope=scope)
    given = steps.token(browser, app, patient, scope=scope)
    return Client(headers={"Authorization": f"Bearer {given['access_token']}"})


def test_a_stranger_and_an_expired_token_are_401(client: Client, caller: Client, receiver: Receiver) -> None:
    subscriber = subscribed(caller, subscription(receiver.url))
    addresses = [one.format(id=subscriber.identifier) for one in ADDRESSES]
    for address in (*addresses, "Subscription", "Subscription/$status"):
        assert client.get(f"/fhir/{address}").status_code == 401, address
    assert post(client, subscription(URL)).status_code == 401
    AccessToken.objects.update(expires=timezone.now())
    for address in (*addresses, "Subscription", "Subscription/$status"):
        assert caller.get(f"/fhir/{address}").status_code == 401, address
    assert post(caller, subscription(URL)).status_code == 401


def test_a_token_without_the_scope_is_403(system: Caller) -> None:
    reader = system("reader", "system/*.rs")
    assert post(reader, subscription(URL)).status_code == 403
    blind = system("blind", "system/Subscription.cruds")
    answer = post(blind, subscription(URL))
    assert answer.status_code == 403
    assert "Observation" in answer.json()["issue"][0]["details"]["text"]


def test_another_system_learns_nothing_of_it(system: Caller, receiver: Receiver) -> None:
    subscriber = subscribed(system("one"), subscription(receiver.url))
    other = system("two")
    for address in ADDRESSES:
        assert other.get(f"/fhir/{address.format(id=subscriber.identifier)}").status_code == 404, address
    assert "entry" not in other.get("/fhir/Subscription").json()
    assert other.get("/fhir/Subscription/_history").json()["total"] == 0
    assert other.get("/fhir/Subscription/$status").json()["total"] == 0
    assert other.get(f"/fhir/Subscription/$status?id={subscriber.identifier}").json()["total"] == 0
    assert put(other, subscriber.identifier, subscription(receiver.url)).status_code == 403
    assert other.delete(f"/fhir/Subscription/{subscriber.identifier}").status_code == 204
    subscriber.refresh_from_db()
    assert subscriber.state == State.REQUESTED
    assert system("one").get(f"/fhir/Subscription/{subscriber.identifier}").status_code == 200


def test_an_app_of_one_patient_is_never_told_of_another(
    cleo: User, patient: Patient, other: Patient, receiver: Receiver
) -> None:
    CareTeam.objects.get().patients.add(other)  # even of one whom the person sees
    app = app_client(cleo, patient)
    subscriber = subscribed(app, subscription(receiver.url))
    deliver(subscriber.pk)
    version = learns(other)
    learns(patient)
    learns(other, after=version)
    deliver(subscriber.pk)
    (event,) = events(receiver.bundles[-1])
    assert event["event-number"] == "1"
    focus = app.get(event["focus"]["reference"].removeprefix("http://testserver")).json()
    assert focus["subject"]["reference"] == "Patient/ward.p1"
    assert "p2" not in str(receiver.bundles)
    subscriber.refresh_from_db()
    assert subscriber.last_number == 1, "what is not told leaves no gap to wonder about"
    answer = post(app, subscription(receiver.url, filters=("Observation?patient=Patient/ward.p2",)))
    assert answer.status_code == 422
    assert "no patient" in answer.json()["issue"][0]["details"]["text"]


def test_an_app_may_not_subscribe_to_what_concerns_the_site(cleo: User, patient: Patient) -> None:
    answer = post(app_client(cleo, patient), subscription(URL, topic=PULL_FAILED.canonical))
    assert answer.status_code == 403


def test_an_app_still_writes_no_record(cleo: User, patient: Patient) -> None:
    app = app_client(cleo, patient, "launch/patient patient/*.cruds")
    body = {"resourceType": "Flag", "status": "active"}
    assert app.post("/fhir/Flag", body, content_type="application/fhir+json").status_code == 403


def test_a_patient_who_leaves_the_care_team_is_told_of_no_more(
    cleo: User, patient: Patient, receiver: Receiver
) -> None:
    app = app_client(cleo, patient)
    subscriber = subscribed(app, subscription(receiver.url, content="full-resource"))
    deliver(subscriber.pk)
    learns(patient)
    CareTeam.objects.get().patients.clear()
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.why_off) == (State.OFF, Why.RIGHT_GONE)
    assert receiver.kinds == ["handshake"]


def test_an_event_with_a_number_that_is_out_of_reach_by_now_keeps_its_number_alone(
    cleo: User, patient: Patient, other: Patient, receiver: Receiver
) -> None:
    scope = "launch/patient offline_access user/*.rs user/Subscription.cruds"
    team = CareTeam.objects.get()
    team.patients.add(other)
    app = app_client(cleo, patient, scope)
    subscriber = subscribed(app, subscription(receiver.url, content="full-resource"))
    deliver(subscriber.pk)
    learns(other)
    receiver.answers = [500]
    deliver(subscriber.pk)
    assert "Björk" in str(receiver.bundles[-1])
    team.patients.remove(other)
    Subscriber.objects.update(next_try=timezone.now())
    deliver(subscriber.pk)
    (event,) = events(receiver.bundles[-1])
    assert set(event) == {"event-number", "timestamp"}
    assert len(receiver.bundles[-1]["entry"]) == 1
    shown = app.get(f"/fhir/Subscription/{subscriber.identifier}/$events").json()
    assert "p2" not in str(shown)
    assert "Björk" not in str(shown)


def _user_inactive() -> None:
    User.objects.update(is_active=False)


def _role_gone() -> None:
    for user in User.objects.all():
        user.groups.clear()


def _permission_withdrawn() -> None:
    RefreshToken.objects.update(revoked=timezone.now())
    AccessToken.objects.all().delete()


@pytest.mark.parametrize("ends", [_user_inactive, _role_gone, _permission_withdrawn])
def test_an_app_whose_right_ended_is_told_nothing_more(
    cleo: User, patient: Patient, receiver: Receiver, ends: Any
) -> None:
    subscriber = subscribed(app_client(cleo, patient), subscription(receiver.url))
    deliver(subscriber.pk)
    learns(patient)
    ends()
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.why_off, subscriber.records) == (State.OFF, Why.RIGHT_GONE, False)
    assert receiver.kinds == ["handshake"]


def registered_system(scope: str = "system/*.cruds") -> tuple[Any, Client]:
    client = steps.system(scope=scope)
    form = steps.assertion_form(steps.assertion(client), scope=scope)
    given = Client().post("/oauth/token", form).json()
    return client, Client(headers={"Authorization": f"Bearer {given['access_token']}"})


def test_a_system_goes_on_when_its_token_expired_and_ends_with_its_registration(
    patient: Patient, receiver: Receiver
) -> None:
    client, caller = registered_system()
    subscriber = subscribed(caller, subscription(receiver.url))
    deliver(subscriber.pk)
    AccessToken.objects.all().delete()
    version = learns(patient)
    deliver(subscriber.pk)
    assert receiver.numbers == [1]
    disable(client=client, by=steps.ADMINISTRATOR)
    learns(patient, after=version)
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.why_off) == (State.OFF, Why.RIGHT_GONE)
    assert receiver.numbers == [1]


def test_a_registration_that_was_narrowed_narrows_what_is_told(patient: Patient, receiver: Receiver) -> None:
    client, caller = registered_system()
    subscriber = subscribed(caller, subscription(receiver.url, topic=RISK))
    deliver(subscriber.pk)
    client.scope = "system/Subscription.cruds system/Observation.rs"
    client.save()
    learns(patient, above=0.9)
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.why_off) == (State.OFF, Why.RIGHT_GONE)
    assert receiver.kinds == ["handshake"]


def test_a_scope_that_is_narrowed_by_a_search_hears_only_of_what_answers_it(
    system: Caller, patient: Patient, receiver: Receiver
) -> None:
    scope = "system/Subscription.cruds system/RiskAssessment.rs?status=preliminary"
    subscriber = subscribed(system("narrow", scope), subscription(receiver.url, topic=RISK))
    deliver(subscriber.pk)
    learns(patient, above=0.9)
    deliver(subscriber.pk)
    assert receiver.kinds == ["handshake"]


def test_an_id_that_another_takes_meanwhile_stays_the_others(
    system: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = system("mine"), system("theirs")
    look_up = BEFOREHAND["Subscription"]
    wish = subscription(receiver.url)

    def taken_meanwhile(found: Any) -> Any:
        """Looking up may take long, and nothing is held yet."""
        monkeypatch.setitem(BEFOREHAND, "Subscription", look_up)
        assert put(mine, "bell", wish).status_code == 201
        return look_up(found)

    monkeypatch.setitem(BEFOREHAND, "Subscription", taken_meanwhile)
    assert put(theirs, "bell", wish | {"reason": "Mine"}).status_code == 403
