"""The body of a write: JSON of the resource type that its address names, and valid FHIR R4."""

from dataclasses import dataclass
from typing import Any

from integrations.fhir.identity import FHIR_ID
from integrations.fhir.outcome import Refusal
from integrations.fhir.validate.fault import Fault
from integrations.fhir.validate.faults import faults
from integrations.readings.door import decode
from integrations.readings.refusal import Refused


@dataclass(frozen=True, slots=True)
class Checked:
    """A resource that keeps the rules: its text as it came, and what it says."""

    text: str
    data: dict[str, Any]

    @property
    def status(self) -> str:
        status = self.data.get("status")
        return status if isinstance(status, str) else ""


def checked(body: bytes, resource_type: str, *, where: str = "") -> Checked:
    """The body as a resource of that type.

    Raises
    ------
    Refusal
        400 for what is no JSON or of another type, 422 for what breaks a rule of FHIR R4.
    """
    text = text_of(body)
    try:
        data = decode(text)
    except Refused as refused:
        raise Refusal(400, "structure", refused.detail, expression=where or resource_type) from refused
    if data.get("resourceType") != resource_type:
        raise Refusal(
            400, "invalid", f"resourceType is {data.get('resourceType')!r:.80}; the address wants {resource_type}",
            expression=where or resource_type,
        )  # fmt: skip
    wrong = [fault for fault in faults(resource_type, text, data) if fault.severity == "error"]
    if wrong:
        raise _invalid(wrong)
    return Checked(text, data)


def _invalid(wrong: list[Fault]) -> Refusal:
    """422 with all that is wrong."""
    first, *others = wrong
    refusal = Refusal(422, first.code, first.sentence, expression=first.expression)
    refusal.further = [(fault.code, fault.sentence, fault.expression) for fault in others]
    return refusal


def text_of(body: bytes) -> str:
    """The body as text; 400 where it is none in UTF-8, or empty."""
    if not body.strip():
        raise Refusal(400, "structure", "The body is empty; send the resource as JSON.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(400, "structure", f"Byte {error.start} of the body is not UTF-8; send JSON in UTF-8.") from error


def own_id(identifier: str) -> str:
    """An id that a caller may choose for a resource of this door.

    Raises
    ------
    Refusal
        400 for one that is no FHIR id, 405 for one with a point: what stands before it is the source it came from.
    """
    if not FHIR_ID.fullmatch(identifier):
        raise Refusal(400, "value", f"the id {identifier[:80]!r} is none; give 1 to 64 letters, digits and hyphens")
    if "." in identifier:
        raise Refusal(
            405, "not-supported", f"{identifier} was received from another system and is changed there; ids that are "
            "written here hold no point", Allow="GET, HEAD",
        )  # fmt: skip
    return identifier


def names_this_address(data: dict[str, Any], identifier: str) -> None:
    """Raise 400 unless the resource has the id of the address that it is put to."""
    if data.get("id") != identifier:
        raise Refusal(
            400, "invalid", f"id is {data.get('id')!r:.80} and the address names {identifier}; send the same",
            expression=f"{data['resourceType']}.id",
        )  # fmt: skip
