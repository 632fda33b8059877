"""Invariants of Parameters, OperationDefinition and Library."""

import re

from integrations.fhir.validate.rule import Json, Rule, has, there

_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}", re.ASCII)
_NAMED = "should be a capital letter followed by at most 254 letters, digits and underscores; send such a name"


def _one_content(parameter: Json) -> bool:
    """inv-1: a value, a resource, or parts; one and only one of them."""
    return has(parameter, "value") + ("resource" in parameter) + ("part" in parameter) == 1


CONFORMANCE: dict[str, tuple[Rule, ...]] = {
    "Parameters.parameter": (
        Rule("inv-1", _one_content, "must have one of a value, a resource and parts; send one and only one", ("name",)),
    ),
    "OperationDefinition": (
        Rule("opd-0", lambda e: bool(_NAME.fullmatch(e.get("name", "X"))), f"{_NAMED}", ("name",), "warning"),
    ),
    "OperationDefinition.parameter": (
        Rule("opd-1", lambda e: there(e, "type") or "part" in e, "has neither a type nor parts; send one", ("name",)),
        Rule(
            "opd-2",
            lambda e: not there(e, "searchType") or e.get("type") == "string",
            "has a searchType, so its type must be string; send it so",
            ("name", "type"),
        ),
        Rule(
            "opd-3",
            lambda e: not there(e, "targetProfile") or e.get("type") in ("Reference", "canonical"),
            "has a targetProfile, so its type must be Reference or canonical; send it so",
            ("name", "type"),
        ),
    ),
    "Library": (Rule("lib-0", lambda e: bool(_NAME.fullmatch(e.get("name", "X"))), f"{_NAMED}", ("name",), "warning"),),
}
