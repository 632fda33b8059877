"""Delete: a version that says so; what was stored stays readable as history."""

from dataclasses import replace

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.checked import own_id
from integrations.fhir.interactions.conditional import check_version
from integrations.fhir.interactions.drafts import lock, write_deletion
from integrations.fhir.interactions.found import current
from integrations.fhir.interactions.permitted import permitted
from integrations.fhir.interactions.update import newest_of, queried
from integrations.fhir.outcome import Refusal
from integrations.readings.models import Resource


def delete(ask: Ask) -> Answer:
    """``DELETE [base]/[type]/[id]``, or of the one that answers a query; nothing is there afterwards, so 204.

    Raises
    ------
    Refusal
        403, 405 for what another system owns, 409 for a patient of whom anything is known, 412.
    """
    permitted(ask, "delete")
    lock()
    if not ask.identifier:
        known = queried(ask, list(ask.query))
        if known is None:
            return Answer(204, activity="fhir.delete")
        ask = replace(ask, identifier=known.id)
    identifier = own_id(ask.identifier)
    newest = newest_of(ask.resource_type, identifier)
    if current(ask, "d") is None:  # its version would tell that it is there
        newest = None
    check_version(ask, newest.version if newest and not newest.deleted else None)
    if newest is None or newest.deleted:
        return Answer(204, activity="fhir.delete")
    _check_unused(newest)
    written = write_deletion(newest, ask)
    return Answer(204, headers={"ETag": f'W/"{written.version}"'}, written=[written], activity="fhir.delete")


def _check_unused(resource: Resource) -> None:
    """Raise 409 for a patient with a record: its twins and its trail would be nobody's."""
    if resource.resource_type != "Patient":
        return
    of_patient = Resource.objects.filter(subject_id=resource.subject_id, is_current=True, deleted=False)
    if of_patient.exclude(pk=resource.pk).exists():
        raise Refusal(
            409, "conflict", "Other resources are about this Patient; delete them first, or set Patient.active to false"
        )
