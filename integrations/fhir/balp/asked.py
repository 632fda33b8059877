"""The search request of an event, as far as the chain keeps it.

The chain holds no value that may name a person, so such a request cannot be shown as it came: `WITHHELD` stands for the
value, and `Asked.whole` is False. It is no value that a query could hold, whose signs ``<`` and ``>`` are escaped.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from clinic.audit.models import AuditEvent

WITHHELD = "<withheld>"


@dataclass(frozen=True, slots=True)
class Asked:
    """``GET https://…/fhir/Observation?patient=…``, and whether that is all that was asked."""

    text: str
    withheld: tuple[str, ...]
    cut: bool

    @property
    def whole(self) -> bool:
        return not self.withheld and not self.cut

    @property
    def note(self) -> str:
        """What a reader must know of the text, or the text itself."""
        missing = []
        if self.withheld:
            missing.append(f"The values of {', '.join(self.withheld)} are not kept, since they may name a person.")
        if self.cut:
            missing.append("The request was longer than is kept.")
        return " ".join(missing) or self.text


def asked(event: AuditEvent, address: str) -> Asked:
    """The request of a search event; `address` is where it was sent, without its query."""
    kept = event.detail.get("query", [])
    pairs = [pair for pair in kept if _is_pair(pair)] if isinstance(kept, list) else []
    query = "&".join(f"{quote(name, safe=':')}={WITHHELD if text is None else quote(text)}" for name, text in pairs)
    withheld = tuple(dict.fromkeys(name for name, text in pairs if text is None))
    method = str(event.detail.get("method", "GET"))
    said = f"{method} {address}" + (f"?{query}" if query else "")
    return Asked(said.strip(), withheld, event.detail.get("cut") is True)


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and (pair[1] is None or isinstance(pair[1], str))
    )
