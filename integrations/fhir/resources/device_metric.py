"""DeviceMetric: one quantity that a device measures, computes or is set to."""

from integrations.fhir.resources.declare import identifier, reference, token
from integrations.fhir.resources.stored import StoredType

DEVICE_METRIC = StoredType(
    "DeviceMetric",
    (
        identifier(),
        token("category", "Measurement, setting, calculation …"),
        token("type", "What it measures", indexed=True),
        reference("source", "The device", "Device"),
        reference("parent", "The device that it is part of", "Device"),
    ),
    of_nobody=True,
)
