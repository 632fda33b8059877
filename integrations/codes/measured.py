"""The channel that a code means, of whichever code system."""

from integrations.codes import loinc, mdc
from twins.samples.channel import Channel

NOTHING_MEASURED = frozenset((mdc.SYSTEM, clock) for clock in mdc.DEVICE_CLOCKS)
"""Codes of Observations that are kept and tell nothing of the patient."""


def channel_of(system: str, code: str) -> Channel | None:
    """The channel of a coding; None where none is mapped to it."""
    if system == loinc.SYSTEM and code in loinc.MEASUREMENTS:
        return loinc.MEASUREMENTS[code].channel
    if system == mdc.SYSTEM and code in mdc.TERMS:
        return mdc.TERMS[code].channel
    return None
