"""The operations that a system asks of its subscriptions."""

from integrations.fhir.subscriptions.events_operation import EVENTS
from integrations.fhir.subscriptions.status_operation import STATUS

OFFERED = (STATUS, EVENTS)
