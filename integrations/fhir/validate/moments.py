"""The order of two FHIR dates that may be partial."""

from integrations.fhir.interval import IntervalError, interval


def not_after(start: str | None, end: str | None) -> bool:
    """Whether some moment of `start` is not after every moment of `end`; a date that is missing is no contradiction.

    The end of a Period includes any moment that matches it (https://hl7.org/fhir/R4/datatypes.html#Period).
    """
    if start is None or end is None:
        return True
    if len(start) == len(end) and start[19:] == end[19:]:
        return start <= end
    try:
        return interval(start).low < interval(end).high
    except IntervalError:
        return True
