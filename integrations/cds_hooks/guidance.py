"""What was advised, published: a GuidanceResponse for each card that a known patient's twin answered with.

It names the call, the card, the service and the twin's plan that was judged, by their keys; the card's words are not in
it, as they can be computed again. A client that was advised finds it at the FHIR door, and feedback refers to the card.
"""

from datetime import datetime

from clinic.patients.models import Patient
from integrations.cds_hooks.call import Call
from integrations.cds_hooks.cards import TOPIC_SYSTEM, Card
from integrations.fhir.identity import server_id
from integrations.fhir.publish.forecasts import forecast_id, instant
from integrations.fhir.publish.keep import Made
from integrations.fhir.publish.naming import TWIN_VERSION, concept, drug_concept, here
from integrations.fhir.publish.software import publish_device
from twins.records.models import Comparison, TwinVersion

SERVICE = "urn:patient-twin:cds-service:"
_URIS = "urn:ietf:rfc:3986"


def guidance(
    call: Call,
    patient: Patient,
    card: Card,
    *,
    version: TwinVersion,
    comparison: Comparison | None,
    position: int,
    succeeded: bool,
    now: datetime,
) -> Made:
    """The GuidanceResponse of one card.

    Parameters
    ----------
    comparison, position
        Where the judged plan is among the plans that are kept, if they are kept already.
    succeeded
        Whether a forecast was given; a card that says why there is none is a failure.
    """
    device = publish_device(version.code_version)
    content = {
        "resourceType": "GuidanceResponse",
        "requestIdentifier": {"system": _URIS, "value": f"urn:uuid:{call.hook_instance}"},
        "identifier": [
            {"system": _URIS, "value": f"urn:uuid:{card.uuid}"},
            {"system": TWIN_VERSION, "value": str(version.pk)},
        ],
        "moduleUri": f"{SERVICE}{call.service.id}",
        "status": "success" if succeeded else "failure",
        "subject": {"reference": f"Patient/{server_id(patient.source_key)}"},
        "occurrenceDateTime": instant(now),
        "performer": {"reference": device},
        "reasonCode": [
            concept(TOPIC_SYSTEM, card.kind, card.kind.replace("-", " ").capitalize()),
            drug_concept(card.drug),
        ],
    }
    if comparison is not None:
        content["result"] = {"reference": here("CarePlan", forecast_id(comparison, position))}
    return Made(str(card.uuid), "1", content, patient.pk, now)
