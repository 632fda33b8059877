"""Which drug of the formulary a MedicationRequest or MedicationAdministration is about, and by which route."""

from typing import Any, Protocol

from integrations.codes.drugs import DRUGS, INTO_A_VEIN_UNSAID, INTRAVENOUS_ROUTES
from integrations.readings.coding import codings, words
from integrations.readings.models import QuarantineReason
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused, shown


class MedicationLookup(Protocol):
    """Finds the code of a Medication that was received, by its source key; None if there is none."""

    def __call__(self, key: str) -> dict[str, Any] | None: ...


def drug_of(data: dict[str, Any], names: Names, lookup: MedicationLookup) -> str:
    """The drug's name in the formulary.

    Raises
    ------
    Refused
        UNKNOWN_CODE if no code is mapped, or the Medication it refers to was not received.
    """
    kind = data["resourceType"]
    concept = data.get("medicationCodeableConcept")
    if concept is None:
        concept = _referred(data, names, lookup)
    found = {DRUGS[coding] for coding in codings(concept) if coding in DRUGS}
    if len(found) != 1:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"{kind}.medication is {words(concept)}, which {'no' if not found else 'more than one'} drug is mapped to; "
            "send the RxNorm code of the ingredient, or have the code added",
        )
    return found.pop()


def _referred(data: dict[str, Any], names: Names, lookup: MedicationLookup) -> Any:
    kind = data["resourceType"]
    reference = data.get("medicationReference")
    text = reference.get("reference") if isinstance(reference, dict) else None
    if isinstance(text, str) and text.startswith("#"):
        for contained in data.get("contained") or ():
            if contained.get("id") == text[1:]:
                return contained.get("code")
        raise Refused(
            QuarantineReason.INVALID_RESOURCE, f"{kind}.medicationReference is {shown(text)}, which is not contained"
        )
    key = names.key(reference, "Medication", f"{kind}.medicationReference")
    medication = lookup(key)
    if medication is None:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"{kind}.medicationReference is {shown(text)}, which has not been received; send it, then try again",
        )
    return medication.get("code")


def check_intravenous(concept: Any, field: str, drug: str) -> None:
    """Let pass a route into a vein, and none said for a drug that is hardly given otherwise.

    Raises
    ------
    Refused
        UNKNOWN_CODE for any other route, for instance vancomycin by mouth, which does not reach the blood;
        MISSING_VALUE for none of a drug that is taken by mouth too.
    """
    routes = list(codings(concept))
    if not routes and drug not in INTO_A_VEIN_UNSAID:
        raise Refused(
            QuarantineReason.MISSING_VALUE, f"{field} is missing, and {drug} is taken by mouth too; send the route"
        )
    if routes and not any(route in INTRAVENOUS_ROUTES for route in routes):
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"{field} is {words(concept)}; only doses into a vein (SNOMED CT 47625008) are used here",
        )
