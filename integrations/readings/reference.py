"""References between resources of one source, as source keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.readings.models import QuarantineReason
from integrations.readings.refusal import Refused, shown


@dataclass(frozen=True, slots=True)
class Names:
    """What a reference can be read against: the source, its address, and the names that a Bundle gives its entries."""

    source: str
    address: str
    full_urls: Mapping[str, str] = field(default_factory=dict)
    """fullUrl to ``Type/id``."""

    def key(self, reference: Any, wanted_type: str, where: str) -> str:
        """The source key that a Reference element names.

        Raises
        ------
        Refused
            INVALID_RESOURCE if it names nothing, or another type than `wanted_type`; UNKNOWN_PATIENT if it points to
            another server.
        """
        text = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(text, str) or not text:
            raise Refused(QuarantineReason.INVALID_RESOURCE, f"{where} is {shown(reference)}; send a reference")
        name = self.full_urls.get(text)
        if name is None and text.startswith("urn:uuid:"):
            name = f"{wanted_type}/{text.removeprefix('urn:uuid:')}"
        if name is None:
            base = self.address.rstrip("/") + "/"
            name = text.removeprefix(base) if self.address else text
            name = name.split("/_history/")[0]
            if "://" in name:
                raise Refused(
                    QuarantineReason.UNKNOWN_PATIENT,
                    f"{where} is {shown(text)}, on another server than {self.address}; pull that server too",
                )
        if not name.startswith(f"{wanted_type}/") or name.count("/") != 1 or len(name) > 64 + len(wanted_type) + 1:
            raise Refused(
                QuarantineReason.INVALID_RESOURCE, f"{where} is {shown(text)}; send a reference to a {wanted_type}"
            )
        return f"{self.source}/{name}"

    def any_key(self, reference: Any) -> str:
        """The source key of a literal reference to a resource of any type; empty where there is none."""
        text = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(text, str):
            return ""
        name = self.full_urls.get(text, text).split("/_history/")[0]
        kind = name.rsplit("/", 2)[-2] if "/" in name else ""
        return self.maybe_key(reference, kind, "reference") if kind else ""

    def device_key(self, reference: Any, where: str) -> str:
        """The source key of a device, or of the metric of one; empty where none is named literally."""
        return self.maybe_key(reference, "Device", where) or self.maybe_key(reference, "DeviceMetric", where)

    def maybe_key(self, reference: Any, wanted_type: str, where: str) -> str:
        """As `key`, but empty where there is no literal reference."""
        if not isinstance(reference, dict) or not isinstance(reference.get("reference"), str):
            return ""
        try:
            return self.key(reference, wanted_type, where)
        except Refused:
            return ""
