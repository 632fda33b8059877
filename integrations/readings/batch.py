"""The resources of one reading, taken in together: read, stored in bulk, settled against their other versions."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clinic.patients.models import Patient
from integrations.readings import bulk, people
from integrations.readings.administration import read_administration
from integrations.readings.batch_report import BatchReport, EntryRefusedError
from integrations.readings.candidate import Candidate
from integrations.readings.coding import first_code
from integrations.readings.collector import seldom_collected
from integrations.readings.door import READ_TYPES, check, decode
from integrations.readings.holding import hold, hold_again, release
from integrations.readings.identity import Identity, identify
from integrations.readings.matter import matter_of
from integrations.readings.meaning import Meaning
from integrations.readings.models import QuarantineEntry, QuarantineReason, QuarantineState, Reading, Resource
from integrations.readings.moment import roughly
from integrations.readings.observation import read_observation
from integrations.readings.patients import Patients
from integrations.readings.plain import PlainReader
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from integrations.readings.request import read_request
from integrations.readings.rows import Rows
from integrations.readings.settle import settle, state_of
from integrations.readings.signals import resources_stored
from integrations.readings.split import Entry
from integrations.readings.versions import Version, Versions
from integrations.readings.whose import moment_of
from twins.records.models import Subject

logger = logging.getLogger(__name__)

_RANK = {name: rank for rank, name in enumerate(READ_TYPES)}


@dataclass(slots=True)
class _Accepted:
    resource: Resource
    meaning: Meaning
    subject: Subject | None


class Batch:
    """Take in `entries` of `reading`. Run it once, in a transaction that holds the source's row.

    `held` are the quarantine entries that are tried again, by position; without them, all is seen for the first time.
    `ours` are entries of our own door, checked and named there: one that no twin can use is kept and served all the
    same, and waits in quarantine only for what could not be read of it.
    """

    def __init__(
        self,
        reading: Reading,
        entries: Sequence[Entry],
        names: Names,
        held: Mapping[int, QuarantineEntry] | None = None,
        *,
        ours: bool = False,
    ) -> None:
        self._reading = reading
        self._entries = entries
        self._names = names
        self._held = held or {}
        self._ours = ours
        self._report = BatchReport()
        self._accepted: list[_Accepted] = []
        self._patients = Patients(names, ours=ours)
        self._refresh: dict[str, Patient] = {}
        self._medications: dict[str, dict[str, Any]] = {}
        self._versions = Versions(())
        self._unsettled: set[str] = set()
        self._nobodys: list[tuple[QuarantineEntry, Entry, Identity | None]] = []
        self._rows = Rows(reading.received_time)

    @seldom_collected()
    def run(self) -> BatchReport:
        candidates = self._identified()
        self._versions = Versions(candidate.identity.source_key for candidate in candidates)
        self._patients.load(candidate.plain.patient_key for candidate in candidates if candidate.plain)
        for candidate in sorted(candidates, key=lambda c: _RANK.get(c.identity.resource_type, len(_RANK))):
            self._take(candidate)
        self._say_whose()
        self._store()
        return self._report

    def _identified(self) -> list[Candidate]:
        found = []
        plainly = PlainReader(self._names)
        for entry in self._entries:
            plain = plainly.read(entry)
            if plain is not None:
                found.append(Candidate(entry, plain.identity, plain=plain))
                continue
            try:
                data = decode(entry.text)
                identity = entry.identity or identify(data, entry.text, self._names.source, entry.full_url)
            except Refused as refused:
                self._refuse(refused, entry, None, None)
            else:
                found.append(Candidate(entry, identity, data=data))
        return found

    def _take_plain(self, candidate: Candidate) -> bool:
        """Accept a plain Observation of a patient who is here, unless another version of it is known."""
        plain = candidate.plain
        if plain is None or self._versions.any(candidate.identity.source_key):
            return False
        patient = self._patients.loaded(plain.patient_key)
        if patient is None:
            return False
        self._accept(candidate, plain.meaning, patient.subject)
        self._release(candidate)
        return True

    def _take(self, candidate: Candidate) -> None:
        if self._take_plain(candidate):
            return
        identity, entry = candidate.identity, candidate.entry
        known = self._versions.accepted(identity.source_key, identity.version)
        subject: Subject | None = None
        try:
            if known is not None:
                if known.sha256 != identity.sha256:
                    self._same_content(candidate)
                if self._ours:
                    self._use(candidate)
                self._report.known += 1
                self._release(candidate)
                return
            if not self._ours:
                check(identity.resource_type, entry.text, candidate.data)
            patient = self._patients.of(candidate.identity.resource_type, candidate.data)
            subject = patient.subject if patient else self._subject_of_named(candidate)
            meaning, used = self._read(candidate, patient, subject)
        except Refused as refused:
            if self._ours and not self._held:
                raise EntryRefusedError(refused, entry) from refused
            self._refuse(refused, entry, identity, subject)
            return
        except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
            # A fault of ours in the reading of one odd resource: it must not keep the others of its payload waiting.
            logger.exception("%s could not be read", identity.source_key)
            why = f"{identity.source_key} could not be read here ({type(error).__name__}); report it, then try again"
            odd = Refused(QuarantineReason.INVALID_RESOURCE, why)
            if self._ours and not self._held:
                raise EntryRefusedError(odd, entry) from error
            self._refuse(odd, entry, identity, subject)
            return
        self._accept(candidate, meaning, subject)
        if used:
            self._release(candidate)

    def _same_content(self, candidate: Candidate) -> None:
        """One version has one content; `meta` apart, which a server may write anew each time."""
        identity = candidate.identity
        stored = Resource.objects.filter(source_key=identity.source_key, version=identity.version).first()
        texts = [stored.text] if stored else []
        for accepted in self._accepted:
            if (accepted.resource.source_key, accepted.resource.version) == (identity.source_key, identity.version):
                texts.append(accepted.resource.text)
        bodies = [{k: v for k, v in decode(text).items() if k != "meta"} for text in [*texts, candidate.entry.text]]
        if any(body != bodies[0] for body in bodies):
            raise Refused(
                QuarantineReason.INVALID_RESOURCE,
                f"{identity.resource_type}.meta.versionId is {identity.version} as before, with other content; the "
                "first content is kept in use; have the source give each change a version of its own",
            )

    def _read(self, candidate: Candidate, patient: Patient | None, subject: Subject | None) -> tuple[Meaning, bool]:
        """What the resource says, and whether it could be used: at our own door it need not be (yet)."""
        try:
            return self._meaning(candidate, patient), True
        except Refused as refused:
            if not self._ours:
                raise
            self._refuse(refused, candidate.entry, candidate.identity, subject)
            data = candidate.data
            when = moment_of(candidate.identity.resource_type, data) or roughly(data.get("effectiveDateTime"))
            return Meaning(code=first_code(data.get("code")), event_time=when), False

    def _use(self, candidate: Candidate) -> None:
        """Read again what our own door stored before anything could be made of it."""
        identity = candidate.identity
        stored = Resource.objects.get(source_key=identity.source_key, version=identity.version)
        subject = stored.subject
        meaning = self._meaning(candidate, self._patients.of(candidate.identity.resource_type, candidate.data))
        newest = self._versions.newest(identity.source_key, accepted_only=True)
        if subject is None or newest is None:
            return
        stored.code, stored.event_time = meaning.code, meaning.event_time
        stored.save(update_fields=["code", "event_time"])
        if self._rows.add(stored, meaning, subject, state_of(stored.version, newest, stored.resource_type)):
            self._report.touched.add(subject.pk)

    def _subject_of_named(self, candidate: Candidate) -> Subject | None:
        """Whom a device's clock or metric is about, or a Provenance: the subject of the device, of the first target."""
        kind, data = candidate.identity.resource_type, candidate.data
        named = {
            "Observation": [data.get("subject")],
            "DeviceMetric": [data.get("source")],
            "Provenance": data.get("target") or [],
        }.get(kind) or []
        keys = [key for key in map(self._names.any_key, named) if key]
        for accepted in self._accepted:
            if accepted.resource.source_key in keys and accepted.subject is not None:
                return accepted.subject
        stored = Resource.objects.filter(source_key__in=keys, is_current=True, subject__isnull=False)
        found = stored.select_related("subject").first()
        return found.subject if found else None

    def _say_whose(self) -> None:
        """Give what was refused before its patient was looked for its subject, also if the payload brought them."""
        for held, entry, identity in self._nobodys:
            held.subject = self._patients.whose(entry, identity)
            if held.subject is not None:
                held.save(update_fields=["subject"])

    def _meaning(self, candidate: Candidate, patient: Patient | None) -> Meaning:
        identity, data = candidate.identity, candidate.data
        updated = self._updated(identity)
        kind = identity.resource_type
        if kind == "Observation":
            return read_observation(data, self._names)
        if kind == "MedicationAdministration":
            return read_administration(data, self._names, self._medication)
        if kind == "MedicationRequest":
            return read_request(data, self._names, self._medication, updated)
        newest = self._versions.newest(identity.source_key, accepted_only=True)
        in_force = newest is None or self._version(identity).replaces(newest)
        if kind == "Medication" and in_force:
            self._medications[identity.source_key] = data
        if kind == "Patient" and in_force:
            is_new = self._patients.find(identity.source_key) is None
            patient = people.keep_patient(data, identity, self._reading.source)
            self._patients.keep(patient)
            if is_new:
                self._report.new_patients.append(patient)
        if kind == "Encounter" and in_force and patient:
            people.keep_encounter(data, identity, patient)
        if kind == "Condition" and in_force and patient:
            people.keep_condition(data, identity, patient, updated)
        if patient and kind in ("Patient", "Encounter", "Condition"):
            self._refresh[patient.source_key] = patient
        code = data.get("type" if kind == "Device" else "code")
        return Meaning(code=first_code(code) if kind != "Encounter" else "", event_time=moment_of(kind, data))

    def _medication(self, key: str) -> dict[str, Any] | None:
        if key not in self._medications:
            stored = Resource.objects.filter(source_key=key, is_current=True).first()
            if stored is None:
                return None
            self._medications[key] = decode(stored.text)
        return self._medications[key]

    def _accept(self, candidate: Candidate, meaning: Meaning, subject: Subject | None) -> None:
        identity = candidate.identity
        if identity.resource_type == "Patient":
            patient = self._patients.find(identity.source_key)
            subject = patient.subject if patient else None
        resource = bulk.make(
            Resource,
            source_key=identity.source_key,
            resource_type=identity.resource_type,
            resource_id=identity.resource_id,
            version=identity.version,
            last_updated=self._updated(identity),
            text=candidate.entry.text,
            sha256=identity.sha256,
            reading_id=self._reading.pk,
            subject_id=subject.pk if subject else None,
            code=meaning.code,
            event_time=meaning.event_time,
            status=identity.status[:32],
            method=candidate.entry.method,
        )
        self._accepted.append(_Accepted(resource, meaning, subject))
        self._versions.add(identity.source_key, self._version(identity))
        self._report.accepted += 1
        self._report.skipped_points += meaning.skipped_points
        if subject is not None:
            self._report.subjects.add(subject.pk)

    def _version(self, identity: Identity) -> Version:
        return Version(identity.version, self._updated(identity), identity.status, identity.sha256, accepted=True)

    def _updated(self, identity: Identity) -> Any:
        return identity.last_updated or self._reading.received_time

    def _refuse(self, refused: Refused, entry: Entry, identity: Identity | None, subject: Subject | None) -> None:
        self._report.quarantined += 1
        tried = self._held.get(entry.position)
        matter = matter_of(entry.text, self._names, self._medication)
        if tried is not None:
            hold_again(refused, entry, identity, subject, tried, matter)
            if subject is None:
                self._nobodys.append((tried, entry, identity))
            return
        if identity is None:
            held = QuarantineEntry.objects.filter(reading=self._reading, position=entry.position, source_key="").first()
        else:
            held = self._versions.entries.get((identity.source_key, identity.version))
        held = hold(refused, self._reading, entry, identity, subject, held, matter)
        if held.subject_id is None:
            self._nobodys.append((held, entry, identity))
        if identity is not None:
            self._versions.entries[identity.source_key, identity.version] = held
            if held.state == QuarantineState.WAITING:
                version = self._version(identity)
                self._versions.add(
                    identity.source_key,
                    Version(version.version, version.updated, version.status, version.sha256, accepted=False),
                )
                self._unsettled.add(identity.source_key)

    def _release(self, candidate: Candidate) -> None:
        identity = candidate.identity
        tried = self._held.get(candidate.entry.position)
        held = tried or self._versions.entries.get((identity.source_key, identity.version))
        if held is not None and held.state == QuarantineState.WAITING:
            release(held, retried=tried is not None)

    def _store(self) -> None:
        """Write resources and rows in bulk, then settle every resource that has more than one version."""
        for accepted in self._accepted:
            key = accepted.resource.source_key
            if self._versions.several(key):
                accepted.resource.is_current = False
                self._unsettled.add(key)
        self._report.resources = [accepted.resource for accepted in self._accepted]
        bulk.store(Resource, self._report.resources)
        if self._report.resources:
            resources_stored.send(Resource, resources=self._report.resources)
        for accepted in self._accepted:
            newest = self._versions.newest(accepted.resource.source_key)
            if accepted.subject is None or newest is None:
                continue
            state = state_of(accepted.resource.version, newest, accepted.resource.resource_type)
            if self._rows.add(accepted.resource, accepted.meaning, accepted.subject, state):
                self._report.touched.add(accepted.subject.pk)
        self._rows.store()
        self._report.touched |= settle(self._unsettled, self._versions)
        for patient in self._refresh.values():
            if people.refresh_subject(patient):
                self._report.touched.add(patient.subject_id)
