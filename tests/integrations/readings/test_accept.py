"""What resources become, and what they are refused for."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from clinic.audit.models import AuditEvent
from integrations.codes.drugs import DRUGS, INTO_A_VEIN_UNSAID
from integrations.readings.models import QuarantineEntry, QuarantineReason, Resource
from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import (
    LOINC,
    RXNORM,
    SNOMED,
    administration,
    as_bytes,
    bundle,
    concept,
    observation,
    patient,
    quantity,
    request,
    strip,
)
from twins.pharmacology import formulary
from twins.records.models import GivenDose, Job, Order, StoredSample

R = QuarantineReason


def test_a_level_becomes_a_sample_in_the_channels_unit(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=15300, unit="ug/L", device={"reference": "Device/analyser"}))
    sample = StoredSample.objects.get()
    assert (sample.channel, sample.value, sample.part) == ("vancomycin", 15.3, "")
    assert sample.event_time == datetime(2026, 3, 2, 6, tzinfo=UTC)
    assert sample.source_key == "ward/Observation/o1"
    assert sample.reference == "Observation/o1"
    assert sample.device_key == "ward/Device/analyser"


def test_a_dose_is_of_the_drug_that_its_code_names_and_of_what_is_taken_by_mouth_too_only_by_its_route(
    take_in: TakeIn,
) -> None:
    tacrolimus = {"medicationCodeableConcept": concept(RXNORM, "42316")}
    unsaid = {"dosage": {"dose": quantity(1, "mg")}}
    take_in(
        patient(),
        administration("a1", 1, **tacrolimus),
        administration("a2", 1, **tacrolimus, **unsaid),
        administration("a3", 1000, dosage={"dose": quantity(1000, "mg")}),
    )
    assert sorted(GivenDose.objects.values_list("source_key", "drug")) == [
        ("ward/MedicationAdministration/a1", "tacrolimus"),
        ("ward/MedicationAdministration/a3", "vancomycin"),
    ]
    held = QuarantineEntry.objects.get()
    assert (held.reason, "tacrolimus is taken by mouth too" in held.detail) == (R.MISSING_VALUE, True)


def test_every_mapped_drug_is_one_of_the_formulary() -> None:
    assert set(DRUGS.values()) <= set(formulary.drugs())
    assert set(DRUGS.values()) >= INTO_A_VEIN_UNSAID


@pytest.mark.parametrize(
    ("code", "value", "unit", "channel", "stored"),
    [
        ("2160-0", 1.2, "mg/dL", "creatinine", 1.2),
        ("2160-0", 12, "mg/L", "creatinine", 1.2),
        ("14682-9", 88.4, "umol/L", "creatinine", 0.9999808),
        ("29463-7", 180, "[lb_av]", "weight", 81.6466266),
        ("29463-7", 82000, "g", "weight", 82.0),
        ("8302-2", 1.78, "m", "height", 178.0),
        ("8302-2", 70, "[in_i]", "height", 177.8),
        ("8867-4", 78, "{beats}/min", "heart_rate", 78.0),
        ("9279-1", 16, "/min", "respiratory_rate", 16.0),
        ("59408-5", 97, "%", "oxygen_saturation", 97.0),
        ("2708-6", 97, "%", "oxygen_saturation", 97.0),
        ("8310-5", 98.6, "[degF]", "temperature", 37.0),
        ("8480-6", 16, "kPa", "systolic_pressure", 120.0102009),
        ("4090-7", 31.5, "ug/mL", "vancomycin", 31.5),
        ("4092-3", 12.4, "mg/L", "vancomycin", 12.4),
        ("35668-3", 1.4, "ug/mL", "gentamicin", 1.4),
        ("3665-7", 0.6, "mg/L", "gentamicin", 0.6),
        ("35670-9", 800, "ng/mL", "tobramycin", 0.8),
        ("35669-1", 21, "mg/L", "amikacin", 21.0),
        ("38370-3", 2.1, "ug/mL", "voriconazole", 2.1),
        ("11253-2", 8.2, "ng/mL", "tacrolimus", 8.2),
        ("10535-3", 0.9, "ug/L", "digoxin", 0.9),
        ("14698-5", 1.2, "nmol/L", "digoxin", 0.9371388),
        ("20578-1", 10, "umol/L", "vancomycin", 14.49265),
        ("35668-3", 2, "umol/L", "gentamicin", 0.955206),
        ("35670-9", 2, "umol/L", "tobramycin", 0.93504),
        ("35669-1", 40, "umol/L", "amikacin", 23.42432),
        ("38370-3", 6, "umol/L", "voriconazole", 2.095896),
        ("11253-2", 10, "nmol/L", "tacrolimus", 8.04031),
        ("3948-7", 100, "umol/L", "phenobarbital", 23.2239),
        ("3948-7", 24, "mg/L", "phenobarbital", 24.0),
        ("1751-7", 3.9, "g/dL", "albumin", 39.0),
        ("4544-3", 34, "%", "haematocrit", 0.34),
        ("20570-8", 0.34, "L/L", "haematocrit", 0.34),
    ],
)
def test_each_code_lands_in_its_channel(
    take_in: TakeIn, code: str, value: float, unit: str, channel: str, stored: float
) -> None:
    take_in(patient(), observation(code=code, value=value, unit=unit))
    sample = StoredSample.objects.get()
    assert sample.channel == channel
    assert sample.value == pytest.approx(stored, rel=1e-7)


def test_a_level_in_moles_is_read_in_mass_and_kept_as_it_was_received(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=10, unit="umol/L"))
    assert StoredSample.objects.get().value == 14.49265
    received = json.loads(Resource.objects.get(resource_type="Observation").text)
    assert received["valueQuantity"] == quantity(10, "umol/L")


@pytest.mark.parametrize(("unit", "remedy"), [("[iU]/L", "send a UCUM code"), ("mmol", "send ")])
def test_a_level_in_neither_mass_nor_moles_waits_in_quarantine_and_is_told_what_to_send(
    take_in: TakeIn, unit: str, remedy: str
) -> None:
    take_in(patient(), observation(value=10, unit=unit))
    assert not StoredSample.objects.exists()
    held = QuarantineEntry.objects.get()
    assert held.reason == R.UNKNOWN_UNIT
    assert f"'{unit}'" in held.detail
    assert remedy in held.detail


def test_a_level_in_moles_is_held_against_what_is_plausible_in_mass(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=900, unit="umol/L"))
    held = QuarantineEntry.objects.get()
    assert held.reason == R.IMPLAUSIBLE_VALUE
    assert "1304.34 mg/L" in held.detail


def test_a_blood_pressure_is_two_samples_told_apart_by_their_codes(take_in: TakeIn) -> None:
    parts = [
        {"code": concept(LOINC, "8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
        {"code": concept(LOINC, "8462-4"), "valueQuantity": quantity(70, "mm[Hg]")},
        {"code": concept(LOINC, "8478-0"), "valueQuantity": quantity(87, "mm[Hg]")},
    ]
    take_in(patient(), observation(code="85354-9", value=None, component=parts))
    rows = StoredSample.objects.values_list("channel", "value", "part").order_by("part")
    assert list(rows) == [("diastolic_pressure", 70.0, "8462-4"), ("systolic_pressure", 120.0, "8480-6")]


def test_sampled_data_is_a_sample_a_number_and_marks_are_counted(take_in: TakeIn) -> None:
    report = take_in(patient(), strip())
    rows = StoredSample.objects.order_by("event_time").values_list("value", "part", "event_time__minute")
    assert list(rows) == [(80.0, "0", 0), (82.0, "1", 1), (81.0, "3", 3), (79.0, "6", 6)]
    assert report.skipped_points == 3


def test_sampled_data_lies_on_its_line_of_origin_and_factor(take_in: TakeIn) -> None:
    take_in(patient(), strip(data="10 20", factor=0.5, origin=quantity(60, "/min"), period=500))
    rows = StoredSample.objects.order_by("event_time").values_list("value", "event_time__second", "event_time")
    assert [row[0] for row in rows] == [65.0, 70.0]
    assert (rows[1][2] - rows[0][2]).total_seconds() == 0.5


def test_many_points_are_stored_in_few_queries(take_in: TakeIn, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(80):
        take_in(patient(), strip(data=" ".join(["80"] * 3000)))
    assert StoredSample.objects.count() == 3000


def test_an_infusion_becomes_a_dose_with_its_length(take_in: TakeIn) -> None:
    take_in(patient(), administration(amount=1.25, unit="g", request={"reference": "MedicationRequest/r1"}))
    dose = GivenDose.objects.get()
    assert (dose.drug, dose.amount_mg, dose.duration_h) == ("vancomycin", 1250.0, 1.0)
    assert dose.order_key == "ward/MedicationRequest/r1"


def test_an_infusion_without_an_end_has_no_length(take_in: TakeIn) -> None:
    take_in(patient(), administration(end=None))
    assert GivenDose.objects.get().duration_h is None


def test_a_dose_that_was_not_given_is_no_dose(take_in: TakeIn) -> None:
    report = take_in(patient(), administration(status="not-done"))
    assert (report.accepted, GivenDose.objects.count()) == (2, 0)


def test_an_order_has_amount_interval_and_length(take_in: TakeIn) -> None:
    take_in(patient(), request())
    order = Order.objects.get()
    assert (order.amount_mg, order.interval_h, order.duration_h, order.end_time) == (1250.0, 12.0, 1.5, None)
    assert order.event_time == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_twice_a_day_is_every_twelve_hours_and_a_rate_gives_the_length(take_in: TakeIn) -> None:
    take_in(
        patient(),
        request(
            repeat={"frequency": 2, "period": 1, "periodUnit": "d"},
            instruction={
                "doseAndRate": [{"doseQuantity": quantity(1250, "mg"), "rateQuantity": quantity(625, "mg/h")}]
            },
        ),
    )
    order = Order.objects.get()
    assert (order.interval_h, order.duration_h) == (12.0, 2.0)
    assert order.event_time == datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize("status", ["stopped", "completed", "cancelled"])
def test_an_order_that_ended_has_its_end(take_in: TakeIn, status: str) -> None:
    take_in(patient(), request())
    take_in(request(version=2, status=status, updated="2026-03-04T10:00:00Z"))
    assert Order.objects.get(state="active").end_time == datetime(2026, 3, 4, 10, tzinfo=UTC)


def test_a_draft_is_no_order(take_in: TakeIn) -> None:
    report = take_in(patient(), request(status="draft"))
    assert (report.accepted, Order.objects.count()) == (2, 0)


BAD: list[tuple[str, dict[str, Any], QuarantineReason, str]] = [
    ("no status", {**observation(), "status": None}, R.INVALID_RESOURCE, "status"),
    ("unknown status", observation(status="done"), R.INVALID_RESOURCE, "'done'"),
    ("no code", {k: v for k, v in observation().items() if k != "code"}, R.INVALID_RESOURCE, "code"),
    ("two values", observation(valueString="x"), R.INVALID_RESOURCE, "value"),
    ("unknown element", observation(colour="red"), R.INVALID_RESOURCE, "colour"),
    ("number as text", observation(value="15.3"), R.INVALID_RESOURCE, "15.3"),
    ("another subject", observation(subject={"reference": "Group/g1"}), R.INVALID_RESOURCE, "Group/g1"),
    ("no subject", observation(subject={"display": "him"}), R.INVALID_RESOURCE, "Patient"),
    (
        "another server",
        observation(subject={"reference": "http://x.test/fhir/Patient/p1"}),
        R.UNKNOWN_PATIENT,
        "x.test",
    ),
    ("no patient", observation(of="p9"), R.UNKNOWN_PATIENT, "Patient/p9"),
    ("unknown type", {"resourceType": "Basic", "id": "f1"}, R.UNKNOWN_TYPE, "Basic"),
    ("no such type", {"resourceType": "Frog", "id": "f1"}, R.UNKNOWN_TYPE, "Frog"),
    ("bad id", {**observation(), "id": "a b"}, R.INVALID_RESOURCE, "'a b'"),
    ("unknown code", observation(code="1975-2"), R.UNKNOWN_CODE, "1975-2"),
    ("code of another system", observation(code="x") | {"code": concept("urn:x", "20578-1")}, R.UNKNOWN_CODE, "urn:x"),
    ("unknown unit", observation(unit="foo"), R.UNKNOWN_UNIT, "foo"),
    ("wrong kind of unit", observation(unit="mg"), R.UNKNOWN_UNIT, "'mg'"),
    ("no unit code", observation(valueQuantity={"value": 15.3, "unit": "mg/L"}), R.UNKNOWN_UNIT, "mg/L"),
    ("moles without molar mass", observation(code="1751-7", value=600, unit="umol/L"), R.UNKNOWN_UNIT, "umol/L"),
    ("a level neither in mass nor in moles", observation(unit="[iU]/L"), R.UNKNOWN_UNIT, "'[iU]/L'"),
    ("no value", observation(value=None), R.MISSING_VALUE, "value"),
    ("value absent", observation(value=None, dataAbsentReason={"text": "clotted"}), R.MISSING_VALUE, "clotted"),
    ("a bound", observation(valueQuantity=quantity(2, "mg/L") | {"comparator": "<"}), R.MISSING_VALUE, "< 2"),
    ("no time", observation(at=None, issued="2026-03-02T06:00:00Z"), R.MISSING_TIME, "effectiveDateTime"),
    ("a level of a day", observation(at="2026-03-02"), R.MISSING_TIME, "2026-03-02"),
    ("no such day", observation(at="2026-02-30T06:00:00Z"), R.INVALID_RESOURCE, "2026-02-30"),
    ("a level of 900", observation(value=900), R.IMPLAUSIBLE_VALUE, "900"),
    ("a negative level", observation(value=-1), R.IMPLAUSIBLE_VALUE, "-1"),
    (
        "a weight in the wrong unit",
        observation(code="29463-7", value=82000, unit="kg"),
        R.IMPLAUSIBLE_VALUE,
        "82000 kg",
    ),
    ("saturation above all", observation(code="2708-6", value=101, unit="%"), R.IMPLAUSIBLE_VALUE, "101"),
    ("a strip with an impossible point", strip(data="80 0 80"), R.IMPLAUSIBLE_VALUE, "data[1]"),
    ("a strip with a word", strip(data="80 x"), R.INVALID_RESOURCE, "data[1]"),
    ("a strip of no time", strip(period=0), R.INVALID_RESOURCE, "period"),
    ("a strip of marks", strip(data="E U L"), R.MISSING_VALUE, "value"),
    ("an unknown drug", administration(medicationCodeableConcept=concept(RXNORM, "161")), R.UNKNOWN_CODE, "161"),
    (
        "by mouth",
        administration(dosage={"route": concept(SNOMED, "26643006"), "dose": quantity(125, "mg")}),
        R.UNKNOWN_CODE,
        "26643006",
    ),
    ("no amount", administration(dosage={"text": "some"}), R.MISSING_VALUE, "dosage.dose"),
    ("no amount at all", administration(amount=0), R.IMPLAUSIBLE_VALUE, "0 mg"),
    ("a dose of a kilogram", administration(amount=1, unit="kg"), R.IMPLAUSIBLE_VALUE, "mg"),
    ("a dose in millilitres", administration(unit="mL"), R.UNKNOWN_UNIT, "mL"),
    ("stopped half-way", administration(status="stopped"), R.MISSING_VALUE, "stopped"),
    ("an infusion of a month", administration(end="2026-04-02T08:00:00Z"), R.IMPLAUSIBLE_VALUE, "744 h"),
    (
        "an order every year",
        request(repeat={"period": 1, "periodUnit": "a", "duration": 1, "durationUnit": "h"}),
        R.IMPLAUSIBLE_VALUE,
        "8766 h",
    ),
    (
        "an order of no rate",
        request(
            repeat={"period": 12, "periodUnit": "h"},
            instruction={"doseAndRate": [{"doseQuantity": quantity(1, "g"), "rateQuantity": quantity(0, "mg/h")}]},
        ),
        R.IMPLAUSIBLE_VALUE,
        "infusion of -1 h",
    ),
    ("ends before it starts", administration(end="2026-03-02T07:00:00Z"), R.INVALID_RESOURCE, "before it starts"),
    ("an order without length", request(repeat={"period": 12, "periodUnit": "h"}), R.MISSING_VALUE, "duration"),
    (
        "an order without interval",
        request(repeat={"duration": 1, "durationUnit": "h", "frequency": 1}),
        R.MISSING_VALUE,
        "period",
    ),
    (
        "an order by the month",
        request(repeat={"period": 1, "periodUnit": "mo", "duration": 1, "durationUnit": "h"}),
        R.UNKNOWN_UNIT,
        "'mo'",
    ),
    (
        "a medication not received",
        administration(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"}),
        R.UNKNOWN_CODE,
        "Medication/m",
    ),
]


@pytest.mark.parametrize(("resource", "reason", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_cannot_be_used_waits_with_its_reason(
    take_in: TakeIn, resource: dict[str, Any], reason: QuarantineReason, said: str
) -> None:
    resource = {key: value for key, value in resource.items() if value is not None}
    report = take_in(patient(), resource)
    assert (report.accepted, report.quarantined) == (1, 1)
    entry = QuarantineEntry.objects.get()
    assert entry.reason == reason, entry.detail
    assert said in entry.detail
    assert json.loads(entry.text, parse_constant=str)["resourceType"] == resource["resourceType"]
    assert not StoredSample.objects.exists()
    assert not GivenDose.objects.exists()
    assert not Order.objects.exists()


def test_one_bad_entry_does_not_spoil_the_others(take_in: TakeIn) -> None:
    page = bundle(patient(), observation("a"), observation("b", status="?"), observation("c"))
    page["entry"][1:1] = [{"resource": "nonsense"}, {"resource": {"resourceType": 7}}, 5, {"fullUrl": 3}]
    report = take_in(as_bytes(page))
    assert (report.accepted, report.quarantined) == (3, 5)
    assert StoredSample.objects.count() == 2


@pytest.mark.parametrize("number", [b"1e400000", b"1e-400000", b"1" + b"0" * 5000, b"NaN"])
def test_a_number_of_absurd_size_is_refused_and_harms_nothing(take_in: TakeIn, number: bytes) -> None:
    lines = as_bytes(patient()) + b"\n" + as_bytes(observation()).replace(b"15.3", number)
    report = take_in(lines, content_type="application/fhir+ndjson")
    assert (report.accepted, report.quarantined) == (1, 1)


def test_a_resource_within_a_resource_of_unknown_type_is_refused_not_raised(take_in: TakeIn) -> None:
    report = take_in(patient(), observation(contained=[{"resourceType": "Frog", "id": "x"}]))
    assert report.quarantined == 1
    assert QuarantineEntry.objects.get().reason == R.INVALID_RESOURCE


def test_a_medication_may_be_contained_or_come_by_itself(take_in: TakeIn) -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": concept(RXNORM, "11124")}
    own = {k: v for k, v in administration("a1").items() if k != "medicationCodeableConcept"}
    other = {**own, "id": "a2"}
    take_in(
        patient(),
        {**own, "contained": [medication], "medicationReference": {"reference": "#m"}},
        {**other, "medicationReference": {"reference": "Medication/m"}},
        medication,
    )
    assert GivenDose.objects.count() == 2


def test_references_by_full_url_find_their_patient(take_in: TakeIn) -> None:
    name = "urn:uuid:9f1d5a2c-0000-4000-8000-000000000001"
    nameless = {k: v for k, v in patient().items() if k != "id"}
    page = bundle(nameless, observation(subject={"reference": name}), kind="collection")
    page["entry"][0]["fullUrl"] = name
    page["entry"] += [
        {
            "resource": observation(
                "o2", subject={"reference": "http://ward.test/fhir/Patient/9f1d5a2c-0000-4000-8000-000000000001"}
            )
        }
    ]
    report = take_in(as_bytes(page))
    assert (report.accepted, report.quarantined) == (3, 0)


def test_new_data_ask_once_for_an_update_of_the_twin(take_in: TakeIn) -> None:
    take_in(patient("p1"), patient("p2"), administration("a1"), observation("o1"), observation("o2"), strip(of="p2"))
    job = Job.objects.get()
    subject = StoredSample.objects.filter(source_key="ward/Observation/o1").get().subject
    assert job.key == f"{subject.pk}/vancomycin"


def test_vital_signs_alone_ask_for_nothing(take_in: TakeIn) -> None:
    take_in(patient(), administration())
    Job.objects.all().update(state="done")
    take_in(strip())
    assert not Job.objects.filter(state="queued").exists()
    take_in(observation("w", "29463-7", 82, "kg"))
    assert Job.objects.filter(state="queued").count() == 1


def test_opening_a_reading_is_in_the_audit_trail_with_keys_only(take_in: TakeIn) -> None:
    take_in(patient(), observation())
    event = AuditEvent.objects.get(activity="reading.open")
    assert event.detail["accepted"] == 2
    assert "Okafor" not in json.dumps(event.detail)
    assert event.detail["subjects"] == [str(Resource.objects.get(resource_type="Patient").subject_id)]


def test_a_dose_and_an_order_by_mouth_keep_their_route_and_are_not_infused(take_in: TakeIn) -> None:
    mouth = concept(SNOMED, "26643006")
    tacrolimus = concept("http://www.whocc.no/atc", "L04AD02")
    given = administration("a1", 3, medicationCodeableConcept=tacrolimus)
    given["dosage"]["route"] = mouth
    ordered = request("r1", medicationCodeableConcept=tacrolimus)
    (instruction,) = ordered["dosageInstruction"]
    instruction["route"] = mouth
    instruction["doseAndRate"] = [{"doseQuantity": quantity(3, "mg")}]
    for name in ("duration", "durationUnit"):
        instruction["timing"]["repeat"].pop(name, None)
    take_in(patient(), given, ordered)
    dose, order = GivenDose.objects.get(), Order.objects.get()
    assert (dose.drug, dose.amount_mg, dose.duration_h, dose.route) == ("tacrolimus", 3.0, 0.0, "oral")
    assert (order.drug, order.duration_h, order.route) == ("tacrolimus", 0.0, "oral")
    assert [job.key.partition("/")[2] for job in Job.objects.all()] == ["tacrolimus"]


def test_a_combination_whose_amount_may_count_both_waits(take_in: TakeIn) -> None:
    both = administration("a1", 4500, medicationCodeableConcept=concept("http://www.whocc.no/atc", "J01CR05"))
    take_in(patient(), both)
    held = QuarantineEntry.objects.get()
    assert held.reason == R.UNKNOWN_CODE
    assert "holds piperacillin and another drug" in held.detail
    assert not GivenDose.objects.exists()
