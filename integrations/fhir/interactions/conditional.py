"""Conditions of writes: the resource that a query names, and the version that the caller believes in."""

from urllib.parse import parse_qsl, urlsplit

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.read import etags
from integrations.fhir.outcome import Refusal
from integrations.fhir.resources.served import Served
from integrations.fhir.search import find

Criteria = list[tuple[str, str]]


def condition_of(ask: Ask) -> Criteria | None:
    """The condition of a create: its If-None-Exist header, else search parameters in its address; None without any.

    R4 knows the header alone. fhirpy's get_or_create, made for Aidbox, writes the condition into the address; to ignore
    it would make doubles of what the caller said is one.

    Raises
    ------
    Refusal
        As `criteria_of`.
    """
    header = ask.headers.get("if-none-exist")
    if header is not None:
        return criteria_of(header, ask.resource_type)
    return [(name, text) for name, text in ask.query if name not in ("_format", "_pretty")] or None


def criteria_of(condition: str, resource_type: str) -> Criteria:
    """The query of an If-None-Exist header: alone, behind a question mark, or behind the type's address.

    Raises
    ------
    Refusal
        400 where it asks for nothing, or at another type.
    """
    address, mark, query = condition.partition("?")
    if not mark:
        address, query = "", condition
    place = urlsplit(address).path.rstrip("/").rsplit("/", 1)[-1] if address else resource_type
    criteria = parse_qsl(query, keep_blank_values=True)
    if place != resource_type or not criteria:
        raise Refusal(
            400, "value", f"the condition is {condition[:100]!r}; give search parameters of {resource_type}",
            expression="http.If-None-Exist",
        )  # fmt: skip
    return criteria


def one(ask: Ask, criteria: Criteria) -> Served | None:
    """The one resource that answers, or None.

    Raises
    ------
    Refusal
        412 where several do: it is not clear which is meant.
    """
    reach = ask.caller.reach(ask.resource_type, "s", wishes=False)
    found = find(ask.resource_type, criteria, reach=reach, most=2)
    if len(found) > 1:
        raise Refusal(
            412,
            "multiple-matches",
            f"several {ask.resource_type} answer the condition; say more of the one meant",
        )
    return found[0] if found else None


def check_version(ask: Ask, version: str | None) -> None:
    """Raise 412 where If-Match names another version than the newest, or any while nothing is there; and where
    If-None-Match wants nothing to be there, or another version than the newest."""
    unwanted = ask.headers.get("if-none-match", "")
    if version is not None and (unwanted.strip() == "*" or version in etags(unwanted)):
        raise Refusal(412, "conflict", f"If-None-Match is {unwanted[:80]}, and version {version} is there")
    wanted = ask.headers.get("if-match")
    if wanted is None:
        return
    known = etags(wanted)
    if version is None or (wanted.strip() != "*" and version not in known):
        newest = f"the newest is {version}" if version else "it is not there"
        raise Refusal(412, "conflict", f"If-Match is {wanted[:80]}, and {newest}; read it again before you change it")
