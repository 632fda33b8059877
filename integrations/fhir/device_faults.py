"""What Devices and their DeviceMetrics on record say against the values that they send."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q

from clinic.patients.device import DeviceFault
from integrations.fhir import index
from integrations.fhir.identity import server_id
from integrations.fhir.models import Term
from integrations.readings.door import decode
from integrations.readings.models import Resource
from integrations.readings.received import device_name
from integrations.readings.refusal import Refused

_DEVICE_STATES = frozenset({"inactive", "entered-in-error", "unknown"})
"""Of http://hl7.org/fhir/device-status, all but ``active``."""
_METRIC_STATES = frozenset({"off", "standby", "entered-in-error"})
"""Of http://hl7.org/fhir/metric-operational-status, all but ``on``."""
_NOT_CALIBRATED = "not-calibrated"


def device_faults(devices: Iterable[str]) -> dict[str, list[DeviceFault]]:
    """By source key of a Device or a DeviceMetric: its own faults, and those of a Device's metrics. One query.

    The index of the FHIR door tells which metrics are a device's; the newest version of each is meant.
    """
    wanted = set(devices)
    if not wanted:
        return {}
    of_devices = {
        index.key("DeviceMetric", "source", f"Device/{server_id(key)}"): key for key in wanted if "/Device/" in key
    }
    metrics = Term.objects.filter(key__in=of_devices).values("resource_id")
    rows = Resource.objects.filter(
        Q(source_key__in=wanted) | Q(pk__in=metrics),
        resource_type__in=("Device", "DeviceMetric"),
        is_current=True,
        deleted=False,
    )
    data = {key: _decoded(text) for key, text in rows.order_by("source_key").values_list("source_key", "text")}
    names = {key: device_name(one) for key, one in data.items() if one.get("resourceType") == "Device"}
    found: dict[str, list[DeviceFault]] = defaultdict(list)
    for key, one in data.items():
        device = _device_of(key, one)
        for state in _states(one):
            fault = DeviceFault(names.get(device) or "/".join(device.rsplit("/", 2)[-2:]), state)
            for place in {key, device} & wanted:
                if fault not in found[place]:
                    found[place].append(fault)
    return dict(found)


def _decoded(text: str) -> dict[str, Any]:
    try:
        return decode(text)
    except Refused:
        return {}


def _device_of(key: str, data: dict[str, Any]) -> str:
    """The source key of the Device of a metric; a Device is its own, and so is a metric that names none."""
    source = data.get("source") if data.get("resourceType") == "DeviceMetric" else None
    text = source.get("reference") if isinstance(source, dict) else None
    if not isinstance(text, str):
        return key
    kind, _, identifier = text.split("/_history/")[0].rpartition("/")
    return f"{key.split('/', 1)[0]}/Device/{identifier}" if kind.endswith("Device") else key


def _states(data: dict[str, Any]) -> Iterator[str]:
    if data.get("resourceType") == "Device":
        if data.get("status") in _DEVICE_STATES:
            yield data["status"]
        return
    if data.get("operationalStatus") in _METRIC_STATES:
        yield data["operationalStatus"]
    done = [one for one in data.get("calibration") or () if isinstance(one, dict)]
    last = max(done, key=lambda one: str(one.get("time") or ""), default={})
    if last.get("state") == _NOT_CALIBRATED:
        yield _NOT_CALIBRATED
