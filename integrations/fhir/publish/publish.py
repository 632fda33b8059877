"""Publish what is stored: in the transaction that stores a twin version, a comparison or a decision, or afterwards.

A subject that no source knows as a patient is published to nobody: its resources would be about no one.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from clinic.decisions.models import Decision, SecondSignature
from clinic.patients.models import Patient
from integrations.fhir.identity import server_id
from integrations.fhir.publish.basis import Basis
from integrations.fhir.publish.cards import publish_card
from integrations.fhir.publish.decisions import (
    OF_A_FORMER_MODEL,
    OVERTAKEN,
    by_person,
    ended,
    fates,
    overtaken,
    replaced_plan,
    verified_by,
    version_elsewhere,
    version_of,
)
from integrations.fhir.publish.estimates import estimates, model_of
from integrations.fhir.publish.findings import flags, issues, leads
from integrations.fhir.publish.forecasts import forecasts
from integrations.fhir.publish.keep import Made, keep
from integrations.fhir.publish.naming import here
from integrations.fhir.publish.proposals import DECIDED, FIRST, Fate, proposals
from integrations.fhir.publish.provenance import provenance
from integrations.fhir.publish.software import publish_device
from integrations.fhir.publish.tasks import second_signature
from twins.records.followed import followed
from twins.records.models import Comparison, TwinVersion
from twins.records.twins import course_of, fit_of, result_of


def twin_updated(*, instance: TwinVersion, **_: Any) -> None:
    publish_twin(instance)


def comparison_made(*, instance: Comparison, **_: Any) -> None:
    publish_comparison(instance)


def decision_made(*, instance: Decision, **_: Any) -> None:
    publish_decision(instance)
    publish_replaced(instance)


def decision_stored(*, instance: Decision, created: bool, **_: Any) -> None:
    if created and instance.needs_second:
        publish_task(instance)


def answered(*, instance: SecondSignature, created: bool, **_: Any) -> None:
    if created:
        publish_task(Decision.objects.get(pk=instance.decision_id))


@transaction.atomic
def publish_twin(version: TwinVersion, *, afterwards: bool = False) -> int:
    """The estimates of a twin version, its findings, and that the proposals of its parent are overtaken.

    `afterwards` takes as sources what was received when the version was made, instead of what is in use now; findings,
    which depend on those published before, are only told of the newest version.
    """
    patient = _patient(version)
    if patient is None:
        return 0
    course, fit = course_of(version), fit_of(version)
    device = publish_device(version.code_version)
    whom = _reference(patient)
    basis = _basis(version, patient, version.created_at if afterwards else None)
    made = estimates(version, course, fit, patient=whom, device=device, basis=basis)
    if leads(version) and not (afterwards and TwinVersion.objects.filter(parent=version).exists()):
        made += issues(version, course, patient=whom, device=device, basis=basis)
        made += flags(version, fit, patient=whom, device=device)
    sources = [("source", one["reference"]) for one in basis.of_forecast(course)]
    if model_of(version) is not None:
        sources.append(("source", publish_card(version.model_id)))
    told = provenance(
        made,
        about=("twin", version.pk),
        activity="CREATE" if version.number == 1 else "UPDATE",
        words=f"Version {version.number} of the {version.drug} twin by {version.model_id} was computed.",
        occurred=version.created_at,
        recorded=version.created_at,
        device=device,
        subject=version.subject_id,
        sources=sources,
    )
    count = keep([*made, told], origin=f"twin-version {version.pk}", at=_when(version.created_at, afterwards))
    if version.parent_id is not None:
        for earlier in Comparison.objects.filter(twin_version=version.parent_id):
            if not _is_decided(earlier):
                count += _overtake(earlier, device, afterwards)
    return count


@transaction.atomic
def publish_comparison(comparison: Comparison, *, afterwards: bool = False) -> int:
    """The forecasts of a comparison, and its plans as proposals."""
    twin = comparison.twin_version
    patient = _patient(twin)
    if patient is None:
        return 0
    course, result = course_of(twin), result_of(comparison)
    device, whom = publish_device(comparison.code_version), _reference(patient)
    basis = _basis(twin, patient, twin.created_at if afterwards else None)
    assessed = forecasts(comparison, result, course, patient=whom, device=device, basis=basis)
    proposed = proposals(comparison, result, course, patient=whom, device=device)
    sources = [("source", one["reference"]) for one in basis.of_forecast(course)]
    if model_of(twin) is not None:
        sources.append(("source", publish_card(twin.model_id)))
    told = provenance(
        [*assessed, *proposed],
        about=("comparison", comparison.pk),
        activity="CREATE",
        words=f"{len(proposed)} plans were compared on version {twin.number} of the {twin.drug} twin.",
        occurred=comparison.created_at,
        recorded=comparison.created_at,
        device=device,
        subject=twin.subject_id,
        sources=sources,
    )
    at = _when(comparison.created_at, afterwards)
    count = keep([*assessed, *proposed, told], origin=f"comparison {comparison.pk}", at=at)
    if TwinVersion.objects.filter(parent=twin).exists() and not _is_decided(comparison):
        count += _overtake(comparison, device, afterwards)
    if comparison.is_default:
        for former in _of_a_former_model(comparison):
            words = "The drug is followed by another model now."
            count += _revoke(former, device, afterwards, fate=OF_A_FORMER_MODEL, at=comparison.created_at, words=words)
    return count


@transaction.atomic
def publish_decision(decision: Decision, *, afterwards: bool = False) -> int:
    """What became of each proposal of the comparison that was decided on, and of the plan that was replaced.

    Nothing while the decision awaits a second signature.
    """
    final_at = decision.final_at
    if final_at is None:
        return 0
    comparison = decision.comparison
    twin = comparison.twin_version
    patient = _patient(twin)
    if patient is None:
        return 0
    publish_comparison(comparison, afterwards=afterwards)
    course, result = course_of(twin), result_of(comparison)
    device = publish_device(comparison.code_version)
    found = fates(decision, len(comparison.plans))
    version = version_of(decision)
    made = proposals(
        comparison, result, course, patient=_reference(patient), device=device, version=version, fates=found
    )
    sources = [("source", here("RiskAssessment", one.identifier, "1")) for one in made]
    made += _ended(decision, patient)
    sources = [("revision", here("CarePlan", one.identifier, str(int(one.version) - 1))) for one in made] + sources
    told = provenance(
        made,
        about=("decision", decision.pk),
        activity="UPDATE",
        words="All plans were declined." if decision.chosen_plan is None else "One of the plans was chosen and signed.",
        occurred=final_at,
        recorded=final_at,
        device=device,
        subject=twin.subject_id,
        by=by_person(decision),
        verified_by=verified_by(decision),
        sources=sources,
    )
    return keep([*made, told], origin=f"decision {decision.pk}", at=_when(final_at, afterwards))


@transaction.atomic
def publish_task(decision: Decision, *, ended_at: datetime | None = None, afterwards: bool = False) -> int:
    """That a second signature is waited for, or what became of it."""
    patient = _patient(decision.comparison.twin_version)
    if patient is None:
        return 0
    publish_comparison(decision.comparison, afterwards=afterwards)
    whom = _reference(patient)
    made = [second_signature(decision, patient=whom, as_asked=True)]
    if decision.answer is not None or ended_at is not None:
        made.append(second_signature(decision, patient=whom, ended_at=ended_at))
    return keep(made, origin=f"decision {decision.pk}", at=None)


def publish_replaced(decision: Decision) -> int:
    """That nobody needs to sign what another decision took the place of, which was final."""
    count, earlier = 0, decision.amends
    while earlier is not None and earlier.final_at is None:
        if earlier.needs_second and earlier.answer is None:
            count += publish_task(earlier, ended_at=decision.final_at)
        earlier = earlier.amends
    return count


def _ended(decision: Decision, patient: Patient) -> list[Made]:
    """The plan that was signed on another comparison, now revoked, if `decision` replaces one."""
    earlier = replaced_plan(decision)
    if earlier is None or earlier.comparison_id == decision.comparison_id:
        return []
    comparison = earlier.comparison
    all_plans = proposals(
        comparison, result_of(comparison), course_of(comparison.twin_version), patient=_reference(patient),
        device=publish_device(comparison.code_version), version=version_elsewhere(earlier),
        fates={earlier.chosen_plan or 0: ended(decision)},
    )  # fmt: skip
    return [all_plans[earlier.chosen_plan or 0]]


def _is_decided(comparison: Comparison) -> bool:
    """Whether a decision on it became final."""
    return any(one.final_at is not None for one in comparison.decisions.select_related("second"))


def _overtake(comparison: Comparison, device: str, afterwards: bool) -> int:
    """Say of the proposals of a comparison that newer data overtook them."""
    newer = TwinVersion.objects.filter(parent=comparison.twin_version).only("pk", "created_at").first()
    if newer is None:
        return 0
    words = "A newer version of the twin was made from newer data."
    return _revoke(comparison, device, afterwards, fate=OVERTAKEN, at=newer.created_at, words=words)


def _of_a_former_model(comparison: Comparison) -> list[Comparison]:
    """What nobody decided on, of twins whose models are used no longer; where another model led until now."""
    twin = comparison.twin_version
    before = (
        TwinVersion.objects.filter(subject=twin.subject_id, drug=twin.drug, comparisons__is_default=True)
        .filter(comparisons__created_at__lt=comparison.created_at)
        .order_by("-comparisons__created_at")
        .values_list("model_id", flat=True)
        .first()
    )
    if before in (None, twin.model_id):
        return []
    newest = TwinVersion.objects.filter(subject=twin.subject_id, drug=twin.drug, child__isnull=True)
    former = newest.exclude(model_id__in=followed().get(twin.drug, ()))
    return [one for one in Comparison.objects.filter(twin_version__in=former) if not _is_decided(one)]


def _revoke(comparison: Comparison, device: str, afterwards: bool, *, fate: Fate, at: datetime, words: str) -> int:
    """Say of the proposals of a comparison that they can no longer be chosen, and why."""
    twin = comparison.twin_version
    patient = _patient(twin)
    if patient is None:
        return 0
    made: list[Made] = proposals(
        comparison, result_of(comparison), course_of(twin), patient=_reference(patient), device=device,
        version=DECIDED, fates=overtaken(comparison, fate),
    )  # fmt: skip
    when = max(at, comparison.created_at)
    told = provenance(
        made,
        about=("overtaken", comparison.pk),
        activity="UPDATE",
        words=words,
        occurred=when,
        recorded=when,
        device=device,
        subject=twin.subject_id,
        sources=[("revision", here("CarePlan", one.identifier, FIRST)) for one in made],
    )
    return keep([*made, told], origin=f"overtaken comparison {comparison.pk}", at=_when(when, afterwards))


def _patient(version: TwinVersion) -> Patient | None:
    return Patient.objects.filter(subject=version.subject_id).first()


def _reference(patient: Patient) -> str:
    return f"Patient/{server_id(patient.source_key)}"


def _basis(version: TwinVersion, patient: Patient, until: datetime | None) -> Basis:
    return Basis.of(version.subject, course_of(version), patient.source_key.split("/", 1)[0], until=until)


def _when(made: datetime, afterwards: bool) -> datetime | None:
    """When it was published: with the row, or now, so that who asks what is new finds it."""
    return None if afterwards else made
