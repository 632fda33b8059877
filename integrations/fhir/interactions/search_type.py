"""Search: the resources of a type that answer a query, a page at a time."""

from typing import Any

from clinic.patients.models import Patient
from integrations.fhir.bundle import searchset
from integrations.fhir.identity import source_keys
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.registry import TYPES
from integrations.fhir.search import cut_in_audit, kept_in_audit, search


def search_type(ask: Ask, *, compartment: tuple[str, str] | None = None) -> Answer:
    """``GET [base]/[type]?…`` and its like by POST; `compartment` is the type and id of whose resources are meant.

    Raises
    ------
    Refusal
        400 and 406 for a query that cannot be answered, 403 where no scope covers it.
    """
    strict = "handling=strict" in ask.headers.get("prefer", "").replace(" ", "").lower()
    page = search(
        ask.resource_type,
        list(ask.query),
        base=ask.base,
        reach=ask.caller.reach(ask.resource_type, "s"),
        strict=strict,
        compartment=compartment,
    )
    shown = [*page.found, *page.included]
    detail: dict[str, Any] = {"query": kept_in_audit(TYPES[ask.resource_type], ask.query)}
    if cut_in_audit(ask.query):
        detail["cut"] = True
    return Answer(
        200,
        searchset(page, ask.base),
        shown=shown,
        about=_about(ask, compartment),
        activity="fhir.search",
        detail=detail,
    )


def _about(ask: Ask, compartment: tuple[str, str] | None) -> list[str]:
    """The patients that the query or its compartment names; who asks for nobody's data is not asking about nobody."""
    named = [compartment[1]] if compartment is not None and compartment[0] == "Patient" else []
    for name, text in ask.query:
        if name in ("patient", "subject", "patient:Patient", "subject:Patient"):
            named += [one.removeprefix(ask.base).removeprefix("Patient/") for one in text.split(",")]
        elif name == "_id" and ask.resource_type == "Patient":
            named += text.split(",")
    keys = source_keys("Patient", named).values()
    found = Patient.objects.filter(source_key__in=list(keys)).values_list("subject_id", flat=True) if keys else ()
    return [str(subject) for subject in found]
