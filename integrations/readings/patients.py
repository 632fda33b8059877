"""The patients whom the resources of one payload are about."""

from collections.abc import Iterable
from typing import Any

import msgspec

from clinic.patients.models import Patient
from integrations.readings.identity import Identity
from integrations.readings.models import QuarantineReason
from integrations.readings.observation import tells_nothing_of_a_patient
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from integrations.readings.split import Entry
from integrations.readings.whose import about_of
from twins.records.models import Subject


class Patients:
    """Those looked up already are remembered, and those that the payload brought.

    `ours` are resources of our own door, which may name a patient where none is required.
    """

    def __init__(self, names: Names, *, ours: bool) -> None:
        self._names = names
        self._ours = ours
        self._known: dict[str, Patient] = {}

    def keep(self, patient: Patient) -> None:
        self._known[patient.source_key] = patient

    def find(self, key: str) -> Patient | None:
        if key and key not in self._known:
            found = Patient.objects.select_related("subject").filter(source_key=key).first()
            if found is None:
                return None
            self._known[key] = found
        return self._known.get(key)

    def loaded(self, key: str) -> Patient | None:
        """As `find`, of those looked up already."""
        return self._known.get(key)

    def load(self, keys: Iterable[str]) -> None:
        """As `find`, for many at once."""
        for patient in Patient.objects.select_related("subject").filter(source_key__in=set(keys)):
            self._known[patient.source_key] = patient

    def of(self, kind: str, data: dict[str, Any]) -> Patient | None:
        """The patient a resource belongs to; None for what belongs to nobody, and for a Patient itself.

        Raises
        ------
        Refused
            UNKNOWN_PATIENT, or INVALID_RESOURCE for a reference that cannot be read.
        """
        about = about_of(kind)
        reference = data.get(about.patient)
        if not about.required and not (self._ours and self._names.maybe_key(reference, "Patient", "")):
            return self.find(self._names.maybe_key(reference, "Patient", ""))
        if (
            kind == "Observation"
            and tells_nothing_of_a_patient(data)
            and self._names.maybe_key(reference, "Device", "")
        ):
            return None
        key = self._names.key(reference, "Patient", f"{kind}.{about.patient}")
        patient = self.find(key)
        if patient is None:
            raise Refused(
                QuarantineReason.UNKNOWN_PATIENT,
                f"{kind}.{about.patient} is {'/'.join(key.rsplit('/', 2)[-2:])}, which has not been received from "
                f"{self._names.source}; it is tried again by itself when that Patient arrives",
            )
        return patient

    def whose(self, entry: Entry, identity: Identity | None) -> Subject | None:
        """The subject of a resource that was refused, if as much can be read of it and the patient is known."""
        try:
            data = msgspec.json.decode(entry.text)
        except (msgspec.DecodeError, RecursionError):
            return None
        if not isinstance(data, dict):
            return None
        references = [data.get("subject"), data.get("patient")]
        if data.get("resourceType") == "Patient":
            references = [{"reference": f"Patient/{identity.resource_id if identity else data.get('id')}"}]
        for reference in references:
            key = self._names.maybe_key(reference, "Patient", "subject")
            patient = self.find(key) if key.isascii() and key.isprintable() else None
            if patient is not None:
                return patient.subject
        return None
