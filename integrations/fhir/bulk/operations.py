"""``$export`` of the whole server, of all patients, and of a group, as the guide defines them."""

from collections.abc import Sequence

from integrations.fhir.bulk.kick_off import kick_off
from integrations.fhir.operations.operation import Operation, Slot

_DEFINED = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
_SLOTS = (
    Slot("_outputFormat", "string", "application/fhir+ndjson, application/ndjson or ndjson"),
    Slot("_since", "instant", "Only what was changed, or came in here, at or after this time"),
    Slot("_type", "string", "Types, joined by commas; all that the token covers without it", most="*"),
    Slot("_elements", "string", "Elements, joined by commas, that resources are cut down to", most="*"),
    Slot(
        "_typeFilter", "string", "A search such as Observation?code=8867-4 that resources of its type answer", most="*"
    ),
)
_PATIENT = Slot("patient", "Reference", "A patient whose resources are wanted, by POST only", most="*")


def _export(
    name: str, of_what: str, slots: Sequence[Slot], *, types: tuple[str, ...] = (), instance: bool = False
) -> Operation:
    return Operation(
        name,
        f"Export of {of_what}",
        f"Begins an export of {of_what} as files of lines of JSON.",
        slots,
        kick_off,
        definition=f"{_DEFINED}{name}",
        types=types,
        system=not types,
        of_type=bool(types) and not instance,
        of_instance=instance,
        code="export",
        starts_work=True,
    )


OFFERED = (
    _export("export", "everything", _SLOTS),
    _export("patient-export", "what is about patients", (*_SLOTS, _PATIENT), types=("Patient",)),
    _export(
        "group-export", "what is about the members of a group", (*_SLOTS, _PATIENT), types=("Group",), instance=True
    ),
)
