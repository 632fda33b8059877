"""``Subscription/[id]/$status`` and ``Subscription/$status``: how subscriptions stand."""

import msgspec

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.bundled import bundle_of
from integrations.fhir.interactions.found import absent
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.outcome import Refusal
from integrations.fhir.subscriptions.backport import STATUS_OPERATION, Kind
from integrations.fhir.subscriptions.models import State
from integrations.fhir.subscriptions.notify import status_of
from integrations.fhir.subscriptions.owned import mine, named

MOST = 200


def status(ask: Ask, inputs: Inputs) -> Answer:
    """A searchset of the Parameters of each; of those that are the caller's.

    Raises
    ------
    Refusal
        400 for a status that is none, 403, 404 for one that is not there for this caller.
    """
    inputs.only(("id", "status"))
    ask.caller.reach("Subscription", "r")
    wanted = [str(one.value).removeprefix("Subscription/") for one in inputs.many("id")]
    states = [str(one.value) for one in inputs.many("status")]
    for state in states:
        if state not in State.values:
            raise Refusal(
                400, "value", f"status is {state[:40]!r}; give {', '.join(State.values)}", expression="http.status"
            )
    found = mine(ask.caller).order_by("pk")
    if ask.identifier:
        found = found.filter(identifier__in=named([ask.identifier]))
        if not found.exists():
            raise absent(ask)
    if wanted:
        found = found.filter(identifier__in=named(wanted[:MOST]))
    if states:
        found = found.filter(state__in=states)
    shown = list(found[: MOST + 1])
    if len(shown) > MOST:
        raise Refusal(400, "too-costly", f"there are more than {MOST}; name those that are meant by id")
    entries = []
    for subscriber in shown:
        parameters = status_of(subscriber, Kind.QUERY_STATUS)
        entries.append(
            {
                "fullUrl": f"urn:uuid:{parameters['id']}",
                "resource": msgspec.Raw(msgspec.json.encode(parameters)),
                "search": {"mode": "match"},
            }
        )
    here = f"{ask.base}Subscription/{ask.identifier + '/' if ask.identifier else ''}$status"
    body = bundle_of("searchset", entries, links=[{"relation": "self", "url": here}], total=len(entries))
    return Answer(200, body, activity="fhir.operation.status")


STATUS = Operation(
    name="status",
    title="Subscription status",
    description="How subscriptions stand: their status, their topic, and how many events there were.",
    slots=(
        Slot("id", "id", "Ids of subscriptions; all of the caller's where none is given", most="*"),
        Slot("status", "code", "Only those in one of these states", most="*"),
        Slot("return", "Bundle", "A searchset of Parameters", least=1, use="out"),
    ),
    do=status,
    definition=STATUS_OPERATION,
    types=("Subscription",),
    of_type=True,
    of_instance=True,
)
