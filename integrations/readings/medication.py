"""Which drug of the formulary a MedicationRequest or MedicationAdministration is about, and by which route."""

from typing import Any, Protocol

from integrations.codes.drugs import COMBINED, DRUGS, INTO_A_VEIN_UNSAID, INTRAVENOUS_ROUTES, ORAL_ROUTES
from integrations.readings.coding import codings, words
from integrations.readings.models import QuarantineReason
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused, shown
from twins.pharmacology import formulary
from twins.quantities.dose import Route


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
    concept = concept_of(data, names, lookup)
    found = {DRUGS[coding] for coding in codings(concept) if coding in DRUGS}
    combined = [COMBINED[coding] for coding in codings(concept) if coding in COMBINED]
    if combined:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"{kind}.medication is {words(concept)}, which holds {combined[0]} and another drug: its amount does not "
            f"say which it counts; send the code of {combined[0]} alone with the amount of it",
        )
    if len(found) != 1:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"{kind}.medication is {words(concept)}, which {'no' if not found else 'more than one'} drug is mapped to; "
            "send the RxNorm code of the ingredient, or have the code added",
        )
    return found.pop()


def concept_of(data: dict[str, Any], names: Names, lookup: MedicationLookup) -> Any:
    """The concept that says what is given: the resource's own, or that of the Medication it refers to.

    Raises
    ------
    Refused
        UNKNOWN_CODE if the Medication was not received, INVALID_RESOURCE if it should be contained and is not.
    """
    concept = data.get("medicationCodeableConcept")
    return _referred(data, names, lookup) if concept is None else concept


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


def route_of(concept: Any, field: str, drug: str) -> Route:
    """The way in: of those by which a model of the drug takes it. Unsaid, a vein for a drug hardly given otherwise.

    Raises
    ------
    Refused
        UNKNOWN_CODE for any other route, for instance vancomycin by mouth, which does not reach the blood;
        MISSING_VALUE for none of a drug that is given by several.
    """
    coded = list(codings(concept))
    if not coded:
        if drug in INTO_A_VEIN_UNSAID:
            return Route.INTRAVENOUS
        why = "is taken by mouth too" if Route.ORAL in routes_of(drug) else "is not given by one alone"
        raise Refused(QuarantineReason.MISSING_VALUE, f"{field} is missing, and {drug} {why}; send the route")
    known = routes_of(drug)
    for route, codes in _ROUTES.items():
        if route in known and any(coding in codes for coding in coded):
            return route
    usable = " or ".join(_ROUTE_WORDS[route] for route in _ROUTES if route in known)
    raise Refused(QuarantineReason.UNKNOWN_CODE, f"{field} is {words(concept)}; only doses {usable} are used here")


_ROUTES = {Route.INTRAVENOUS: INTRAVENOUS_ROUTES, Route.ORAL: ORAL_ROUTES}
_ROUTE_WORDS = {
    Route.INTRAVENOUS: "into a vein (SNOMED CT 47625008)",
    Route.ORAL: "by mouth (SNOMED CT 26643006)",
}


def routes_of(drug: str) -> frozenset[Route]:
    """The ways in that a model of the drug knows."""
    models = map(formulary.model, formulary.drug(drug).models)
    return frozenset(Route(name) for model in models for name in model.system.inputs if name in set(Route))
