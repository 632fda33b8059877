"""Listens to what happens in the house, and writes an event for each who is to be told, in the same transaction."""

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.decisions.models import Decision
from integrations.fhir.subscriptions.crossing import before, chances, crossed
from integrations.fhir.subscriptions.filters import fits
from integrations.fhir.subscriptions.models import Event, Subscriber
from integrations.fhir.subscriptions.published import A_TWIN
from integrations.fhir.subscriptions.topics import DECISION_SIGNED, PULL_FAILED, RISK_CROSSED, TWIN_UPDATED, Topic
from integrations.fhir.subscriptions.wake import wake
from integrations.readings.models import Source
from integrations.readings.ours import TWIN
from twins.pharmacology.target import Target
from twins.records.models import Comparison, TwinVersion

SOURCE = "urn:patient-twin:source"


def twin(*, instance: TwinVersion, **_: Any) -> None:
    about = [[A_TWIN, str(instance.pk)]]
    _tell(_of(TWIN_UPDATED, instance), instance.subject_id, about)


def comparison(*, instance: Comparison, **_: Any) -> None:
    """What a person asks about changes no risk; the comparison that comes with a new version of the twin does."""
    if not instance.is_default:
        return
    told = _of(RISK_CROSSED, instance.twin_version)
    if not told:
        return
    target = Target.from_json(instance.result["target"])
    now, earlier = chances(instance.result), before(instance)
    # The current plan is the first; while the forecasts are not published yet, they are read under their former ids.
    about = [["RiskAssessment", f"{TWIN}.{instance.pk}-0"], ["RiskAssessment", f"{instance.pk}-0"]]
    told = [one for one in told if crossed(one.filters, target, now, earlier)]
    _tell(told, instance.twin_version.subject_id, about)


def decision(*, instance: Decision, **_: Any) -> None:
    comparison = instance.comparison
    chosen = [] if instance.chosen_plan is None else [["CarePlan", f"{TWIN}.{comparison.pk}-{instance.chosen_plan}"]]
    about = [*chosen, ["CarePlan", f"{TWIN}.{comparison.pk}"], ["CarePlan", f"{TWIN}.{comparison.pk}-0"]]
    _tell(_of(DECISION_SIGNED, comparison.twin_version), comparison.twin_version.subject_id, about)


def pull(*, source: Source, **_: Any) -> None:
    told = [one for one in _those(PULL_FAILED) if fits(one.filters, source=source.slug)]
    _tell(told, None, [], {"system": SOURCE, "value": source.slug})


def _those(topic: Topic) -> list[Subscriber]:
    return list(Subscriber.objects.filter(topic=topic.name, records=True).order_by("pk"))


def _of(topic: Topic, version: TwinVersion) -> list[Subscriber]:
    """Who is told of the topic, of that patient, drug and model. Their right is asked when they are told."""
    what = {"patient": version.subject_id, "drug": version.drug, "model": version.model_id}
    return [one for one in _those(topic) if fits(one.filters, **what)]


def _tell(
    told: list[Subscriber], subject: UUID | None, about: list[list[str]], named: dict[str, str] | None = None
) -> None:
    now = timezone.now()
    for subscriber in told:
        Event.objects.create(subscriber=subscriber, happened=now, subject_id=subject, about=about, named=named or {})
        transaction.on_commit(partial(wake, subscriber.pk))
