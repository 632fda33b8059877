"""Device: what measures, infuses or models."""

from integrations.fhir.resources.declare import identifier, patient, reference, string, token, uri
from integrations.fhir.resources.stored import US_CORE, StoredType

DEVICE = StoredType(
    "Device",
    (
        patient("patient", "Who uses it"),
        identifier("A serial number or address"),
        string("device-name", "The start of a name", "deviceName.name type.text"),
        string("manufacturer", "The start of the maker's name"),
        string("model", "The start of the model's number", "modelNumber"),
        string("udi-carrier", "The start of its unique device identification", "udiCarrier.carrierHRF"),
        string("udi-di", "The start of its device identifier", "udiCarrier.deviceIdentifier"),
        token("status", "The status"),
        token("type", "The kind of device", indexed=True),
        reference("organization", "Whose it is", "Organization", "owner", indexed=False),
        uri("url", "Where it is reached"),
    ),
    of_nobody=True,
    profiles=(f"{US_CORE}us-core-implantable-device",),
)
