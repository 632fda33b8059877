"""``GET /cds-services``: what there is to call."""

from typing import Any

from integrations.cds_hooks.offered import SERVICES, prefetch


def discovered() -> dict[str, Any]:
    """Every service, as CDS Hooks has it listed."""
    templates = prefetch()
    return {
        "services": [
            {
                "hook": service.hook,
                "title": service.title,
                "description": service.description,
                "id": service.id,
                "prefetch": templates,
                "usageRequirements": "Patients whose data this product receives are answered from their twin, others "
                "from the prefetched data if these suffice; the FHIR server is never called back.",
            }
            for service in SERVICES.values()
        ]
    }
