"""Search: the resources of a type that answer a query, a page at a time."""

from integrations.fhir.bundle import searchset
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.registry import TYPES
from integrations.fhir.search import kept_in_audit, search


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
    query = kept_in_audit(TYPES.get(ask.resource_type), ask.query)
    return Answer(200, searchset(page, ask.base), shown=shown, activity="fhir.search", detail={"query": query})
