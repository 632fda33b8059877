"""Search: the resources of a type that answer a query, a page at a time."""

from typing import Any

from clinic.patients.models import Patient
from integrations.fhir.bundle import searchset
from integrations.fhir.identity import source_keys
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.registry import TYPES
from integrations.fhir.search import cut_in_audit, kept_in_audit, search


def search_type(ask: Ask) -> Answer:
    """``GET [base]/[type]?…``, its like by POST, and ``GET [base]/Patient/[id]/[type]?…``.

    Raises
    ------
    Refusal
        400 and 406 for a query that cannot be answered, 403 where no scope covers it.
    """
    owner = ask.compartment
    strict = "handling=strict" in ask.headers.get("prefer", "").replace(" ", "").lower()
    page = search(
        ask.resource_type,
        list(ask.query),
        base=ask.base,
        reach=ask.caller.reach(ask.resource_type, "s"),
        strict=strict,
        compartment=(owner[0], owner[1]) if owner else None,
    )
    shown = [*page.found, *page.included]
    detail: dict[str, Any] = {"query": kept_in_audit(TYPES.get(ask.resource_type), ask.query)}
    if cut_in_audit(ask.query):
        detail["cut"] = True
    return Answer(
        200,
        searchset(page, ask.base),
        shown=shown,
        about=_about(ask),
        activity="fhir.search",
        detail=detail,
    )


def _about(ask: Ask) -> list[str]:
    """The patients that the query or its compartment names; who asks for nobody's data is not asking about nobody."""
    named = [ask.compartment[1]] if ask.compartment and ask.compartment[0] == "Patient" else []
    for name, text in ask.query:
        if name in ("patient", "subject", "patient:Patient", "subject:Patient"):
            named += [one.removeprefix(ask.base).removeprefix("Patient/") for one in text.split(",")]
        elif name == "_id" and ask.resource_type == "Patient":
            named += text.split(",")
    keys = source_keys("Patient", named).values()
    found = Patient.objects.filter(source_key__in=list(keys)).values_list("subject_id", flat=True) if keys else ()
    return [str(subject) for subject in found]
