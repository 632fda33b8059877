"""What the beta-lactams share: the target of treatment in intensive care and its sources."""

from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import Sentence

_NAME = Sentence("unbound concentration above {mic:g} mg/L all the time")
SOURCE = (
    "100 % of the time above the MIC, as most centres that measure beta-lactams aim at: How do we use therapeutic drug "
    "monitoring to improve outcomes from severe infections in critically ill patients? BMC Infect Dis 2014;14:288, "
    "table 2, doi 10.1186/1471-2334-14-288; Pai Mangalore R et al., J Antimicrob Chemother 2023;78:2395-2405, "
    "doi 10.1093/jac/dkad223"
)


def above(mic_mg_per_l: float, unbound: float, breakpoint_source: str) -> Target:
    """The unbound concentration above the MIC throughout, of a strain at its breakpoint."""
    return Target(
        name=_NAME(mic=mic_mg_per_l),
        low=1.0,
        high=float("inf"),
        source=f"{SOURCE}. MIC: {breakpoint_source}.",
        metric=Metric.TIME_ABOVE,
        unit="1",
        threshold=mic_mg_per_l,
        unbound=unbound,
    )
