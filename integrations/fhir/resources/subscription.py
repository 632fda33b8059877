"""Subscription: who is told of what."""

from integrations.fhir.resources.declare import string, token, uri
from integrations.fhir.resources.stored import StoredType

SUBSCRIPTION = StoredType(
    "Subscription",
    (
        token("status", "The status"),
        token("type", "The channel", "channel.type"),
        token("payload", "The format of what is sent", "channel.payload"),
        token("contact", "Whom to ask about it"),
        string("criteria", "The start of its criteria or topic"),
        uri("url", "Where it is sent", "channel.endpoint"),
    ),
)
