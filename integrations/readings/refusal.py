"""Why one thing could not be used."""

from integrations.readings.models import QuarantineReason


class Refused(Exception):
    """A payload or resource that cannot be used: a typed reason, and the field, the value and the remedy in words."""

    def __init__(self, reason: QuarantineReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def shown(value: object, length: int = 80) -> str:
    """`value` as an error message may quote it: short, on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= length else text[: length - 1] + "…"
