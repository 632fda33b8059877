"""Search: the resources of a type that answer a query, a page at a time."""

from integrations.fhir.bundle import searchset
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.registry import TYPES
from integrations.fhir.search import kept_in_audit, search


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
    query = kept_in_audit(TYPES[ask.resource_type], ask.query)
    return Answer(200, searchset(page, ask.base), shown=shown, activity="fhir.search", detail={"query": query})
