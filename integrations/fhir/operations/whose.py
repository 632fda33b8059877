"""Whom an operation is asked of, as far as the caller may know and read of it."""

from dataclasses import dataclass
from typing import Any

from clinic.patients.models import Patient
from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.found import absent, current, gone, reaches
from integrations.fhir.outcome import Refusal
from integrations.fhir.resources.served import Served


@dataclass(frozen=True, slots=True)
class Whose:
    """A patient of this server: the resource, for the audit trail, and the row."""

    served: Served
    patient: Patient

    @property
    def reference(self) -> str:
        return f"Patient/{self.served.id}"


def patient_of(ask: Ask, *types: str) -> Whose:
    """The patient that the address names, for a caller who may read them and all that of `types` is about them.

    Raises
    ------
    Refusal
        404 for a patient who is not there for this caller, 410 for one who was deleted, 403 where the scope does not
        cover a type, or only some of it.
    """
    found = current(ask, "r")
    if found is None:
        raise absent(ask)
    if found.deleted:
        raise gone(found)
    patient = Patient.objects.select_related("subject").filter(source_key=found.row["source_key"]).first()
    if patient is None:
        raise absent(ask)
    for name in types:
        reach = ask.caller.reach(name, "r")
        if reach.queries or not reaches(reach, name, patient.subject_id):
            raise Refusal(
                403, "forbidden", f"The token's scope does not cover all {name} of this patient, which this operation "
                "shows."
            )  # fmt: skip
    return Whose(found.served, patient)


def parameter(name: str, **value: Any) -> dict[str, Any]:
    """A parameter, or part, with its value, resource or parts."""
    return {"name": name, **value}
