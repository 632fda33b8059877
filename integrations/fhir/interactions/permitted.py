"""Whether a type takes an interaction, and the caller may do it."""

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.outcome import Refusal
from integrations.fhir.registry import TYPES

_LETTERS = {"create": "c", "update": "u", "patch": "u", "delete": "d"}


def permitted(ask: Ask, interaction: str) -> None:
    """Let the interaction pass.

    Raises
    ------
    Refusal
        404 for a type that is not served, 405 for one that takes no such write, 403 where no scope covers it.
    """
    served = TYPES.get(ask.resource_type)
    if served is None:
        raise unknown_type(ask.resource_type)
    if interaction not in served.writes:
        raise Refusal(
            405, "not-supported", f"{ask.resource_type} takes no {interaction} here; [base]/metadata tells.",
            Allow="GET, HEAD",
        )  # fmt: skip
    ask.caller.reach(ask.resource_type, _LETTERS[interaction])


def unknown_type(resource_type: str) -> Refusal:
    known = ", ".join(TYPES)
    return Refusal(404, "not-supported", f"{resource_type[:64]!r} is not served here; there are {known}.")
