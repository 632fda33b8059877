"""The profiles of continuous glucose monitoring, for Observations that name them.

Read in the guide's source, https://github.com/HL7/cgm (input/fsh/profiles.fsh), and in the examples that were published
with 1.0.0, https://hl7.org/fhir/uv/cgm: sensor readings, and the summary with what it is made of. Codes and units are
patterns there, so that the text of the unit is part of them: ``mg/dl`` beside the code ``mg/dL``. The ballot had a
code of its own for the summary; 1.0.0 has LOINC 107931-8.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from integrations.fhir.validate.fault import Severity, shown
from integrations.fhir.validate.rule import Json, coded
from integrations.fhir.validate.units import SYSTEM

GUIDE = "http://hl7.org/fhir/uv/cgm/StructureDefinition/"
LOINC = "http://loinc.org"

Unit = tuple[str, str]
"""UCUM code and the text beside it."""
Complaint = tuple[str, str, str, Severity]
_MASS, _MOLES, _PERCENT, _DAYS = ("mg/dL", "mg/dl"), ("mmol/L", "mmol/l"), ("%", "%"), ("d", "days")


@dataclass(frozen=True, slots=True)
class Profile:
    """LOINC code; the unit of its value, if it has one; codes of its components; over a period or at a moment; how many
    members it has at least."""

    code: str
    unit: Unit | None = None
    components: tuple[str, ...] = ()
    over_a_period: bool = True
    members: int = 0


PROFILES: dict[str, Profile] = {
    f"{GUIDE}cgm-sensor-reading-mass-per-volume": Profile("99504-3", _MASS, over_a_period=False),
    f"{GUIDE}cgm-sensor-reading-moles-per-volume": Profile("105272-9", _MOLES, over_a_period=False),
    f"{GUIDE}cgm-summary": Profile("107931-8", members=6),
    f"{GUIDE}cgm-summary-mean-glucose-mass-per-volume": Profile("97507-8", _MASS),
    f"{GUIDE}cgm-summary-mean-glucose-moles-per-volume": Profile("105273-7", _MOLES),
    f"{GUIDE}cgm-summary-times-in-ranges": Profile(
        "106793-3", components=("104642-4", "104641-6", "97510-2", "104640-8", "104639-0")
    ),
    f"{GUIDE}cgm-summary-gmi": Profile("97506-0", _PERCENT),
    f"{GUIDE}cgm-summary-coefficient-of-variation": Profile("104638-2", _PERCENT),
    f"{GUIDE}cgm-summary-days-of-wear": Profile("104636-6", _DAYS),
    f"{GUIDE}cgm-summary-sensor-active-percentage": Profile("104637-4", _PERCENT),
}


def complaints(observation: Json) -> Iterator[Complaint]:
    """What the profiles of the guide that an Observation names miss in it."""
    named = (url.partition("|")[0] for url in observation.get("meta", {}).get("profile", ()) if url)
    for url in dict.fromkeys(named):
        profile = PROFILES.get(url)
        if profile is not None:
            for element, code, sentence in _of(profile, observation):
                yield element, code, f"{sentence} (profile {url.rsplit('/', 1)[1]})", "error"


def _of(profile: Profile, observation: Json) -> Iterator[tuple[str, str, str]]:
    if "subject" not in observation:
        yield "subject", "required", "is missing; send a reference to a Patient"
    if not coded(observation.get("code"), LOINC, profile.code):
        yield "code", "value", f"has no coding {LOINC}|{profile.code}; add it"
    if profile.over_a_period:
        period = observation.get("effectivePeriod", {})
        for name in ("start", "end"):
            if name not in period:
                yield "effectivePeriod", "required", f"has no {name}; send the reporting period"
    elif "effectiveDateTime" not in observation:
        yield "effectiveDateTime", "required", "is missing; send when the sensor measured"
    if profile.unit is not None:
        yield from _measured(observation, profile.unit, "")
    for code in profile.components:
        found = [part for part in observation.get("component", ()) if coded(part.get("code"), LOINC, code)]
        if len(found) != 1:
            yield "component", "required", f"has {LOINC}|{code} {len(found)} times; send it once"
        for part in found:
            yield from _measured(part, _PERCENT, "component.")
    if len(observation.get("hasMember", ())) < profile.members:
        yield "hasMember", "required", f"has less than {profile.members} members; send each observation of the summary"


def _measured(element: Json, unit: Unit, place: str) -> Iterator[tuple[str, str, str]]:
    quantity = element.get("valueQuantity")
    if quantity is None:
        yield f"{place}value[x]", "required", f"must be a Quantity in {unit[0]}; send valueQuantity"
        return
    for name, wanted in (("system", SYSTEM), ("code", unit[0]), ("unit", unit[1])):
        if quantity.get(name) != wanted:
            found = shown(quantity.get(name))
            yield f"{place}valueQuantity.{name}", "value", f"is {found}; send {wanted}"
