"""Observations: levels and creatinine from the laboratory, weight and height, spot checks and monitor strips."""

from collections.abc import Iterator

from integrations.ward.patients import Measurement, WardPatient
from integrations.ward.resources import (
    ANALYSER,
    LOINC,
    MDC,
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
from integrations.ward.vitals import STRIP_PERIOD_MIN, STRIP_POINTS, spot_checks, strips

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
VITAL_SIGNS = concept(CATEGORY, "vital-signs", "Vital Signs")
LABORATORY = concept(CATEGORY, "laboratory", "Laboratory")

VANCOMYCIN = concept(LOINC, "20578-1", "Vancomycin [Mass/volume] in Serum or Plasma")
CREATININE = concept(LOINC, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma")
CREATININE_SI = concept(LOINC, "14682-9", "Creatinine [Moles/volume] in Serum or Plasma")
WEIGHT = concept(LOINC, "29463-7", "Body weight")
HEIGHT = concept(LOINC, "8302-2", "Body height")
HEART_RATE = concept(LOINC, "8867-4", "Heart rate")
RESPIRATORY_RATE = concept(LOINC, "9279-1", "Respiratory rate")
TEMPERATURE = concept(LOINC, "8310-5", "Body temperature")
PRESSURE = concept(LOINC, "85354-9", "Blood pressure panel with all children optional")
SYSTOLIC = concept(LOINC, "8480-6", "Systolic blood pressure")
DIASTOLIC = concept(LOINC, "8462-4", "Diastolic blood pressure")
SATURATION: Json = {
    "coding": [
        {"system": LOINC, "code": "2708-6", "display": "Oxygen saturation in Arterial blood"},
        {"system": LOINC, "code": "59408-5", "display": "Oxygen saturation in Arterial blood by Pulse oximetry"},
    ],
    "text": "Oxygen saturation",
}

MONITORED = concept(CATEGORY, "procedure", "Procedure")
HEART_RATE_STRIP = concept(MDC, "147842", "MDC_ECG_HEART_RATE", "Heart rate")
SATURATION_STRIP = concept(MDC, "150456", "MDC_PULS_OXIM_SAT_O2", "Oxygen saturation")
"""A monitor names its strips as devices do: under LOINC's codes of vital signs R4 allows no SampledData."""

UMOL_PER_MG_CREATININE = 88.42
"""µmol/L for 1 mg/dL: 10 000 / 113.12 g/mol, the molar mass of C4H7N3O."""


def observations(patient: WardPatient, seed: int) -> Iterator[Version]:
    yield from _laboratory(patient)
    yield from _body(patient)
    yield from _spot_checks(patient, seed)
    yield from _strips(patient, seed)


def _laboratory(patient: WardPatient) -> Iterator[Version]:
    for number, level in enumerate(patient.levels, start=1):
        yield _result(patient, f"vancomycin-{number}", VANCOMYCIN, level, quantity(level.value, "mg/L"))
    for number, value in enumerate(patient.creatinine, start=1):
        if patient.profile.creatinine_in_si:
            amount = quantity(round(value.value * UMOL_PER_MG_CREATININE), "µmol/L", "umol/L")
            yield _result(patient, f"creatinine-{number}", CREATININE_SI, value, amount)
        else:
            yield _result(patient, f"creatinine-{number}", CREATININE, value, quantity(value.value, "mg/dL"))


def _result(patient: WardPatient, name: str, code: Json, value: Measurement, amount: Json) -> Version:
    return _observation(
        patient,
        name,
        value.known_h,
        LABORATORY,
        code,
        {
            "effectiveDateTime": at(patient, value.time_h),
            "issued": at(patient, value.known_h),
            "valueQuantity": amount,
            "device": device_of(patient, ANALYSER),
        },
    )


def _body(patient: WardPatient) -> Iterator[Version]:
    for name, code, unit, series in (
        ("weight", WEIGHT, "kg", patient.weight),
        ("height", HEIGHT, "cm", patient.height),
    ):
        for number, value in enumerate(series, start=1):
            yield _vital(
                patient, f"{name}-{number}", value.known_h, value.time_h, code, quantity(value.value, unit), "scale"
            )


def _spot_checks(patient: WardPatient, seed: int) -> Iterator[Version]:
    for check in spot_checks(patient, seed):
        charted = check.time_h + 5 / 60
        mark = f"{round(check.time_h * 60):05}"
        kind = "monitor" if patient.profile.monitored else "cart"
        for name, code, value, unit, ucum in (
            ("heart-rate", HEART_RATE, check.heart_rate, "beats/min", "/min"),
            ("saturation", SATURATION, check.oxygen_saturation, "%", "%"),
            ("respiration", RESPIRATORY_RATE, check.respiratory_rate, "breaths/min", "/min"),
            ("temperature", TEMPERATURE, check.temperature, "°C", "Cel"),
        ):
            if value is not None:
                amount = quantity(value, unit, ucum)
                yield _vital(patient, f"{name}-{mark}", charted, check.time_h, code, amount, kind)
        yield _observation(
            patient,
            f"pressure-{mark}",
            charted,
            VITAL_SIGNS,
            PRESSURE,
            {
                "effectiveDateTime": at(patient, check.time_h),
                "component": [
                    {"code": SYSTOLIC, "valueQuantity": quantity(check.systolic, "mmHg", "mm[Hg]")},
                    {"code": DIASTOLIC, "valueQuantity": quantity(check.diastolic, "mmHg", "mm[Hg]")},
                ],
                "device": device_of(patient, kind),
            },
        )


def _strips(patient: WardPatient, seed: int) -> Iterator[Version]:
    """Five-minute points over an hour as SampledData; the value is ``origin + factor * number``."""
    length = (STRIP_POINTS - 1) * STRIP_PERIOD_MIN / 60
    for strip in strips(patient, seed):
        mark = f"{round(strip.start_h):03}"
        end = strip.start_h + length
        for name, code, points, origin, scale in (
            (
                "heart-rate-strip",
                HEART_RATE_STRIP,
                strip.heart_rate,
                quantity(0, "beats/min", "/min"),
                {"factor": 1, "lowerLimit": 15, "upperLimit": 300},
            ),
            (
                "saturation-strip",
                SATURATION_STRIP,
                strip.oxygen_saturation,
                quantity(0, "%"),
                {"factor": 0.5, "lowerLimit": 50, "upperLimit": 100},
            ),
        ):
            yield _observation(
                patient,
                f"{name}-{mark}",
                end + 2 / 60,
                MONITORED,
                code,
                {
                    "effectivePeriod": {"start": at(patient, strip.start_h), "end": at(patient, end)},
                    "valueSampledData": {
                        "origin": origin,
                        "period": STRIP_PERIOD_MIN * 60_000,
                        **scale,
                        "dimensions": 1,
                        "data": " ".join(points),
                    },
                    "device": device_of(patient, "monitor"),
                },
            )


def _vital(
    patient: WardPatient, name: str, known_h: float, time_h: float, code: Json, amount: Json, kind: str
) -> Version:
    return _observation(
        patient,
        name,
        known_h,
        VITAL_SIGNS,
        code,
        {
            "effectiveDateTime": at(patient, time_h),
            "valueQuantity": amount,
            "device": device_of(patient, kind),
        },
    )


def _observation(patient: WardPatient, name: str, known_h: float, category: Json, code: Json, rest: Json) -> Version:
    return Version(
        known(patient.epoch, known_h),
        "Observation",
        f"{patient.id}-{name}",
        1,
        patient.id,
        {
            "status": "final",
            "category": [category],
            "code": code,
            "subject": subject(patient),
            "encounter": encounter(patient),
            **rest,
        },
    )
