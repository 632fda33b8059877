"""Which event is told to whom: by topic, by filter, and by the side of a limit that a chance came to lie on."""

import pytest
from django.test import Client

from clinic.access.actor import actor_of
from clinic.decisions.sign import decline, sign
from clinic.patients.models import CareTeam, Patient
from integrations.ehr.client import Client as PullClient
from integrations.ehr.client import FetchError, Patience
from integrations.ehr.pull import pull
from integrations.fhir.subscriptions.crossing import crossed
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import Event, Subscriber
from integrations.fhir.subscriptions.topics import DECISION_SIGNED, PULL_FAILED, Outcome
from integrations.readings.models import Source
from tests.factories import vancomycin_case as case
from tests.factories.patient_records import TEAM, person
from tests.integrations.fhir.subscriptions.asked import RISK, UPDATED, learns, subscribed, subscription
from tests.integrations.fhir.subscriptions.receiver import Receiver, events
from twins.pharmacology.target import Target

pytestmark = pytest.mark.django_db
OPEN_ABOVE = Target("trough above 10", 10.0, float("inf"), "test")


def active(caller: Client, receiver: Receiver, topic: str, *filters: str) -> Subscriber:
    subscriber = subscribed(caller, subscription(receiver.url, topic=topic, filters=filters))
    deliver(subscriber.pk)
    return subscriber


def chances(above: float) -> dict[Outcome, float]:
    return {Outcome.ABOVE: above, Outcome.BELOW: 0.0, Outcome.WITHIN: 100.0 - above}


@pytest.mark.parametrize(
    ("filters", "before", "now", "told"),
    [
        ({}, 10.0, 60.0, True),
        ({}, 60.0, 10.0, True),
        ({}, 60.0, 70.0, False),
        ({}, 10.0, 49.9, False),
        ({}, 49.9, 50.0, True),
        ({}, None, 60.0, True),
        ({}, None, 10.0, False),
        ({"probability": ["20.0"]}, 10.0, 30.0, True),
        ({"probability": ["20.0"]}, 30.0, 60.0, False),
        ({"probability": ["20.0", "50.0"]}, 30.0, 60.0, True),
        ({"outcome": ["in-target"]}, 10.0, 30.0, False),
        ({"outcome": ["in-target"]}, 10.0, 60.0, True),
        ({"outcome": ["below-target"]}, 10.0, 60.0, False),
        ({"outcome": ["below-target", "above-target"]}, 10.0, 60.0, True),
    ],
)
def test_a_limit_is_crossed_from_one_comparison_to_the_next(
    filters: dict[str, list[str]], before: float | None, now: float, told: bool
) -> None:
    earlier = None if before is None else chances(before)
    assert crossed(filters, case.TARGET, chances(now), earlier) is told


def test_a_target_without_an_upper_limit_warns_of_too_little() -> None:
    low = {Outcome.ABOVE: 0.0, Outcome.BELOW: 80.0, Outcome.WITHIN: 20.0}
    assert crossed({}, OPEN_ABOVE, low, chances(0.0))
    assert not crossed({}, case.TARGET, low, chances(0.0))


def test_a_risk_is_told_once_each_time_it_changes_sides(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = active(caller, receiver, RISK)
    sensitive = active(caller, receiver, RISK, "RiskAssessment?probability=20&outcome=above-target")
    version = None
    for above in (0.1, 0.3, 0.7, 0.8, 0.2, 0.1):
        version = learns(patient, after=version, above=above)
    assert Event.objects.filter(subscriber=subscriber).count() == 2
    assert Event.objects.filter(subscriber=sensitive).count() == 2
    about = [event.about[-1][1] for event in Event.objects.filter(subscriber=subscriber).order_by("pk")]
    ids = [f"{one.comparisons.get().pk}-0" for one in patient.subject.twin_versions.order_by("number")]
    assert about == [ids[2], ids[4]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Observation?patient=Patient/ward.p1", True),
        ("Observation?patient=ward.p2", False),
        ("Observation?patient=ward.p2,ward.p1", True),
        ("Observation?drug=vancomycin", True),
        ("?drug=gentamicin", False),
        ("Observation?model=vancomycin-goti-2018", True),
        ("Observation?model=vancomycin-thomson-2009&drug=vancomycin", False),
    ],
)
def test_filters_by_patient_drug_and_model(
    caller: Client, receiver: Receiver, patient: Patient, other: Patient, text: str, told: bool
) -> None:
    active(caller, receiver, UPDATED, text)
    learns(patient)
    assert Event.objects.exists() is told


def test_a_decision_is_told_whether_signed_or_declined(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = active(caller, receiver, DECISION_SIGNED.canonical, "CarePlan?drug=vancomycin")
    user = person()
    CareTeam.objects.get(name=TEAM).patients.add(patient)
    version = learns(patient, above=0.4)
    sign(comparison=version.comparisons.get(), plan_position=1, reason="Trough high", by=user, actor=actor_of(user))
    version = learns(patient, after=version, above=0.4)
    decline(comparison=version.comparisons.get(), reason="Wait", by=user, actor=actor_of(user))
    deliver(subscriber.pk)
    assert receiver.numbers == [1, 2]
    assert Event.objects.order_by("pk").first().about[0][1].endswith("-1")


def test_a_failed_pull_is_told_to_systems_and_names_no_patient(caller: Client, receiver: Receiver) -> None:
    source = Source.objects.create(slug="lab", address="http://127.0.0.1:9/fhir")
    subscriber = active(caller, receiver, PULL_FAILED.canonical, "Subscription?source=lab")
    with PullClient("http://127.0.0.1:9/fhir", patience=Patience(tries=1)) as client, pytest.raises(FetchError):
        pull(source, client)
    deliver(subscriber.pk)
    (event,) = events(receiver.bundles[-1])
    assert event["focus"] == {"identifier": {"system": "urn:patient-twin:source", "value": "lab"}}
    assert len(receiver.bundles[-1]["entry"]) == 1


def test_what_a_person_asks_about_crosses_nothing(caller: Client, receiver: Receiver, patient: Patient) -> None:
    active(caller, receiver, RISK)
    version = learns(patient, above=0.1)
    comparison = version.comparisons.get()
    comparison.pk, comparison.is_default = None, False
    from twins.records.signals import comparison_made

    comparison_made.send(type(comparison), instance=comparison, asked_by="user-1")
    assert not Event.objects.exists()
