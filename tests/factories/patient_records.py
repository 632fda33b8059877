"""Rows for pages to show: people with roles and care teams, patients, records, twin versions and comparisons."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, Group

from clinic.access.roles import Role
from clinic.patients.models import CareTeam, Encounter, Patient
from tests.factories import vancomycin_case as case
from twins.estimation.fit import Fit
from twins.forecasts.forecast import ComparisonResult
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at
from twins.records.models import Comparison, GivenDose, Order, StoredSample, Subject, TwinVersion
from twins.records.store import store_comparison, store_version
from twins.samples.channel import Channel
from twins.samples.course import Course

TEAM = "Ward 4"


def person(name: str = "mira", role: Role | None = Role.CLINICIAN, *, team: str | None = TEAM) -> AbstractBaseUser:
    """A user with one role, in one care team; None leaves either out."""
    user = get_user_model().objects.create_user(username=name, first_name=name.title(), last_name="Test")
    if role is not None:
        user.groups.add(Group.objects.get_or_create(name=str(role))[0])
    if team is not None:
        CareTeam.objects.get_or_create(name=team)[0].members.add(user)
    return user


def patient(family: str = "Okafor", given: str = "Daniel", *, team: str | None = TEAM) -> Patient:
    """A patient in bed 4.2 of a care team."""
    subject = Subject.objects.create(sex="male", age_years=67, age_as_of=date(2026, 11, 20))
    made = Patient.objects.create(
        subject=subject,
        source_key=f"test/Patient/{uuid4()}",
        record_number="4711",
        family_name=family,
        given_name=given,
        birth_date=date(1959, 3, 14),
        sex="male",
    )
    Encounter.objects.create(
        source_key=f"test/Encounter/{uuid4()}",
        patient=made,
        status="in-progress",
        location="Ward 4, bed 2",
        started=case.START,
    )
    if team is not None:
        CareTeam.objects.get_or_create(name=team)[0].patients.add(made)
    return made


def sample(
    subject: Subject, channel: Channel, value: float, at: datetime, name: str = "", *, part: str = ""
) -> StoredSample:
    """One measured value, received when it was taken."""
    made = _sample(subject, channel, value, at, name, part=part)
    made.save(force_insert=True)
    return made


def _sample(
    subject: Subject, channel: Channel, value: float, at: datetime, name: str, *, part: str = ""
) -> StoredSample:
    key = f"test/Observation/{subject.pk}-{name or uuid4()}"
    return StoredSample(
        subject=subject,
        channel=channel,
        value=value,
        event_time=at,
        received_time=at,
        source_key=key,
        source_version="1",
        part=part,
    )


def records_of(subject: Subject, course: Course) -> None:
    """The rows that `course` could have been made from, and a heart rate for each hour."""
    for k, dose in enumerate(course.doses):
        at = moment_at(course.start, dose.start_h)
        GivenDose.objects.create(
            subject=subject,
            drug="vancomycin",
            amount_mg=dose.amount_mg,
            duration_h=dose.duration_h,
            event_time=at,
            received_time=at,
            source_key=f"test/MedicationAdministration/{subject.pk}-{k}",
            source_version="1",
        )
    for order in course.orders:
        at = moment_at(course.start, order.start_h)
        Order.objects.create(
            subject=subject,
            drug="vancomycin",
            amount_mg=order.amount_mg,
            interval_h=order.interval_h,
            duration_h=order.duration_h,
            event_time=at,
            received_time=at,
            source_key=f"test/MedicationRequest/{subject.pk}",
            source_version="1",
        )
    for k, level in enumerate(course.levels):
        sample(subject, Channel.VANCOMYCIN, level.value, moment_at(course.start, level.time_h), f"level-{k}")
    for k, value in enumerate(c for c in course.covariates if c.name == "creatinine_mg_per_dl"):
        sample(subject, Channel.CREATININE, value.value, moment_at(course.start, value.time_h), f"creatinine-{k}")
    StoredSample.objects.bulk_create(
        _sample(subject, Channel.HEART_RATE, 84.0 + hour % 5, moment_at(course.start, float(hour)), f"heart-{hour}")
        for hour in range(int(course.until_h))
    )


def twin(
    subject: Subject,
    *,
    course: Course | None = None,
    fit: Fit | None = None,
    result: ComparisonResult | None = None,
    plans: tuple[Plan, ...] | None = None,
    compared: bool = True,
    parent: TwinVersion | None = None,
    with_records: bool = True,
) -> tuple[TwinVersion, Comparison | None]:
    """A stored twin version and its default comparison, from the values of `vancomycin_case` where none are given."""
    known = course or case.course()
    if with_records:
        records_of(subject, known)
    version = store_version(
        subject=subject, course=known, fit=fit or case.fit(levels=len(known.levels)), parent=parent, asked_by="system"
    )
    if not compared:
        return version, None
    found = result or case.result(known, plans)
    comparison = store_comparison(
        version=version,
        plans=[forecast.plan for forecast in found.forecasts],
        result=found,
        asked_by="system",
        is_default=True,
    )
    return version, comparison


def recent_course(**changes: object) -> Course:
    """The course of `vancomycin_case`, ended an hour ago."""
    start = datetime.now(UTC) - timedelta(hours=51)
    return case.course(start=start, **changes)
