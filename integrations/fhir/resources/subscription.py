"""Subscription: who is told of what; each caller sees its own. `integrations.fhir.subscriptions` does the telling."""

from integrations.fhir.resources.declare import string, token, uri
from integrations.fhir.resources.stored import StoredType
from integrations.fhir.subscriptions.backport import PROFILE, TOPIC_DECLARED
from integrations.fhir.subscriptions.owned import own
from integrations.fhir.subscriptions.topics import TOPICS

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
    writes=("create", "update", "delete"),
    of_nobody=True,
    profiles=(PROFILE,),
    own=own,
    extensions=tuple({"url": TOPIC_DECLARED, "valueCanonical": canonical} for canonical in TOPICS),
)
