"""Open mHealth data points inside Observations become samples, or wait with the reason."""

import base64
import json
from typing import Any

import pytest

from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineEntry, QuarantineReason, Resource, Source
from tests.integrations.resources import as_bytes, bundle, patient
from twins.records.models import StoredSample

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
AT = "2026-03-02T06:00:00.250+01:00"


def _point(schema: str, body: Json, *, text: bool = False, header: bool = True, **changes: Any) -> Json:
    whole = {"header": {"uuid": "1", "schema_id": {"namespace": "omh"}}, "body": body} if header else body
    written = json.dumps(whole)
    attachment = {"contentType": "application/json", "data": base64.b64encode(written.encode()).decode()}
    return {
        "resourceType": "Observation",
        "id": "omh-1",
        "status": "final",
        "code": {"coding": [{"system": "https://w3id.org/openmhealth", "code": schema}]},
        "subject": {"reference": "Patient/p1"},
        **({"valueString": written} if text else {"valueAttachment": attachment}),
        **changes,
    }


def _take(resource: Json) -> list[tuple[str, float, str]]:
    source, _ = Source.objects.get_or_create(slug="jhe", address="http://jhe.test/fhir")
    payload = as_bytes(bundle(patient(), resource))
    open_reading(receive(source, payload, content_type="application/fhir+json", origin="test"))
    rows = StoredSample.objects.order_by("channel").values_list("channel", "value", "part")
    return [(channel, round(value, 6), part) for channel, value, part in rows]


def _measure(value: Any, unit: str) -> Json:
    return {"value": value, "unit": unit}


@pytest.mark.parametrize(
    ("schema", "body", "rows"),
    [
        ("omh:heart-rate:2.0", {"heart_rate": _measure(72, "beats/min")}, [("heart_rate", 72.0, "heart_rate")]),
        (
            "omh:blood-pressure:4.0",
            {
                "systolic_blood_pressure": _measure(120, "mmHg"),
                "diastolic_blood_pressure": _measure(80.5, "mmHg"),
            },
            [
                ("diastolic_pressure", 80.5, "diastolic_blood_pressure"),
                ("systolic_pressure", 120.0, "systolic_blood_pressure"),
            ],
        ),
        ("omh:blood-glucose:4.0", {"blood_glucose": _measure(110, "mg/dL")}, [("glucose", 110.0, "blood_glucose")]),
        ("omh:blood-glucose", {"blood_glucose": _measure(5, "mmol/L")}, [("glucose", 90.078, "blood_glucose")]),
        (
            "omh:blood-glucose:4.0",
            {"blood_glucose": _measure(110, "mg/dL"), "specimen_source": "interstitial fluid"},
            [("sensor_glucose", 110.0, "blood_glucose")],
        ),
        ("omh:body-weight:3.x", {"body_weight": _measure(165, "lb")}, [("weight", 74.842741, "body_weight")]),
        ("omh:body-height:2.0", {"body_height": _measure(1.8, "m")}, [("height", 180.0, "body_height")]),
        (
            "omh:body-temperature:4.0",
            {"body_temperature": _measure(98.6, "F")},
            [("temperature", 37.0, "body_temperature")],
        ),
        (
            "omh:oxygen-saturation:2.0",
            {"oxygen_saturation": _measure(97, "%")},
            [("oxygen_saturation", 97.0, "oxygen_saturation")],
        ),
        (
            "omh:respiratory-rate:2.0",
            {"respiratory_rate": _measure(16, "breaths/min")},
            [("respiratory_rate", 16.0, "respiratory_rate")],
        ),
    ],
)
@pytest.mark.parametrize("text", [False, True], ids=["attachment", "string"])
def test_each_schema_becomes_samples(schema: str, body: Json, rows: list[Any], text: bool) -> None:
    assert (
        _take(_point(schema, {**body, "effective_time_frame": {"date_time": AT}}, text=text, header=not text)) == rows
    )
    assert not QuarantineEntry.objects.exists()
    assert StoredSample.objects.first().event_time.isoformat() == "2026-03-02T05:00:00.250000+00:00"


def test_an_interval_counts_from_its_beginning_and_the_text_is_kept_as_it_came() -> None:
    frame = {"time_interval": {"start_date_time": AT, "end_date_time": "2026-03-02T06:01:00Z"}}
    point = _point("omh:heart-rate:2.0", {"heart_rate": _measure(72, "beats/min"), "effective_time_frame": frame})
    assert _take(point) == [("heart_rate", 72.0, "heart_rate")]
    assert json.loads(Resource.objects.get(resource_type="Observation").text) == point


TIMED = {"effective_time_frame": {"date_time": AT}}
RATE = {"heart_rate": _measure(72, "beats/min"), **TIMED}
HEART = "omh:heart-rate:2.0"
GLUCOSE = "omh:blood-glucose:4.0"
JSON = "application/json"
CODE, VALUE, UNIT = QuarantineReason.UNKNOWN_CODE, QuarantineReason.MISSING_VALUE, QuarantineReason.UNKNOWN_UNIT
INVALID = QuarantineReason.INVALID_RESOURCE


@pytest.mark.parametrize(
    ("point", "reason", "words"),
    [
        (_point("omh:step-count:3.0", TIMED), CODE, "omh:step-count"),
        (_point(HEART, {**RATE, "descriptive_statistic": "average"}), CODE, "average"),
        (_point(HEART, {"heart_rate": RATE["heart_rate"]}), QuarantineReason.MISSING_TIME, "time_frame"),
        (_point(HEART, {**TIMED, "heart_rate": _measure(72, "bpm")}), UNIT, "bpm"),
        (_point(HEART, {**TIMED, "heart_rate": {"value": 72}}), UNIT, "unit is None"),
        (_point(HEART, {**TIMED, "heart_rate": _measure("72", "beats/min")}), INVALID, "'72'"),
        (_point(HEART, {**TIMED, "heart_rate": _measure(720, "beats/min")}), QuarantineReason.IMPLAUSIBLE_VALUE, "720"),
        (_point(HEART, TIMED), VALUE, "heart_rate is None"),
        (_point(GLUCOSE, {"blood_glucose": _measure(9, "mg/dL"), "specimen_source": "tears", **TIMED}), CODE, "tears"),
        (_point(HEART, RATE, valueAttachment={"url": "http://x/y"}), VALUE, "data is missing"),
        (_point(HEART, RATE, valueAttachment={"contentType": "text/csv", "data": "YQ=="}), INVALID, "text/csv"),
        (_point(HEART, RATE, valueAttachment={"contentType": JSON, "data": "%%"}), INVALID, "base64"),
        (_point(HEART, RATE, valueAttachment={"contentType": JSON, "data": "W10="}), INVALID, "no Open mHealth data"),
        (_point(HEART, RATE, status="nonsense"), INVALID, "status"),
    ],
)
def test_what_cannot_be_read_waits_with_the_reason(point: Json, reason: str, words: str) -> None:
    assert _take(point) == []
    entry = QuarantineEntry.objects.get()
    assert (entry.reason, words in entry.detail) == (reason, True), entry.detail


def test_an_attachment_on_any_other_observation_is_refused() -> None:
    point = _point(HEART, RATE, effectiveDateTime=AT)
    point["code"] = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    assert _take(point) == []
    assert "valueAttachment" in QuarantineEntry.objects.get().detail
