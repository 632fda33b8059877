"""The services that are offered, and what each asks to be sent along."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from integrations.codes import loinc
from integrations.codes.conditions import HAEMODIALYSIS
from integrations.codes.drugs import DRUGS
from twins.records.courses import channels
from twins.records.followed import followed

_MOST_OBSERVATIONS = 200


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service: its id is the end of its address."""

    id: str
    hook: str
    title: str
    description: str
    context: tuple[str, ...] = field(default=())
    """Fields that the hook's context must hold beside userId and patientId."""


PATIENT_VIEW = Service(
    "patient-twin-view",
    "patient-view",
    gettext_noop("The patient's twin"),
    "Says how the patient's twin stands: exposure under the current plan with its uncertainty, how old the data are, "
    "whether a level is due and whether the target is likely to be missed.",
)
ORDER_SELECT = Service(
    "patient-twin-order-select",
    "order-select",
    gettext_noop("A dosing order tried on the patient's twin"),
    "Tries the selected order on the patient's twin beside the current plan and better regimens, before it is written.",
    ("draftOrders", "selections"),
)
ORDER_SIGN = Service(
    "patient-twin-order-sign",
    "order-sign",
    gettext_noop("A dosing order compared on the patient's twin"),
    "Compares the orders to be signed on the patient's twin with the current plan and better regimens, and keeps the "
    "comparison for the record.",
    ("draftOrders",),
)
SERVICES = {service.id: service for service in (PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN)}


def prefetch() -> dict[str, str]:
    """The prefetch templates of every service: the patient, and what a twin is made of."""
    every = followed()
    drugs = ",".join(f"{system}|{code}" for (system, code), drug in DRUGS.items() if drug in every)
    patient = "patient={{context.patientId}}"
    return {
        "patient": "Patient/{{context.patientId}}",
        "observations": f"Observation?{patient}&code={','.join(_codes())}&_sort=-date&_count={_MOST_OBSERVATIONS}",
        "administrations": f"MedicationAdministration?{patient}&code={drugs}&_sort=-effective-time"
        f"&_count={_MOST_OBSERVATIONS}",
        "conditions": f"Condition?{patient}&code={','.join(f'{system}|{code}' for system, code in HAEMODIALYSIS)}",
    }


def _codes() -> Iterator[str]:
    wanted = {channel for drug in followed() for channel in _channels_of(drug)}
    for measurement in loinc.MEASUREMENTS.values():
        if measurement.channel in wanted:
            yield f"{loinc.SYSTEM}|{measurement.code}"


def _channels_of(drug: str) -> Iterator[object]:
    level, covariates = channels(drug)
    if level is not None:
        yield level
    yield from covariates
