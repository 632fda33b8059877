"""Fill the database of ``VAR_DIR`` with patients of the simulated ward and their twins, computed by the real engine.

``python -m tests.browser.fill``: run it in a process of its own, after ``migrate`` and ``demo_users``.
"""

import os
import sys
from datetime import UTC, datetime, timedelta

import django

SEED = 1
KNOWN_H = 72.0
SHOWN = ("stable", "augmented", "kidney-injury", "haemodialysis", "no-level", "missed-dose", "heart-failure")
WITHOUT_WEIGHT = "missed-dose"
"""The patient of whom nothing can be forecast."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    django.setup()
    from integrations.ward.patients import ward_patients
    from twins.jobs.update import request_update, run

    epoch = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=KNOWN_H)
    for found in ward_patients(SEED, epoch):
        if found.profile.key in SHOWN:
            subject = store(found)
            run(str(request_update(subject, "vancomycin").pk))


def store(found):
    """The subject of a ward patient, with all that was charted by `KNOWN_H`."""
    from clinic.patients.models import CareTeam, Encounter, Patient
    from integrations.ward.vitals import spot_checks, strips
    from twins.records.models import GivenDose, Order, StoredSample, Subject
    from twins.samples.channel import Channel

    profile = found.profile
    epoch = found.epoch

    def at(hours):
        return epoch + timedelta(hours=hours)

    subject = Subject.objects.create(
        sex=profile.sex,
        age_years=profile.age_y,
        age_as_of=epoch.date(),
        haemodialysis_since=at(profile.admitted_h) if found.haemodialysis else None,
        haemodialysis_source=f"Condition/{found.id}" if found.haemodialysis else "",
    )
    patient = Patient.objects.create(
        subject=subject,
        source_key=f"ward/Patient/{found.id}",
        record_number=found.record_number,
        family_name=profile.family,
        given_name=profile.given,
        birth_date=found.birth_date,
        sex=profile.sex,
    )
    Encounter.objects.create(
        source_key=f"ward/Encounter/{found.id}",
        patient=patient,
        status="in-progress",
        location=profile.bed,
        started=at(profile.admitted_h),
    )
    for team in CareTeam.objects.all():
        team.patients.add(patient)

    samples = []

    def sample(channel, hours, value, known_h=None):
        if hours <= KNOWN_H and (known_h or hours) <= KNOWN_H and value is not None:
            samples.append(
                StoredSample(
                    subject=subject,
                    channel=channel,
                    value=value,
                    event_time=at(hours),
                    received_time=at(known_h or hours),
                    source_key=f"ward/Observation/{found.id}-{channel}-{len(samples)}",
                    source_version="1",
                )
            )

    for channel, measured in (
        (Channel.VANCOMYCIN, found.levels),
        (Channel.CREATININE, found.creatinine),
        (Channel.WEIGHT, () if profile.key == WITHOUT_WEIGHT else found.weight),
        (Channel.HEIGHT, found.height),
    ):
        for item in measured:
            sample(channel, item.time_h, item.value, item.known_h)
    for check in spot_checks(found, SEED):
        for channel, value in (
            (Channel.HEART_RATE, check.heart_rate),
            (Channel.OXYGEN_SATURATION, check.oxygen_saturation),
            (Channel.RESPIRATORY_RATE, check.respiratory_rate),
            (Channel.SYSTOLIC_PRESSURE, check.systolic),
            (Channel.DIASTOLIC_PRESSURE, check.diastolic),
            (Channel.TEMPERATURE, check.temperature),
        ):
            sample(channel, check.time_h, value)
    for strip in strips(found, SEED):
        for k, (heart, saturation) in enumerate(zip(strip.heart_rate, strip.oxygen_saturation, strict=True)):
            hours = strip.start_h + k / 12
            if heart.isdecimal():
                sample(Channel.HEART_RATE, hours, float(heart))
            if saturation.isdecimal():
                sample(Channel.OXYGEN_SATURATION, hours, float(saturation) / 2)
    StoredSample.objects.bulk_create(samples)

    for k, order in enumerate(found.orders):
        if order.start_h <= KNOWN_H:
            Order.objects.create(
                subject=subject,
                drug="vancomycin",
                amount_mg=order.amount_mg,
                interval_h=order.interval_h,
                duration_h=order.duration_h,
                event_time=at(order.start_h),
                received_time=at(order.start_h),
                end_time=at(order.end_h) if order.end_h <= KNOWN_H else None,
                source_key=f"ward/MedicationRequest/{found.id}-{k}",
                source_version="1",
            )
    for k, dose in enumerate(found.doses):
        if dose.given and dose.charted_h <= KNOWN_H:
            GivenDose.objects.create(
                subject=subject,
                drug="vancomycin",
                amount_mg=dose.amount_mg,
                duration_h=dose.duration_h if dose.end_known else None,
                event_time=at(dose.start_h),
                received_time=at(dose.charted_h),
                source_key=f"ward/MedicationAdministration/{found.id}-{k}",
                source_version="1",
            )
    return subject


if __name__ == "__main__":
    sys.exit(main())
