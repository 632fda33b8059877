"""The door: a text is FHIR R4 as far as this product relies on it, or it is refused with the reason.

The R4B classes of fhir.resources are one layer. They let pass what R4 forbids: any status code, numbers as text,
references to the wrong type; those that matter here are checked beside them.
"""

from decimal import Decimal
from typing import Any

import msgspec
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from integrations.readings.models import QuarantineReason
from integrations.readings.newer import as_r4
from integrations.readings.refusal import Refused, shown
from integrations.readings.repeated_keys import keys_in, none_repeated, repeated
from integrations.readings.whose import ABOUT

READ_TYPES = tuple(ABOUT)
"""The types that are read, those that others refer to first."""

# Required bindings of FHIR R4 (4.0.1), https://hl7.org/fhir/R4/valueset-<name>.html.
_STATUSES = {
    "Observation": frozenset(
        {"registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"}
    ),
    "MedicationAdministration": frozenset(
        {"in-progress", "not-done", "on-hold", "completed", "entered-in-error", "stopped", "unknown"}
    ),
    "MedicationRequest": frozenset(
        {"active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"}
    ),
    "Encounter": frozenset(
        {
            *("planned", "arrived", "triaged", "in-progress", "onleave"),
            *("finished", "cancelled", "entered-in-error", "unknown"),
        }
    ),
    "Device": frozenset({"active", "inactive", "entered-in-error", "unknown"}),
    "Medication": frozenset({"active", "inactive", "entered-in-error"}),
}
_STATUS_OPTIONAL = frozenset({"Device", "Medication"})
_GENDERS = frozenset({"male", "female", "other", "unknown"})

_exact = msgspec.json.Decoder(float_hook=Decimal)


def decode(text: str) -> dict[str, Any]:
    """The JSON object in `text`, decimals exactly as written.

    Raises
    ------
    Refused
        NOT_JSON or NOT_FHIR.
    """
    if "\\u0000" in text:
        raise Refused(
            QuarantineReason.NOT_FHIR, "the resource holds the character U+0000, which no FHIR string may; remove it"
        )
    try:
        data = _exact.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(QuarantineReason.NOT_JSON, f"the resource is not JSON ({error}); send it again, whole") from error
    if not isinstance(data, dict):
        raise Refused(QuarantineReason.NOT_FHIR, f"the resource is {shown(data)}; send a JSON object")
    return _without_nulls(data) if "null" in text else data


def _without_nulls(value: Any) -> Any:
    """A null stands for nothing said, as the R4B classes take it."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def load() -> None:
    """Make the classes of every type that is read here, which their first use would wait for."""
    for resource_type in READ_TYPES:
        get_fhir_model_class(resource_type)


def check(resource_type: str, text: str, data: dict[str, Any]) -> None:
    """Let a resource of a type that is read here pass, if it keeps the rules of FHIR R4.

    Raises
    ------
    Refused
        UNKNOWN_TYPE, or INVALID_RESOURCE naming the field and the value.
    """
    if resource_type not in READ_TYPES:
        raise Refused(
            QuarantineReason.UNKNOWN_TYPE, f"resourceType is {resource_type}; read here are {', '.join(READ_TYPES)}"
        )
    _check_keys(resource_type, text, data)
    try:
        get_fhir_model_class(resource_type).model_validate_json(as_r4(resource_type, data) or text)
    except ValidationError as error:
        raise Refused(QuarantineReason.INVALID_RESOURCE, _first_faults(resource_type, error)) from error
    except (KeyError, TypeError, AttributeError, AssertionError, ValueError, RecursionError) as error:
        # The classes raise these, not ValidationError, for instance for an unknown type of a contained resource.
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{resource_type} cannot be read ({type(error).__name__}: {shown(str(error))}); send valid FHIR R4",
        ) from error
    _check_codes(resource_type, data)
    _check_references(resource_type, data)


def _check_keys(resource_type: str, text: str, data: dict[str, Any]) -> None:
    if none_repeated(text, keys_in(data)):
        return
    for place, key in repeated(text):
        name = resource_type + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in (*place, key))
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{name[:200]} stands twice, and which is meant is not clear; send it once",
        )


def _first_faults(resource_type: str, error: ValidationError) -> str:
    faults = []
    for fault in error.errors(include_url=False)[:3]:
        field = ".".join([resource_type, *(str(part) for part in fault["loc"])])
        found = "missing" if fault["type"] == "missing" else shown(fault.get("input"))
        faults.append(f"{field} is {found}: {fault['msg'].lower()}")
    return "; ".join(faults) + "; send valid FHIR R4"


def _check_codes(resource_type: str, data: dict[str, Any]) -> None:
    allowed = _STATUSES.get(resource_type)
    status = data.get("status")
    if allowed and status not in allowed and not (status is None and resource_type in _STATUS_OPTIONAL):
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{resource_type}.status is {shown(status)}; send one of {', '.join(sorted(allowed))}",
        )
    gender = data.get("gender")
    if resource_type == "Patient" and gender is not None and gender not in _GENDERS:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"Patient.gender is {shown(gender)}; send one of {', '.join(sorted(_GENDERS))}",
        )


def _check_references(resource_type: str, data: dict[str, Any]) -> None:
    about = ABOUT[resource_type]
    reference = data.get(about.patient)
    if about.required and not (isinstance(reference, dict) and isinstance(reference.get("reference"), str)):
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{resource_type}.{about.patient} is {shown(reference)}; send a reference to a Patient",
        )
