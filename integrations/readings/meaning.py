"""What a resource says, in the product's words, before anything of it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twins.quantities.dose import Route
from twins.samples.channel import Channel


@dataclass(frozen=True, slots=True)
class Measured:
    """A value of a channel in its unit at a time; `part` tells the values of one resource apart."""

    channel: Channel
    value: float
    time: datetime
    part: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A dose in mg from `time` over `duration_h` hours; None where its end is not known."""

    drug: str
    amount_mg: float
    time: datetime
    duration_h: float | None
    order_key: str = ""
    route: Route = Route.INTRAVENOUS


@dataclass(frozen=True, slots=True)
class Ordered:
    """A prescription: `amount_mg` over `duration_h` every `interval_h` from `time`, until `end` if it was ended."""

    drug: str
    amount_mg: float
    interval_h: float
    duration_h: float
    time: datetime
    end: datetime | None = None
    part: str = ""
    route: Route = Route.INTRAVENOUS


@dataclass(frozen=True, slots=True)
class Meaning:
    """All that one version of one resource says.

    `withdrawn` is set where it says that the record should never have been, or came to nothing: none of its versions
    counts.
    """

    code: str = ""
    event_time: datetime | None = None
    withdrawn: bool = False
    measured: Sequence[Measured] = ()
    given: Sequence[Given] = ()
    ordered: Sequence[Ordered] = ()
    device_key: str = ""
    skipped_points: int = 0
    """Numbers of a SampledData that it marks as error, below or above range."""
