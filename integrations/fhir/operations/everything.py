"""``Patient/[id]/$everything``: all that is stored about one patient, a page at a time.

https://hl7.org/fhir/R4/patient-operation-everything.html. What the resources refer to comes along (medications,
devices, practitioners, organisations), and so does the Provenance of each. The audit trail has a search of its own.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

from integrations.fhir.bundle import searchset
from integrations.fhir.include import read_include
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.operations.whose import patient_of
from integrations.fhir.outcome import Refusal
from integrations.fhir.parameters import Moment
from integrations.fhir.query import time_of
from integrations.fhir.registry import TYPES
from integrations.fhir.search import Page, search

_APART = ("AuditEvent", "Subscription", "OperationDefinition", "Binary")
"""Types that are no part of a patient's record."""
_ALONG = (
    ("_include", "MedicationRequest:medication", "Medication"),
    ("_include", "MedicationAdministration:medication", "Medication"),
    ("_include", "MedicationStatement:medication", "Medication"),
    ("_include", "Observation:device", "Device"),
    ("_include", "Encounter:practitioner", "Practitioner"),
    ("_include", "Patient:organization", "Organization"),
    ("_revinclude", "Provenance:target", "Provenance"),
)
_BOUNDS = (("start", "ge"), ("end", "le"))
"""Between which dates the care was, and the prefix that says it."""
_KEPT = ("start", "end", "_since", "_type", "_count")
_TAKEN = (*_KEPT, "_cursor")


def everything(ask: Ask, inputs: Inputs) -> Answer:
    """One page as a searchset.

    Raises
    ------
    Refusal
        404 for a patient who is not there for this caller, 400 for a value that cannot be used.
    """
    inputs.only(_TAKEN)
    during = [
        Moment(prefix, time_of(name, text)) for name, prefix in _BOUNDS if (text := inputs.text(name)) is not None
    ]
    whose = patient_of(ask)
    wanted = _types(inputs)
    pairs = [("_type", ",".join(wanted or [name for name in TYPES if name not in _APART]))]
    since = inputs.text("_since")
    if since is not None:
        pairs.append(("_lastUpdated", f"ge{time_of('_since', since).low.isoformat()}"))
    for name in ("_count", "_cursor"):
        text = inputs.text(name)
        if text is not None:
            pairs.append((name, text))
    pairs += [(name, text) for name, text, brings in _ALONG if _is_known(name, text) and brings in (wanted or [brings])]
    reach = ask.caller.reach("Patient", "r")
    page = search("*", pairs, base=ask.base, reach=reach, compartment=("Patient", whose.served.id), during=during)
    shown = [*page.found, *page.included]
    here = f"{ask.base}Patient/{whose.served.id}/$everything"
    asked = [(one.name, str(one.value)) for one in inputs.given if one.name in _KEPT]
    body = searchset(_at(page, here, asked), ask.base)
    return Answer(200, body, shown=shown or [whose.served], activity="fhir.operation.everything")


def _at(page: Page, here: str, asked: list[tuple[str, str]]) -> Page:
    """The page with the addresses of this operation."""

    def moved(link: str | None) -> str | None:
        if link is None:
            return None
        cursor = [pair for pair in parse_qsl(urlsplit(link).query) if pair[0] == "_cursor"]
        query = urlencode([*asked, *cursor])
        return f"{here}?{query}" if query else here

    return Page(
        page.found, moved(page.self_link) or here, moved(page.next_link), page.total, page.included, page.issues,
        page.shape,
    )  # fmt: skip


def _types(inputs: Inputs) -> list[str]:
    names = [name for one in inputs.many("_type") for name in str(one.value).split(",") if name]
    for name in names:
        if name not in TYPES or name in _APART:
            raise Refusal(
                400, "not-supported", f"_type is {name[:64]!r}, which is no part of a patient's record here; leave it "
                "out", expression="http._type",
            )  # fmt: skip
    return names


def _is_known(name: str, text: str) -> bool:
    """Whether the type of the include has that reference."""
    try:
        read_include(name, text, "*")
    except Refusal:
        return False
    return True


EVERYTHING = Operation(
    name="everything",
    title="Everything about a patient",
    description="All that is stored about the patient, with what it refers to and the Provenance of each.",
    definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
    types=("Patient",),
    of_instance=True,
    slots=(
        Slot("start", "date", "Care from that day on; what has no date of its own comes all the same"),
        Slot("end", "date", "Care until that day"),
        Slot("_since", "instant", "Only what was updated since then"),
        Slot("_type", "code", "Only these types; several or with commas", most="*"),
        Slot("_count", "integer", "Resources of one page"),
        Slot("return", "Bundle", "A page as a searchset", least=1, use="out"),
    ),
    do=everything,
)
