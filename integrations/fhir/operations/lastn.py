"""``Observation/$lastn``: the newest Observations of each code of a patient.

https://hl7.org/fhir/R4/observation-operation-lastn.html. An Observation belongs to the group of its first coding.
"""

from itertools import islice

from integrations.fhir.ask import EVERYWHERE
from integrations.fhir.bundle import searchset
from integrations.fhir.elements import Token
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.narrow import in_force, patients_named
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.outcome import Refusal, bad_value, too_costly
from integrations.fhir.parameters import Criterion, Parameter
from integrations.fhir.query import read
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Budget, Order, Served
from integrations.fhir.search import MOST_LOOKED_AT, Page, kept_in_audit
from integrations.readings.models import Resource

_MOST = 100
_MOST_SHOWN = 2000


def lastn(ask: Ask, inputs: Inputs) -> Answer:
    """A searchset, group by group, the newest first in each.

    Raises
    ------
    Refusal
        400 without a patient, for a parameter that Observation does not have, or for more than one answer can hold.
    """
    most = _most(inputs.text("max"))
    reach = ask.caller.reach("Observation", "s")
    served = TYPES["Observation"]
    known = {one.name: one for one in (*EVERYWHERE, *served.parameters)}
    pairs = [(one.name, str(one.value)) for one in inputs.given if one.name not in ("max", "_format", "_pretty")]
    criteria = tuple(_criterion(known, name, text, ask.base) for name, text in pairs)
    people = next((one for one in criteria if one.parameter.name in ("patient", "subject") and not one.modifier), None)
    if people is None:
        raise Refusal(
            400, "required", "patient is missing; say whose Observations are wanted", expression="http.patient"
        )
    found: dict[tuple[str, str], Served] = {}
    budget = Budget(MOST_LOOKED_AT)
    for system, code in _codes(people, criteria):
        group = Criterion(known["code"], "", (Token(system, code),))
        walk = served.walk(
            (group, *criteria), order=Order("date", descending=True), reach=reach, first=most, budget=budget
        )
        for one in islice(walk, most):
            found.setdefault((one.resource_type, one.id), one)
        if budget.stopped_at is not None or len(found) > _MOST_SHOWN:
            raise too_costly("the groups hold too many Observations", _MOST_SHOWN)
    shown = tuple(found.values())
    page = Page(shown, f"{ask.base}Observation/$lastn", total=len(shown))
    return Answer(
        200, searchset(page, ask.base), shown=list(shown), activity="fhir.operation.lastn",
        detail={"query": kept_in_audit(served, pairs), "max": most},
    )  # fmt: skip


def _codes(people: Criterion, criteria: tuple[Criterion, ...]) -> list[tuple[str, str]]:
    """System and code of each group that the patients have and that was asked for."""
    subjects = patients_named(people).values("subject_id")
    rows = in_force(Resource.objects.filter(subject__in=subjects, resource_type="Observation").exclude(code=""))
    codes = sorted(set(rows.order_by().values_list("code", flat=True).distinct()))
    groups = [(system, code) for system, _, code in (text.rpartition("|") for text in codes)]
    asked = [one.alternatives for one in criteria if one.parameter.name == "code" and not one.modifier]

    def is_asked(system: str, code: str) -> bool:
        return all(
            any(token.system in (None, system) and token.code in (None, code) for token in tokens) for tokens in asked
        )

    return [(system, code) for system, code in groups if is_asked(system, code)]


def _criterion(known: dict[str, Parameter], name: str, text: str, base: str) -> Criterion:
    plain, _, modifier = name.partition(":")
    if plain not in known:
        raise Refusal(
            400, "not-supported", f"{name[:60]!r} is no parameter of $lastn; it takes max and those of a search of "
            "Observation", expression=f"http.{plain[:60]}",
        )  # fmt: skip
    return read(known[plain], modifier, text, base)


def _most(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _MOST):
        raise bad_value("max", text, f"give a whole number from 1 to {_MOST}")
    return int(text)


LASTN = Operation(
    name="lastn",
    title="The last Observations of each code",
    description="The newest Observations of a patient, so many of each code; any search parameter narrows them.",
    definition="http://hl7.org/fhir/OperationDefinition/Observation-lastn",
    types=("Observation",),
    of_type=True,
    slots=(
        Slot("max", "positiveInt", f"How many of each code: 1 unless said otherwise, {_MOST} at most"),
        Slot("patient", "string", "Whose: an id or Patient/id", least=1),
        Slot("category", "string", "Only of this category"),
        Slot("code", "string", "Only these codes"),
        Slot("return", "Bundle", "The Observations, group by group", least=1, use="out"),
    ),
    do=lastn,
)
