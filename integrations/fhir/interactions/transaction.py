"""A transaction: all entries or none, in the order that FHIR gives them, linked to each other."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from integrations.fhir.interactions.ask import Answer, Ask, marks
from integrations.fhir.interactions.bundled import response_of
from integrations.fhir.interactions.checked import Checked, checked, names_this_address, own_id
from integrations.fhir.interactions.conditional import check_version, criteria_of, one
from integrations.fhir.interactions.create import new_id
from integrations.fhir.interactions.delete import delete
from integrations.fhir.interactions.drafts import Draft, lock, write
from integrations.fhir.interactions.entries import Step, entry_of
from integrations.fhir.interactions.linked import Linker
from integrations.fhir.interactions.own_way import check_no_own_way
from integrations.fhir.interactions.patch import patch
from integrations.fhir.interactions.permitted import permitted
from integrations.fhir.interactions.returned import returned
from integrations.fhir.interactions.update import by_query, check_standing, current_of, newest_of, says_the_same
from integrations.fhir.outcome import Refusal
from integrations.fhir.resources.served import Served
from integrations.readings.collector import seldom_collected
from integrations.readings.ours import DOOR

Answering = Callable[[Ask], Answer]
ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""How R4 processes a transaction, https://hl7.org/fhir/R4/http.html#trules."""


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a POST or PUT comes to: the id it gets, or the resource that was there and stays as it is."""

    step: Step
    identifier: str
    known: Served | None = None
    repeated: bool = False
    """An earlier entry makes it, under the same condition."""


@seldom_collected()
def transaction(ask: Ask, steps: list[Step], get: Answering) -> Answer:
    """Do all steps; call it in a database transaction, which a refusal rolls back.

    Parameters
    ----------
    get
        Answers an entry that reads.

    Raises
    ------
    Refusal
        That of the first entry that cannot be done, with its place.
    """
    for step in _of(steps, "DELETE", "POST", "PUT", "PATCH"):
        try:
            check_no_own_way(step.ask)
        except Refusal as refusal:
            raise at(refusal, step) from refusal
    lock()
    answers: dict[int, Answer] = {}
    for step in _of(steps, "DELETE"):
        answers[step.position] = _at(step, delete)
    meant = _meant(steps)
    names = _names(meant, ask.base)
    answers |= _written(ask, meant, Linker(ask, names))
    for step in _of(steps, "PATCH"):
        answers[step.position] = _at(step, patch)
    for step in _of(steps, "GET", "HEAD"):
        answers[step.position] = _at(step, get)
    entries = [entry_of(step, answers[step.position]) for step in steps]
    every = list(answers.values())
    return Answer(
        200,
        response_of("transaction-response", entries),
        shown=[served for answer in every for served in answer.shown],
        written=[served for answer in every for served in answer.written],
        about=[subject for answer in every for subject in answer.about],
        activity="fhir.transaction",
    )


def _of(steps: list[Step], *methods: str) -> list[Step]:
    return [step for step in steps if step.ask.method in methods]


def _at(step: Step, do: Answering) -> Answer:
    """Do one step; a refusal says at which entry."""
    try:
        return do(step.ask)
    except Refusal as refusal:
        raise at(refusal, step) from refusal


def at(refusal: Refusal, step: Step) -> Refusal:
    """The refusal with the place of the entry before its words."""
    refusal.sentence = f"{step.where}: {refusal.sentence}"
    refusal.expression = step.where if not refusal.expression.startswith("Bundle.") else refusal.expression
    return refusal


def _meant(steps: list[Step]) -> list[_Meant]:
    """The id of each resource to be written, in the order in which they are; the same condition twice means one."""
    meant: list[_Meant] = []
    by_condition: dict[tuple[str, str], str] = {}
    taken: dict[tuple[str, str], Step] = {}
    for step in sorted(_of(steps, "POST", "PUT"), key=lambda step: ORDER.index(step.ask.method)):
        try:
            found = _meant_by(step, by_condition)
        except Refusal as refusal:
            raise at(refusal, step) from refusal
        name = (step.ask.resource_type, found.identifier)
        if found.known is None and not found.repeated:
            if name in taken:
                raise Refusal(
                    400, "duplicate", f"{step.where} and {taken[name].where} write {'/'.join(name)}; write it once",
                    expression=step.where,
                )  # fmt: skip
            taken[name] = step
        meant.append(found)
    return meant


def _meant_by(step: Step, by_condition: dict[tuple[str, str], str]) -> _Meant:
    ask = step.ask
    permitted(ask, "create" if ask.method == "POST" else "update")
    if ask.method == "PUT":
        identifier = ask.identifier or by_query(ask, checked(ask.body, ask.resource_type))
        return _Meant(step, own_id(identifier))
    condition = ask.headers.get("if-none-exist", "") or urlencode(ask.query)
    if not condition:
        return _Meant(step, new_id())
    known = one(ask, criteria_of(condition, ask.resource_type))
    if known is not None:
        return _Meant(step, known.id, known)
    repeated = (ask.resource_type, condition) in by_condition
    return _Meant(step, by_condition.setdefault((ask.resource_type, condition), new_id()), repeated=repeated)


def _names(meant: list[_Meant], base: str) -> dict[str, str]:
    """fullUrl to ``Type/id`` of everything that has an id by now."""
    names = {}
    for found in meant:
        if found.step.full_url and not found.step.full_url.startswith(base):
            names[found.step.full_url] = f"{found.step.ask.resource_type}/{found.identifier}"
    return names


def _written(ask: Ask, meant: list[_Meant], linker: Linker) -> dict[int, Answer]:
    """Check, link and write everything in one go; answers by position."""
    drafts: dict[str, Draft] = {}
    statuses: dict[int, int] = {}
    answers: dict[int, Answer] = {}
    for found in meant:
        step = found.step
        known = found.known
        if known is None and not found.repeated:
            text = linker.linked(step.ask.body.decode("utf-8", "replace"), f"{step.where}.resource")
            body = _checked(text, step)
            if step.ask.method == "PUT":
                known, statuses[step.position] = _standing(found, body)
            if known is None:
                draft = Draft(
                    step.ask.resource_type, found.identifier, body.text, body.status, step.ask.method, step.position
                )
                drafts[draft.key] = draft
        if known is not None:
            headers = marks(known, ask.base, location=True)
            answers[step.position] = Answer(200, returned(step.ask, known), headers, [known])
    made = dict(zip(drafts, write(list(drafts.values()), ask), strict=True)) if drafts else {}
    for found in meant:
        step = found.step
        if step.position in answers:
            continue
        served = made[f"{DOOR}/{step.ask.resource_type}/{found.identifier}"]
        status = 200 if found.repeated else statuses.get(step.position, 201)
        headers = marks(served, ask.base, location=True)
        answers[step.position] = Answer(
            status, returned(step.ask, served), headers, written=[] if found.repeated else [served]
        )
    return answers


def _checked(text: str, step: Step) -> Checked:
    try:
        return checked(text.encode(), step.ask.resource_type)
    except Refusal as refusal:
        refusal.expression = _within(step, refusal.expression)
        refusal.further = [(code, said, _within(step, place)) for code, said, place in refusal.further]
        raise at(refusal, step) from refusal


def _within(step: Step, expression: str) -> str:
    """The place in the Bundle of a place in its resource."""
    return f"{step.where}.resource.{expression.partition('.')[2]}".rstrip(".")


def _standing(found: _Meant, body: Checked) -> tuple[Served | None, int]:
    """Check a PUT against what is there: the resource, if it says the same; else None, and 200 or 201."""
    ask = found.step.ask
    try:
        if ask.identifier:
            names_this_address(body.data, found.identifier)
        newest = newest_of(ask.resource_type, found.identifier)
        there = newest is not None and not newest.deleted
        check_standing(ask, newest)
        check_version(ask, newest.version if newest is not None and there else None)
        if newest is not None and there and says_the_same(newest, body):
            return current_of(ask, found.identifier).served, 200
    except Refusal as refusal:
        raise at(refusal, found.step) from refusal
    return None, 200 if there else 201
