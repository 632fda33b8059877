"""Names of the Subscriptions R5 Backport guide, 1.1.0, https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/."""

from enum import StrEnum

GUIDE = "http://hl7.org/fhir/uv/subscriptions-backport/"
_DEFINED = f"{GUIDE}StructureDefinition/"

PROFILE = f"{_DEFINED}backport-subscription"
STATUS_PROFILE = f"{_DEFINED}backport-subscription-status-r4"
TOPIC_DECLARED = f"{_DEFINED}capabilitystatement-subscriptiontopic-canonical"
FILTER = f"{_DEFINED}backport-filter-criteria"
CHANNEL_TYPE = f"{_DEFINED}backport-channel-type"
CONTENT = f"{_DEFINED}backport-payload-content"
HEARTBEAT = f"{_DEFINED}backport-heartbeat-period"
TIMEOUT = f"{_DEFINED}backport-timeout"
MAX_COUNT = f"{_DEFINED}backport-max-count"
STATUS_OPERATION = f"{GUIDE}OperationDefinition/backport-subscription-status"
EVENTS_OPERATION = f"{GUIDE}OperationDefinition/backport-subscription-events"


class Content(StrEnum):
    """How much a notification tells."""

    EMPTY = "empty"
    ID_ONLY = "id-only"
    FULL = "full-resource"


class Kind(StrEnum):
    """What a notification, or the answer of an operation, is."""

    HANDSHAKE = "handshake"
    HEARTBEAT = "heartbeat"
    EVENTS = "event-notification"
    QUERY_STATUS = "query-status"
    QUERY_EVENT = "query-event"
