"""Invariants of Bundle. https://hl7.org/fhir/R4/bundle.html"""

from integrations.fhir.validate.rule import Json, Rule, there

_REQUESTS = frozenset({"batch", "transaction", "history"})
_RESPONSES = frozenset({"batch-response", "transaction-response", "history"})


def _entries(bundle: Json) -> list[Json]:
    entries: list[Json] = bundle.get("entry", [])
    return entries


def _first_is(bundle: Json, kind: str, resource_type: str) -> bool:
    if bundle.get("type") != kind:
        return True
    entries = _entries(bundle)
    return bool(entries) and entries[0].get("resource", {}).get("resourceType") == resource_type


def _distinct(bundle: Json) -> bool:
    if bundle.get("type") == "history":
        return True
    keys = [
        (entry["fullUrl"], entry.get("resource", {}).get("meta", {}).get("versionId"))
        for entry in _entries(bundle)
        if "fullUrl" in entry
    ]
    return len(keys) == len(set(keys))


def _agrees(entry: Json) -> bool:
    """A fullUrl that is a RESTful address ends in the resource's own type and id."""
    url, resource = entry.get("fullUrl", ""), entry.get("resource", {})
    parts = url.rsplit("/", 2)
    if not url.startswith("http") or len(parts) < 3 or parts[1] != resource.get("resourceType"):
        return True
    return "id" not in resource or bool(resource["id"] == parts[2])


def _sent_with(part: str, types: frozenset[str]) -> Rule:
    key = {"request": "bdl-3", "response": "bdl-4"}[part]
    return Rule(
        key,
        lambda e: all((part in entry) == (e.get("type") in types) for entry in _entries(e)),
        f"must have {part} in every entry if its type is {', '.join(sorted(types))}, and else in none; send it so",
        ("type",),
    )


BUNDLE: dict[str, tuple[Rule, ...]] = {
    "Bundle": (
        Rule(
            "bdl-1",
            lambda e: not there(e, "total") or e.get("type") in ("searchset", "history"),
            "has a total, which only a searchset and a history may have; leave it out",
            ("type", "total"),
        ),
        Rule(
            "bdl-2",
            lambda e: e.get("type") == "searchset" or not any("search" in entry for entry in _entries(e)),
            "has entry.search, which only a searchset may have; leave it out",
            ("type",),
        ),
        _sent_with("request", _REQUESTS),
        _sent_with("response", _RESPONSES),
        Rule("bdl-7", _distinct, "has a fullUrl twice in one version; send each once"),
        Rule(
            "bdl-9",
            lambda e: e.get("type") != "document" or {"system", "value"} <= e.get("identifier", {}).keys(),
            "is a document, so it needs an identifier with system and value; send it",
        ),
        Rule(
            "bdl-10",
            lambda e: e.get("type") != "document" or "timestamp" in e,
            "is a document, so it needs a timestamp; send it",
        ),
        Rule(
            "bdl-11",
            lambda e: _first_is(e, "document", "Composition"),
            "is a document, so its first entry must be a Composition; send it first",
        ),
        Rule(
            "bdl-12",
            lambda e: _first_is(e, "message", "MessageHeader"),
            "is a message, so its first entry must be a MessageHeader; send it first",
        ),
    ),
    "Bundle.entry": (
        Rule(
            "bdl-5",
            lambda e: "resource" in e or "request" in e or "response" in e,
            "has none of resource, request and response; send one of them",
        ),
        Rule(
            "bdl-8",
            lambda e: "/_history/" not in e.get("fullUrl", ""),
            "has a fullUrl of one version; send it without /_history/",
            ("fullUrl",),
        ),
        Rule(
            "fullUrl", _agrees, "has a fullUrl that names another id than the resource's; send the same", ("fullUrl",)
        ),
    ),
}
