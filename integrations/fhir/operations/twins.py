"""Which twin of a patient an operation asks, and how far ahead."""

from datetime import datetime
from typing import Any

from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.plans import moment_of
from integrations.fhir.operations.whose import Whose
from integrations.fhir.outcome import Refusal, bad_value
from integrations.readings.quantity import in_unit
from integrations.readings.refusal import Refused
from twins.pharmacology.formulary import UnknownModelError
from twins.records.followed import followed, followed_at
from twins.records.models import TwinVersion
from twins.records.standing import Standing, standing, version_at
from twins.solvers.system import Equations

LEAST_H, MOST_H = 24.0, 240.0
DEFAULT_H = 72.0
MOST_POINTS = 2000


def drugs_of(inputs: Inputs, whose: Whose, every: dict[str, tuple[str, ...]]) -> list[str]:
    """The drug that was asked about, or all that the patient has twins for; `every` is what is or was followed.

    Raises
    ------
    Refusal
        400 for a drug that no twins are kept for.
    """
    name = inputs.text("drug")
    if name is None:
        kept = set(TwinVersion.objects.filter(subject=whose.patient.subject).values_list("drug", flat=True).distinct())
        return [drug for drug in every if drug in kept]
    if name not in every:
        raise bad_value("drug", name, f"give one of {', '.join(every)}")
    return [name]


def versions_at(inputs: Inputs, whose: Whose, at: datetime | None) -> list[TwinVersion]:
    """The newest version of each model of each drug, or those of a past time by the models of that time."""
    found = []
    every = followed() if at is None else followed_at(at)
    for drug in drugs_of(inputs, whose, every):
        for model_id in every[drug]:
            version = version_at(whose.patient.subject, drug, model_id, at=at)
            if version is not None:
                found.append(version)
    return found


def forecastable(inputs: Inputs, whose: Whose) -> Standing:
    """The newest twin that comparisons are made with.

    Raises
    ------
    Refusal
        400 where the drug is not clear, 404 where there is no twin, 422 where it cannot be forecast.
    """
    drugs = drugs_of(inputs, whose, followed())
    if len(drugs) > 1:
        raise Refusal(400, "required", f"drug is missing; give one of {', '.join(drugs)}", expression="http.drug")
    version = version_at(whose.patient.subject, drugs[0]) if drugs else None
    if version is None:
        raise Refusal(404, "not-found", f"There is no twin of {whose.reference} yet.")
    try:
        twin = standing(version)
    except UnknownModelError as error:
        raise Refusal(422, "business-rule", str(error)) from error
    if twin.cannot:
        raise Refusal(422, "business-rule", twin.cannot)
    return twin


def is_stepped(twin: Standing) -> bool:
    """Whether the model's equations are stepped through, which takes long."""
    return isinstance(twin.model.system.equations, Equations)


def horizon_of(inputs: Inputs) -> float:
    """Hours ahead, from one day to ten."""
    hours = _hours(inputs, "horizon", DEFAULT_H)
    if not LEAST_H <= hours <= MOST_H:
        raise bad_value("horizon", f"{hours:g} h", f"give {LEAST_H:g} to {MOST_H:g} h")
    return hours


def step_of(inputs: Inputs, horizon_h: float, usual: float) -> float:
    """Hours between two points of a trajectory."""
    hours = _hours(inputs, "step", usual)
    if not (0 < hours <= LEAST_H and horizon_h / hours <= MOST_POINTS):
        remedy = f"give hours above 0, {LEAST_H:g} at most, so that there are at most {MOST_POINTS} points"
        raise bad_value("step", f"{hours:g} h", remedy)
    return hours


def date_of(inputs: Inputs) -> datetime | None:
    text = inputs.text("date")
    return None if text is None else moment_of(text, "http.date")


def _hours(inputs: Inputs, name: str, usual: float) -> float:
    value: Any = inputs.one(name)
    if value is None:
        return usual
    try:
        if isinstance(value, dict):
            return in_unit(value, "h", name)
        hours = float(value)
    except (Refused, TypeError, ValueError) as error:
        raise bad_value(name, str(value), "give hours as a number or a Quantity") from error
    if hours != hours:
        raise bad_value(name, str(value), "give hours as a number or a Quantity")
    return hours
