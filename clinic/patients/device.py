"""What is on record of devices that patients' values come from and says that they do not work as they should."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """A device by the name that its source gives it, and the code of its state: ``off``, ``not-calibrated`` …"""

    name: str
    state: str


def faults_of(devices: Iterable[str]) -> dict[str, list[DeviceFault]]:
    """By the source key of each device or metric that has any, in one query; see `settings.DEVICE_FAULTS`."""
    found: dict[str, list[DeviceFault]] = import_string(settings.DEVICE_FAULTS)(devices)
    return found
