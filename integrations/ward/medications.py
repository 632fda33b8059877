"""Vancomycin as ordered (MedicationRequest) and as given, or not given (MedicationAdministration)."""

from collections.abc import Iterator

from integrations.ward.patients import WardDose, WardPatient
from integrations.ward.profiles import ScriptedOrder
from integrations.ward.resources import (
    RXNORM,
    SNOMED,
    Json,
    Version,
    at,
    concept,
    device_of,
    encounter,
    known,
    quantity,
    subject,
)

VANCOMYCIN = concept(RXNORM, "11124", "vancomycin")
INTRAVENOUS = concept(SNOMED, "47625008", "Intravenous route")


def medications(patient: WardPatient) -> Iterator[Version]:
    for number, order in enumerate(patient.orders):
        yield from _order(patient, number, order)
    for number, dose in enumerate(patient.doses, start=1):
        yield _administration(patient, number, dose)


def _order_id(patient: WardPatient, number: int) -> str:
    return f"{patient.id}-order-{number + 1}"


def _order(patient: WardPatient, number: int, order: ScriptedOrder) -> Iterator[Version]:
    """Active from half an hour before its start; a second version says when it was stopped."""
    authored = order.start_h - 0.5
    loading = f", first {order.loading_mg:g} mg" if order.loading_mg else ""
    for version, (hours, status, bounds) in enumerate(
        (
            (authored, "active", {"start": at(patient, order.start_h)}),
            (order.end_h, "stopped", {"start": at(patient, order.start_h), "end": at(patient, order.end_h)}),
        ),
        start=1,
    ):
        yield Version(
            known(patient.epoch, hours),
            "MedicationRequest",
            _order_id(patient, number),
            version,
            patient.id,
            {
                "status": status,
                "intent": "order",
                "medicationCodeableConcept": VANCOMYCIN,
                "subject": subject(patient),
                "encounter": encounter(patient),
                "authoredOn": at(patient, authored),
                "requester": {"display": "Physician of the ward"},
                "dosageInstruction": [
                    {
                        "text": f"Vancomycin {order.amount_mg:g} mg over {order.duration_h:g} h "
                        f"every {order.interval_h:g} h{loading}",
                        "timing": {
                            "repeat": {
                                "boundsPeriod": bounds,
                                "frequency": 1,
                                "period": order.interval_h,
                                "periodUnit": "h",
                                "duration": order.duration_h,
                                "durationUnit": "h",
                            }
                        },
                        "route": INTRAVENOUS,
                        "doseAndRate": [{"doseQuantity": quantity(order.amount_mg, "mg")}],
                    }
                ],
            },
        )


def _administration(patient: WardPatient, number: int, dose: WardDose) -> Version:
    """Charted when the infusion is taken down; a dose not given says so and has no dosage."""
    body: Json = {
        "status": "completed" if dose.given else "not-done",
        "medicationCodeableConcept": VANCOMYCIN,
        "subject": subject(patient),
        "context": encounter(patient),
    }
    if not dose.given:
        body["statusReason"] = [{"text": "Intravenous access lost; dose not given"}]
        body["effectiveDateTime"] = at(patient, dose.due_h)
    else:
        period = {"start": at(patient, dose.start_h)}
        dosage: Json = {
            "text": "Loading dose" if dose.loading else "Maintenance dose",
            "route": INTRAVENOUS,
            "dose": quantity(dose.amount_mg, "mg"),
        }
        if dose.end_known:
            period["end"] = at(patient, dose.start_h + dose.duration_h)
            dosage["rateQuantity"] = quantity(round(dose.amount_mg / dose.duration_h, 1), "mg/h")
        body["effectivePeriod"] = period
        body["dosage"] = dosage
        body["device"] = [device_of(patient, "pump")]
    body["request"] = {"reference": f"MedicationRequest/{_order_id(patient, dose.order)}"}
    return Version(
        known(patient.epoch, dose.charted_h),
        "MedicationAdministration",
        f"{patient.id}-dose-{number}",
        1,
        patient.id,
        body,
    )
