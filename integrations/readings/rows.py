"""Samples, doses and orders as rows, collected and written in bulk."""

from datetime import datetime, timedelta

from integrations.codes.drugs import INTO_A_VEIN_UNSAID
from integrations.readings import bulk
from integrations.readings.meaning import Given, Meaning, Measured, Ordered
from integrations.readings.models import Resource
from integrations.readings.settle import TWIN_CHANNELS
from twins.records.models import GivenDose, Order, RecordState, StoredSample, Subject
from twins.samples.course import FindingCode

_CLOCKS_MAY_DIFFER = timedelta(minutes=5)
"""Between the device that measured and the server that wrote it down."""


class Rows:
    """The rows of one batch, all received at `received`."""

    def __init__(self, received: datetime) -> None:
        self._received = received
        self._samples: list[StoredSample] = []
        self._doses: list[GivenDose] = []
        self._orders: list[Order] = []

    def add(self, resource: Resource, meaning: Meaning, subject: Subject, state: RecordState) -> bool:
        """Collect what `meaning` says; True if a twin's course is made of any of it."""
        origin = {
            "subject_id": subject.pk,
            "source_key": resource.source_key,
            "source_version": resource.version,
            "received_time": self._received,
            "state": state,
        }
        for measured in meaning.measured:
            self._samples.append(
                bulk.make(
                    StoredSample,
                    **origin,
                    channel=measured.channel.value,
                    value=measured.value,
                    event_time=measured.time,
                    part=measured.part,
                    device_key=meaning.device_key,
                    quality=_quality(measured, resource.last_updated),
                )
            )
        for given in meaning.given:
            self._doses.append(
                GivenDose(
                    **origin,
                    drug=given.drug,
                    amount_mg=given.amount_mg,
                    duration_h=given.duration_h,
                    event_time=given.time,
                    order_key=given.order_key,
                    device_key=meaning.device_key,
                    route=_route(given),
                )
            )
        for ordered in meaning.ordered:
            self._orders.append(
                Order(
                    **origin,
                    drug=ordered.drug,
                    amount_mg=ordered.amount_mg,
                    interval_h=ordered.interval_h,
                    duration_h=ordered.duration_h,
                    event_time=ordered.time,
                    end_time=ordered.end,
                    part=ordered.part,
                    route=_route(ordered),
                )
            )
        of_course = any(measured.channel in TWIN_CHANNELS for measured in meaning.measured)
        return bool(of_course or meaning.given or meaning.ordered)

    def store(self) -> None:
        """Write all; a row that is there already raises IntegrityError."""
        bulk.store(StoredSample, self._samples)
        bulk.store(GivenDose, self._doses)
        bulk.store(Order, self._orders)


def _quality(measured: Measured, last_updated: datetime) -> list[str]:
    """Flags that only the door can set: by its source's own clock it was written down before it was measured."""
    if measured.channel in TWIN_CHANNELS and measured.time > last_updated + _CLOCKS_MAY_DIFFER:
        return [FindingCode.LEVEL_IN_FUTURE.value]
    return []


def _route(said: Given | Ordered) -> str:
    """As rows hold it: left empty for a drug that goes into a vein or nowhere."""
    return "" if said.drug in INTO_A_VEIN_UNSAID else said.route.value
