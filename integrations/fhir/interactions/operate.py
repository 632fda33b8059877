"""Operations: which one is asked for, what it is given, and its answer."""

from collections.abc import Iterable

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation
from integrations.fhir.outcome import Refusal
from integrations.fhir.registry import operation_at


def nowhere() -> Refusal:
    return Refusal(404, "not-found", "Nothing is served at this address; [base]/metadata says what is.")


def asked_operation(name: str, ask: Ask) -> Operation:
    """The operation that is asked for.

    Raises
    ------
    Refusal
        404 where there is none of that name there, 405 where it changes something and is asked for by GET.
    """
    operation = operation_at(name, ask.resource_type, ask.identifier)
    if operation is None:
        raise nowhere()
    if operation.affects_state and ask.method != "POST":
        raise Refusal(405, "not-supported", f"${name} changes something; ask for it by POST.", Allow="POST")
    return operation


def inputs_of(pairs: Iterable[tuple[str, str]], body: bytes) -> Inputs:
    """What the address gives and what the body gives."""
    return Inputs(Inputs.of_pairs(pairs).given + Inputs.of_body(body).given)


def operate(ask: Ask) -> Answer:
    """The operation that an entry of a batch asks for.

    Raises
    ------
    Refusal
        As `asked_operation`, 400 for one whose result is fetched later, and whatever the operation refuses.
    """
    operation = asked_operation(ask.called.removeprefix("$"), ask)
    if operation.starts_work:
        raise Refusal(400, "not-supported", f"{ask.called} begins work that is fetched later; ask for it by itself")
    return operation.do(ask, inputs_of(ask.query, ask.body if ask.method == "POST" else b""))
