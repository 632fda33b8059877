"""The software as a Device: one for each version of the code that computes, published when it first computed."""

from integrations.fhir.publish.keep import Made, keep_once
from integrations.fhir.publish.naming import concept, here

_TYPE = "urn:patient-twin:device-type"
_NAME = "Patient Twin"


def device_id(code_version: str) -> str:
    """``patient-twin-0.3.0-3f2a…``: a plus sign has no place in an id."""
    return "patient-twin-" + "".join(sign if sign.isalnum() or sign in "-." else "-" for sign in code_version)[:45]


def publish_device(code_version: str) -> str:
    """The reference to the Device of that code, which is published unless it is there."""
    made = Made(device_id(code_version), "1", _device(code_version), None)
    keep_once(made, origin=f"code {code_version}")
    return here("Device", made.identifier)


def _device(code_version: str) -> dict[str, object]:
    return {
        "resourceType": "Device",
        "identifier": [{"system": "urn:patient-twin:code", "value": code_version}],
        "status": "active",
        "deviceName": [{"name": _NAME, "type": "model-name"}],
        "type": concept(_TYPE, "software", "Software that computes patients' twins"),
        "version": [{"value": code_version}],
    }
