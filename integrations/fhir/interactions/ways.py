"""What the writes of a type do, where they do more than store a record."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.fhir.interactions.ask import Answer, Ask

OWN_WAY: "dict[str, Mapping[str, Callable[[Ask], Answer]]]" = {}
"""By type what does each method. A method that is not there is done as for other types."""

BEFOREHAND: dict[str, Callable[[Sequence[dict[str, Any]]], Mapping[str, str]]] = {}
"""By type what is found out about its bodies before any transaction, because it may take long; for `Ask.beforehand`."""
