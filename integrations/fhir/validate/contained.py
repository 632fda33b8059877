"""Contained resources: dom-2 to dom-5 of R4 (4.0.1), https://hl7.org/fhir/R4/domainresource.html#invs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from integrations.fhir.validate.fault import shown
from integrations.fhir.validate.rule import Json

Complaint = tuple[int, str, str, str]
"""Index of the contained resource, element in it, issue type, sentence without its subject."""


def complaints(container: Json) -> Iterator[Complaint]:
    """What is wrong with how `container` contains other resources."""
    contained = container["contained"]
    outside = local_names({name: item for name, item in container.items() if name != "contained"})
    inside = [local_names(one) for one in contained]
    holders = Counter(name for names in inside for name in names)
    ids: set[str] = set()
    for index, one in enumerate(contained):
        if type(one) is not dict:
            continue
        if "contained" in one:
            yield index, "contained", "invariant", "is nested (dom-2); contain both side by side"
        meta = one.get("meta")
        for name, key in (("versionId", "dom-4"), ("lastUpdated", "dom-4"), ("security", "dom-5")):
            if type(meta) is dict and name in meta:
                yield index, f"meta.{name}", "invariant", f"may not be in a contained resource ({key}); leave it out"
        identifier = one.get("id")
        if type(identifier) is not str:
            yield index, "id", "required", "is missing; send it, so that it can be referred to"
            continue
        if identifier in ids:
            yield index, "id", "invariant", f"is {shown(identifier)} a second time; send another"
        ids.add(identifier)
        name = f"#{identifier}"
        by_others = holders[name] - (name in inside[index])
        if name not in outside and not by_others and "#" not in inside[index]:
            sentence = f"is {shown(identifier)}, which nothing refers to (dom-3); refer to it, or leave it out"
            yield index, "id", "invariant", sentence


def local_names(value: Any) -> set[str]:
    """Every text below `value` that begins with #, as references to contained resources do."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            waiting += one.values()
        elif type(one) is list:
            waiting += one
        elif type(one) is str and one[:1] == "#":
            found.add(one)
    return found
