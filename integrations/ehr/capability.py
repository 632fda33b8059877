"""What a server says it can do, read before anything is asked of it."""

from dataclasses import dataclass

import msgspec

TYPES = (
    "Patient",
    "Device",
    "Encounter",
    "Condition",
    "Observation",
    "MedicationRequest",
    "MedicationAdministration",
)
"""What is pulled, those that the others refer to first."""


class CapabilityError(ValueError):
    """A server that cannot be pulled from; says why."""


class _Interaction(msgspec.Struct):
    code: str = ""


class _SearchParam(msgspec.Struct):
    name: str = ""


class _Resource(msgspec.Struct):
    type: str = ""
    interaction: list[_Interaction] = []
    searchParam: list[_SearchParam] = []


class _Rest(msgspec.Struct):
    mode: str = ""
    resource: list[_Resource] = []
    searchParam: list[_SearchParam] = []


class _Statement(msgspec.Struct):
    resourceType: str
    fhirVersion: str = ""
    rest: list[_Rest] = []


@dataclass(frozen=True, slots=True)
class Capability:
    """Types that are offered for search, and those wanted that are not."""

    offered: tuple[str, ...]
    missing: tuple[str, ...]


def read_capability(content: bytes) -> Capability:
    """What of `TYPES` the CapabilityStatement in `content` offers.

    Raises
    ------
    CapabilityError
        If it is no CapabilityStatement of FHIR R4 or R4B, or offers nothing that is wanted.
    """
    try:
        statement = msgspec.json.decode(content, type=_Statement)
    except msgspec.MsgspecError as error:
        raise CapabilityError(
            f"/metadata is no CapabilityStatement ({error}); give the base of a FHIR server"
        ) from error
    if statement.resourceType != "CapabilityStatement":
        raise CapabilityError(f"/metadata is a {statement.resourceType}; give the base of a FHIR server")
    if not statement.fhirVersion.startswith(("4.0", "4.3")):
        raise CapabilityError(f"fhirVersion is {statement.fhirVersion!r}; give the server's R4 (4.0.1) base")
    searchable = {
        resource.type
        for rest in statement.rest
        if rest.mode == "server"
        for resource in rest.resource
        if any(interaction.code == "search-type" for interaction in resource.interaction)
    }
    offered = tuple(name for name in TYPES if name in searchable)
    if "Patient" not in offered:
        raise CapabilityError("the server offers no search for Patient; without patients nothing can be used")
    return Capability(offered, tuple(name for name in TYPES if name not in searchable))
