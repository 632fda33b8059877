"""What can be exported: which types, at which level, and as far as a token reaches."""

from collections.abc import Sequence
from typing import Any

from integrations.fhir.authentication import Caller
from integrations.fhir.bulk.models import Level
from integrations.fhir.outcome import Refusal
from integrations.fhir.parameters import Kind
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import ServedType

NEVER = frozenset({"AuditEvent", "Basic", "Binary", "OperationDefinition", "Subscription"})
"""The trail has its own search, and exporting would make it grow; files are read by their id; definitions and topics
are about this server and no patient; a Subscription holds what its receiver is called with."""
LETTERS = "rs"
"""What a scope must allow of a type: to read it, and to find it."""


def types_of(level: str) -> tuple[str, ...]:
    """The types that an export of that level may hold."""
    return tuple(
        name
        for name, served in TYPES.items()
        if name not in NEVER and (level == Level.SYSTEM or _is_of_patients(served) or getattr(served, "of_nobody", 0))
    )


def _is_of_patients(served: ServedType) -> bool:
    if served.name == "Patient":
        return True
    return (
        any(
            parameter.name in ("patient", "subject")
            and parameter.kind is Kind.REFERENCE
            and "Patient" in parameter.targets
            for parameter in served.parameters
        )
        and served.name != "Group"
    )


def is_covered(caller: Caller, resource_type: str) -> bool:
    return all(caller.covers(resource_type, letter) for letter in LETTERS)


def reaches_of(caller: Caller, resource_type: str) -> Sequence[Any]:
    """How far the token goes with a type, by each of `LETTERS`; a resource must be within all of them.

    Raises
    ------
    Refusal
        403 where it does not go there at all.
    """
    found = [caller.reach(resource_type, letter) for letter in LETTERS]
    return [reach for place, reach in enumerate(found) if reach not in found[:place]]


def covered(caller: Caller, level: str, asked: Sequence[str]) -> list[str]:
    """The types to export: those asked for, or all that the level has and the token covers.

    Raises
    ------
    Refusal
        403 for a person's token, for a type beyond the scope, and where nothing is left.
    """
    if caller.is_person:
        raise Refusal(403, "forbidden", "Exports are for systems; come with a token of SMART Backend Services.")
    for resource_type in asked:
        if not is_covered(caller, resource_type):
            raise Refusal(
                403, "forbidden", f"The token's scope does not cover it; ask for system/{resource_type}.rs, or leave"
                f" {resource_type} out of _type.", expression="http._type",
            )  # fmt: skip
    types = list(asked) or [name for name in types_of(level) if is_covered(caller, name)]
    if not types:
        raise Refusal(403, "forbidden", "The token's scope covers no type that is exported; ask for system/*.rs.")
    return types
