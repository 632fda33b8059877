"""Types that are more than a record: writing one does something, so each is written in its own way, and by itself."""

from collections.abc import Callable, Mapping

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.outcome import Refusal

OWN_WAY: dict[str, Mapping[str, Callable[[Ask], Answer]]] = {}
"""By type what does each method; each enters itself. A method that is not there is done as for other types."""


def check_no_own_way(ask: Ask) -> None:
    """Raise 422 for a type that an entry of a transaction cannot write."""
    if ask.resource_type in OWN_WAY:
        raise Refusal(
            422,
            "not-supported",
            f"no {ask.resource_type} is written in a transaction; send it by itself, or in a batch",
            expression="Bundle.entry",
        )
