"""``Subscription/[id]/$events``: events that were told, or were to be, for one who missed some."""

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.found import absent
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.outcome import Refusal
from integrations.fhir.subscriptions.backport import EVENTS_OPERATION, Content, Kind
from integrations.fhir.subscriptions.models import Event
from integrations.fhir.subscriptions.notify import notification
from integrations.fhir.subscriptions.owned import mine, named

MOST = 200
"""Events of one answer; the next are asked for from the last number on."""
_LONGEST_NUMBER = 18


def events(ask: Ask, inputs: Inputs) -> Answer:
    """A notification Bundle with the events from one number to another, both included.

    What is told is what the token that asks may read now. At most `MOST` come at once; the numbers say where to go on.

    Raises
    ------
    Refusal
        400 for a number or content that is none, 403, 404 for a subscription that is not there for this caller.
    """
    inputs.only(("eventsSinceNumber", "eventsUntilNumber", "content"))
    ask.caller.reach("Subscription", "r")
    subscriber = mine(ask.caller).filter(identifier__in=named([ask.identifier])).first()
    if subscriber is None:
        raise absent(ask)
    rows = Event.objects.filter(subscriber=subscriber, number__isnull=False)
    for name, field in (("eventsSinceNumber", "number__gte"), ("eventsUntilNumber", "number__lte")):
        number = _number(inputs, name)
        if number is not None:
            rows = rows.filter(**{field: number})
    content = inputs.text("content")
    if content is not None and content not in tuple(Content):
        raise Refusal(
            400, "value", f"content is {content[:40]!r}; give {', '.join(Content)}", expression="http.content"
        )
    # A subscription that asked for less than the whole is given no more than it asked for.
    allowed = list(Content).index(Content(subscriber.content))
    told = list(Content)[min(allowed, list(Content).index(Content(content)))] if content else subscriber.content
    found = list(rows.order_by("number")[:MOST])
    made = notification(subscriber, Kind.QUERY_EVENT, found, caller=ask.caller, content=told)
    detail = {"events": [event.number for event in found], "about": sorted(made.subjects)}
    return Answer(200, made.body, shown=made.shown, activity="fhir.operation.events", detail=detail)


def _number(inputs: Inputs, name: str) -> int | None:
    text = inputs.text(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise Refusal(400, "value", f"{name} is {text[:40]!r}; give the number of an event", expression=f"http.{name}")
    return int(text)


EVENTS = Operation(
    name="events",
    title="Subscription events",
    description="Events of a subscription by their numbers, for one who was not reached for some.",
    slots=(
        Slot("eventsSinceNumber", "string", "The first event, included"),
        Slot("eventsUntilNumber", "string", "The last event, included"),
        Slot("content", "code", "empty, id-only or full-resource; not more than the subscription asked for"),
        Slot("return", "Bundle", "A notification of type query-event", least=1, use="out"),
    ),
    do=events,
    definition=EVENTS_OPERATION,
    types=("Subscription",),
    of_instance=True,
)
