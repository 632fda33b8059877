"""Which patient here a call is about."""

from clinic.patients.consent import in_force
from clinic.patients.models import Patient
from integrations.cds_hooks.call import Call
from integrations.fhir.identity import source_key
from integrations.fhir.outcome import Refusal
from integrations.readings.models import Source


def sources(call: Call) -> list[Source]:
    """The sources that were pulled from the client's own FHIR server."""
    server = call.fhir_server
    return list(Source.objects.filter(address__in=[server, f"{server}/"]).order_by("slug"))


def patient_of(call: Call, own_door: str) -> Patient | None:
    """The patient of the context, or None where nobody is known by that id.

    The id is that of the client's FHIR server: of the source that was pulled from there, or of this product's own door
    (`own_door`), whose ids name their source. A patient whose wish closes them to anybody is known to no client: who
    sits before it cannot be told.

    Raises
    ------
    Refusal
        412 where two sources from that server know the id, so that it cannot be said who is meant.
    """
    if call.fhir_server == own_door.rstrip("/"):
        key = source_key("Patient", call.patient_id)
        keys = [key] if key else []
    else:
        keys = [f"{source.slug}/Patient/{call.patient_id}" for source in sources(call)]
    found = list(Patient.objects.select_related("subject").filter(source_key__in=keys)[:2])
    if len(found) > 1:
        raise Refusal(412, "multiple-matches", "Two sources know a patient of this id; have one of them removed.")
    if found and in_force().filter(patient=found[0]).exists():
        return None
    return found[0] if found else None
