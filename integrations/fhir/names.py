"""References in what is written at this door: they name resources as this server does."""

from dataclasses import dataclass
from typing import Any

from integrations.fhir.identity import FHIR_ID, source_keys
from integrations.readings.models import QuarantineReason
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused, shown


@dataclass(frozen=True, slots=True)
class HereNames(Names):
    """As `Names`, for this server: ``Patient/ward.p1`` is the patient p1 of the source ward."""

    def key(self, reference: Any, wanted_type: str, where: str) -> str:
        text = reference.get("reference") if isinstance(reference, dict) else None
        name = text.removeprefix(self.address).split("/_history/")[0] if isinstance(text, str) else ""
        kind, _, identifier = name.partition("/")
        key = None
        if kind == wanted_type and FHIR_ID.fullmatch(identifier):
            key = source_keys(kind, [identifier]).get(identifier)
        if key is None:
            raise Refused(
                QuarantineReason.INVALID_RESOURCE,
                f"{where} is {shown(text)}; send a reference to a {wanted_type} of this server",
            )
        return key
