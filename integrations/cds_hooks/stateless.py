"""A patient whose data this product does not receive: the twin is made from what the client sent, and not kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from integrations.cds_hooks.basis import Basis, made
from integrations.cds_hooks.call import Call, Json
from integrations.cds_hooks.prefetch import Sent, resources, sent
from integrations.codes.conditions import HAEMODIALYSIS
from integrations.fhir.outcome import Refusal
from integrations.readings.administration import read_administration
from integrations.readings.coding import codings
from integrations.readings.door import check, decode
from integrations.readings.meaning import Meaning
from integrations.readings.models import QuarantineReason
from integrations.readings.moment import roughly, whole_years
from integrations.readings.observation import read_observation
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from twins.records.courses import Records, channels, course_from
from twins.records.models import GivenDose, Order, Sex, StoredSample, Subject

SLUG = "request"
_NEEDED = ("patient", "observations", "administrations", "conditions")
_CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_ENDED = frozenset({"inactive", "remission", "resolved"})
_NEVER_WAS = frozenset({"entered-in-error", "refuted"})
_EVER = datetime(1900, 1, 1, tzinfo=UTC)
"""Onset of a dialysis that says none."""
_text = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(slots=True)
class _Rows:
    """What the prefetched resources say, as rows that are not stored."""

    samples: list[StoredSample] = field(default_factory=list)
    doses: list[GivenDose] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def refuse_missing(call: Call) -> None:
    """Let pass a call that brings all that a twin is made from.

    Raises
    ------
    Refusal
        412, naming what is missing.
    """
    for name in _NEEDED:
        found = sent(call, name)
        if found in (Sent.ABSENT, Sent.FAILED) or (found is Sent.NONE and name == "patient"):
            raise Refusal(
                412,
                "required",
                f"Patient/{call.patient_id} is not known here, and prefetch.{name} cannot stand in for it: "
                f"{found.value}. Send it, or have the patient's data pulled from the FHIR server.",
                expression=f"prefetch.{name}",
            )


def bases(call: Call, drugs: Sequence[str], drafts: dict[str, Order], now: datetime) -> dict[str, Basis]:
    """For each drug the twin that the prefetched data make, where they say anything of it; see `refuse_missing`."""
    rows = _read(call, now)
    subject = _subject(call, now)
    found: dict[str, Basis] = {}
    for drug in drugs:
        level, covariates = channels(drug)
        records = Records(
            doses=[dose for dose in rows.doses if dose.drug == drug],
            levels=[sample for sample in rows.samples if sample.channel == level],
            covariates=[sample for sample in rows.samples if sample.channel in covariates],
            last_other=max((s.event_time for s in rows.samples if s.channel != level), default=None),
        )
        course = course_from(records, subject, drug)
        if course is None and drug in drafts:
            records.orders = [drafts[drug]]
            course = course_from(records, subject, drug)
        basis = made(drug, course, tuple(rows.remarks))
        if basis is not None:
            found[drug] = basis
    return found


def _read(call: Call, now: datetime) -> _Rows:
    rows = _Rows()
    names = Names(SLUG, call.fhir_server)
    included = {
        f"{SLUG}/Medication/{item.get('id')}": item
        for item in resources(call, "administrations")
        if item.get("resourceType") == "Medication"
    }
    readers: tuple[tuple[str, str, Callable[[Json], Meaning]], ...] = (
        ("observations", "Observation", lambda data: read_observation(data, names)),
        ("administrations", "MedicationAdministration", lambda data: read_administration(data, names, included.get)),
    )
    for name, kind, reader in readers:
        unread: list[str] = []
        seen: set[str] = set()
        for resource in resources(call, name):
            if resource.get("resourceType") != kind or str(resource.get("id")) in seen:
                continue
            seen.add(str(resource.get("id")))
            try:
                text = _text(resource).decode()
                data = decode(text)
                check(kind, text, data)
                _add(rows, data, reader(data), now, unread)
            except Refused as refused:
                # Another laboratory value or another drug is nobody's loss; a drug that cannot be named may be ours.
                if refused.reason != QuarantineReason.UNKNOWN_CODE or "medicationReference" in resource:
                    unread.append(f"{kind}/{resource.get('id')}: {refused.detail}")
        if _goes_on(call, name):
            rows.remarks.append(f"prefetch.{name} is only the first page of what there is; older data are missing.")
        if unread:
            rows.remarks.append(f"{len(unread)} of prefetch.{name} could not be used. {unread[0]}")
    return rows


def _goes_on(call: Call, name: str) -> bool:
    bundle = call.prefetch.get(name)
    links = bundle.get("link") if isinstance(bundle, dict) else None
    return isinstance(links, list) and any(isinstance(link, dict) and link.get("relation") == "next" for link in links)


def _add(rows: _Rows, data: Json, meaning: Meaning, now: datetime, unread: list[str]) -> None:
    name = f"{SLUG}/{data['resourceType']}/{data.get('id', '')}"
    origin: dict[str, Any] = {"source_key": name, "source_version": "1", "received_time": now}
    if meaning.withdrawn:
        return
    for measured in meaning.measured:
        if measured.time > now + _CLOCKS_MAY_DIFFER:
            unread.append(f"{data['resourceType']}/{data.get('id')}: it lies in the future")
            continue
        rows.samples.append(
            StoredSample(**origin, channel=measured.channel, value=measured.value, event_time=measured.time)
        )
    for given in meaning.given:
        rows.doses.append(
            GivenDose(
                **origin,
                drug=given.drug,
                amount_mg=given.amount_mg,
                duration_h=given.duration_h,
                event_time=given.time,
                order_key=given.order_key,
                route=given.route.value,
            )
        )


def _subject(call: Call, now: datetime) -> Subject:
    """Age, sex and dialysis, of a subject that is not stored."""
    person = call.prefetch["patient"]
    gender, birth = person.get("gender"), person.get("birthDate")
    sex = {"male": Sex.MALE, "female": Sex.FEMALE}.get(gender, Sex.UNKNOWN) if isinstance(gender, str) else Sex.UNKNOWN
    age = whole_years(birth, now.date()) if isinstance(birth, str) else None
    since = min((moment for moment in map(_dialysis_since, resources(call, "conditions")) if moment), default=None)
    return Subject(
        sex=sex,
        age_years=age,
        age_as_of=None if age is None else now.date(),
        haemodialysis_since=since,
        haemodialysis_source="Condition" if since else "",
    )


def _dialysis_since(condition: Json) -> datetime | None:
    """From when on a Condition makes the patient one on haemodialysis, if it does; see `readings.people`."""
    clinical = {code for _, code in codings(condition.get("clinicalStatus"))}
    verification = {code for _, code in codings(condition.get("verificationStatus"))}
    is_meant = any(pair in HAEMODIALYSIS for pair in codings(condition.get("code")))
    if not is_meant or clinical & _ENDED or verification & _NEVER_WAS or condition.get("abatementDateTime"):
        return None
    return roughly(condition.get("onsetDateTime")) or roughly(condition.get("recordedDate")) or _EVER
