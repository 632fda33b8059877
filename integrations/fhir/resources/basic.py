"""Basic: the topics of subscriptions, as R4 tells what R5 has a type for.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html: elements of R5's SubscriptionTopic are extensions
of a Basic whose code names that type, by https://hl7.org/fhir/uv/xver-r5.r4.
"""

from collections.abc import Iterator
from typing import Any

from integrations.fhir.resources.declare import OURS, defined, token, uri
from integrations.fhir.resources.fixed import Fixed
from integrations.fhir.subscriptions.topics import TOPICS, Topic

ELEMENT = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
"""Before the name of an element of SubscriptionTopic."""
_TYPES = "http://hl7.org/fhir/fhir-types"
_DEFINED = "http://hl7.org/fhir/StructureDefinition/"


def _addresses(resource: dict[str, Any]) -> Iterator[str]:
    return (one["valueUri"] for one in resource["extension"] if one["url"] == f"{ELEMENT}url")


class BasicType(Fixed):
    """One for each topic; its id is the topic's name."""

    name = "Basic"
    parameters = tuple(
        defined("Basic", parameter)
        for parameter in (
            token("code", "Which type of a later release it stands for"),
            uri("url", "The canonical address of the topic", _addresses, definition=OURS),
        )
    )

    def contents(self) -> dict[str, dict[str, Any]]:
        return {topic.name: _content(topic) for topic in TOPICS.values()}


def _content(topic: Topic) -> dict[str, Any]:
    trigger = _parts("eventTrigger", description=topic.description, resource=f"{_DEFINED}{topic.resource_type}")
    trigger["extension"].append({"url": "event", "valueCodeableConcept": {"text": topic.title}})
    return {
        "extension": [
            {"url": f"{ELEMENT}url", "valueUri": topic.canonical},
            {"url": f"{ELEMENT}version", "valueString": "1"},
            {"url": f"{ELEMENT}title", "valueString": topic.title},
            {"url": f"{ELEMENT}description", "valueMarkdown": topic.description},
            trigger,
            *(
                _parts("canFilterBy", resource=f"{_DEFINED}{topic.resource_type}", filterParameter=name)
                for name in topic.filters
            ),
            _parts("notificationShape", resource=f"{_DEFINED}{topic.resource_type}"),
        ],
        "modifierExtension": [{"url": f"{ELEMENT}status", "valueCode": "active"}],
        "code": {"coding": [{"system": _TYPES, "code": "SubscriptionTopic"}]},
    }


def _parts(element: str, **values: str) -> dict[str, Any]:
    kinds = {"description": "valueMarkdown", "resource": "valueUri", "filterParameter": "valueString"}
    return {
        "url": f"{ELEMENT}{element}",
        "extension": [{"url": name, kinds[name]: value} for name, value in values.items()],
    }


BASIC = BasicType()
