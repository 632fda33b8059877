"""How the values of each patient come, and by which devices: two steps into the index each, however many there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from clinic.patients.device import DeviceFault, faults_of
from clinic.worklist.attention import FORGOTTEN_AFTER, Rhythm
from twins.records.models import GivenDose, RecordState, StoredSample, Subject
from twins.samples.channel import Channel

BY_DEVICE = (
    Channel.HEART_RATE,
    Channel.RESPIRATORY_RATE,
    Channel.OXYGEN_SATURATION,
    Channel.SYSTOLIC_PRESSURE,
    Channel.TEMPERATURE,
    Channel.SENSOR_GLUCOSE,
)
"""What devices send by themselves, so that silence says something."""
_TIMED = tuple(channel for channel in Channel if channel not in (Channel.ALBUMIN, Channel.HAEMATOCRIT))
"""Channels whose last value says how recent a patient's data are, or that a level is due."""
_VALUES = 10
"""So many values tell how far apart they usually are."""


@dataclass(slots=True)
class Comings:
    """Of one patient: how each channel's values come, and what is on record against the devices of the last day."""

    rhythms: dict[Channel, Rhythm] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    faults: tuple[DeviceFault, ...] = ()

    def by_device(self) -> Mapping[Channel, Rhythm]:
        return {channel: self.rhythms[channel] for channel in BY_DEVICE if channel in self.rhythms}


@cache
def _last() -> QuerySet[Subject, dict[str, Any]]:
    """Of all subjects, unasked; made once, since it is of some forty queries.

    The last time of each channel; of those by device also the time of `_VALUES` values ago and the device of the last.
    """

    def taken(channel: Channel, place: int, column: str = "event_time") -> Subquery:
        mine = StoredSample.objects.filter(subject=OuterRef("pk"), channel=channel, state=RecordState.ACTIVE)
        return Subquery(mine.order_by("-event_time").values(column)[place : place + 1])

    given = GivenDose.objects.filter(subject=OuterRef("pk"), state=RecordState.ACTIVE).exclude(device_key="")
    asked = {f"last_{c.value}": taken(c, 0) for c in _TIMED}
    asked |= {f"early_{c.value}": taken(c, _VALUES - 1) for c in BY_DEVICE}
    asked |= {f"device_{c.value}": taken(c, 0, "device_key") for c in BY_DEVICE}
    asked |= {
        name: Subquery(given.order_by("-event_time").values(column)[:1])
        for name, column in (("last_pumped", "event_time"), ("device_pumped", "device_key"))
    }
    return Subject.objects.annotate(**asked).values("pk", *asked)


def comings(keys: Iterable[UUID], now: datetime) -> dict[UUID, Comings]:
    """Of each subject, in two queries.

    Of fewer values than tell how far apart they usually are, each is taken to be days apart. The devices are those of
    the last value of each channel that devices send by themselves, and the pump of the last dose, of the last day.
    """
    found: dict[UUID, Comings] = {}
    for row in _last().filter(pk__in=keys):
        lately = [
            row[f"device_{name}"]
            for name in (*BY_DEVICE, "pumped")
            if (last := row[f"last_{name}"]) is not None and last >= now - FORGOTTEN_AFTER
        ]
        mine = found[row["pk"]] = Comings(devices=tuple(dict.fromkeys(filter(None, lately))))
        for channel in _TIMED:
            last, early = row[f"last_{channel.value}"], row.get(f"early_{channel.value}")
            if last is not None:
                apart = (last - early) / (_VALUES - 1) if early else timedelta(days=1)
                mine.rhythms[channel] = Rhythm(last, apart)
    faults = faults_of({device for one in found.values() for device in one.devices})
    for one in found.values():
        one.faults = tuple(dict.fromkeys(fault for device in one.devices for fault in faults.get(device, ())))
    return found
