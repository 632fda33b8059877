"""The fast way in makes of each Observation what the ordinary way makes of it, whatever is sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from integrations.fhir.models import Term
from integrations.readings import bulk
from integrations.readings.accept import open_reading
from integrations.readings.door import check, decode
from integrations.readings.identity import identify
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineEntry, Reading, Resource, Source
from integrations.readings.observation import read_observation
from integrations.readings.plain import PlainReader
from integrations.readings.reference import Names
from integrations.readings.split import Entry
from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import concept, observation, patient, quantity
from twins.records.models import Job, RecordState, StoredSample, Subject
from twins.samples.course import FindingCode

pytestmark = pytest.mark.django_db
NDJSON = "application/fhir+ndjson"
NAMES = Names("ward", "http://ward.test/fhir")
NOW = timezone.now()
CATEGORY = [concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")]
SAMPLED = {"origin": quantity(0, "/min"), "period": 60000, "dimensions": 1, "data": "80 82 E 81 U L 79"}

_odd = st.sampled_from(
    [None, "", " ", 0, 1, -1, True, [], {}, [None], {"x": 1}, "text", "a  b", "\u00e4", "\x01", 1e400]
)
_values = st.one_of(
    st.integers(-5, 500),
    st.floats(-5, 500, allow_nan=False).map(lambda value: round(value, 3)),
    st.sampled_from([-0.0, 1e-7, 1e22, 123456789012345678901234567890, 37.123456789012345, "37", None]),
)
_quantities = st.builds(
    lambda value, code, more: quantity(value, code) | more,
    _values,
    st.sampled_from(["/min", "mg/L", "mg/dL", "mmol/L", "Cel", "[degF]", "kg", "foo", "", " "]),
    st.sampled_from([{}, {}, {}, {"comparator": "<"}, {"system": "urn:x"}, {"unit": ""}, {"extra": 1}, {"unit": None}]),
)
_times = st.sampled_from(
    [
        *("2026-03-02T06:00:00Z", "2026-03-02T06:00:00.123+02:00", "2026-03-02T24:00:00Z", "2026-03-02T06:00:60Z"),
        *(
            "2026-03-02",
            "2026-02-30T06:00:00Z",
            "2026-03-02T06:00:00",
            "2026-03-02T06:00Z",
            "0001-01-01T00:00:00+14:00",
        ),
        *("2026-03-02T06:00:00.1234567Z", "2026-03-02T06:00:00+25:00", "2026-03-02t06:00:00z", "", None),
    ]
)
_codes = st.sampled_from(
    [
        *(concept("http://loinc.org", code) for code in ("20578-1", "8867-4", "29463-7", "2345-7", "85354-9", "")),
        *({}, {"text": "Pulse"}, {"coding": []}, {"coding": [{"code": "8867-4"}]}, "8867-4"),
        {
            "coding": [
                *concept("http://loinc.org", "8867-4")["coding"],
                *concept("http://loinc.org", "9279-1")["coding"],
            ]
        },
        {"coding": [{"system": "http://loinc.org", "code": "8867-4", "userSelected": "yes"}]},
        concept("urn:iso:std:iso:11073:10101", "67996"),
    ]
)
_references = st.sampled_from(
    [
        *(
            {"reference": name}
            for name in ("Patient/p1", "Patient/p9", "Device/d1", "urn:uuid:p1", "", "#x", "Patient/")
        ),
        *({"reference": "Patient/p1", "display": "D. O."}, {"reference": "http://ward.test/fhir/Patient/p1"}),
        *({"identifier": {"value": "x"}}, {}, "Patient/p1", {"reference": "Patient/p1/_history/2"}),
    ]
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from(["o1", "o2", "o3", "o 4", "", "x" * 65, 7]),
    "status": st.sampled_from(["final", "amended", "entered-in-error", "cancelled", "registered", "done", "", None]),
    "code": _codes,
    "subject": _references,
    "device": _references,
    "encounter": _references,
    "performer": st.lists(_references, max_size=2),
    "effectiveDateTime": _times,
    "issued": _times,
    "valueQuantity": _quantities,
    "valueSampledData": st.builds(
        lambda change: SAMPLED | change,
        st.sampled_from(
            [
                *({}, {"data": ""}, {"data": "80 x"}, {"data": "E U"}, {"data": "900"}, {"period": 0}),
                *({"period": "1"}, {"dimensions": 2}, {"factor": 0.5}, {"origin": quantity(0, "foo")}, {"data": 1}),
                *(
                    {"data": "1.2.3"},
                    {"data": "80\t81"},
                    {"data": " 80  81 "},
                    {"interval": 1},
                    {"lowerLimit": "1"},
                ),
            ]
        ),
    ),
    "meta": st.sampled_from(
        [
            *(
                {},
                {"versionId": "2"},
                {"versionId": ""},
                {"versionId": "a b"},
                {"lastUpdated": "2026-03-01T08:00:00Z"},
            ),
            *(
                {"lastUpdated": "2026-03-01"},
                {"profile": ["http://x.test/p"]},
                {"profile": "x"},
                {"source": "urn:x"},
            ),
        ]
    ),
    "identifier": st.sampled_from(
        [
            *([{"system": "urn:x", "value": "1"}], [{"system": "a b", "value": "1"}], [], [{"value": "1"}], [{}]),
            *([{"system": "urn:x", "value": ""}], [{"system": "urn:x", "value": 1}], {"system": "urn:x"}),
        ]
    ),
    "category": st.sampled_from([CATEGORY, [], CATEGORY * 2, {}, [{"coding": [{"code": " x"}]}]]),
    "method": st.sampled_from([{"text": "by hand"}, {}, "by hand"]),
    "component": st.sampled_from([[], [{"code": concept("http://loinc.org", "8480-6"), "valueQuantity": {}}]]),
    "extension": st.just([{"url": "http://x.test", "valueString": "x"}]),
    "bodySite": _odd,
    "note": _odd,
    "_status": _odd,
}
_changes = st.lists(st.one_of([st.tuples(st.just(name), values) for name, values in _FIELDS.items()]), max_size=3).map(
    dict
)
"""A few at once, so that many of them stay plain."""


def _sent(changes: dict[str, Any]) -> str:
    sent = observation("o1", "8867-4", 80, "/min") | {"category": CATEGORY} | changes
    return json.dumps({name: value for name, value in sent.items() if value != "left out"})


def _stored() -> list[Any]:
    """All that was made of the readings, without the keys that the database gave."""
    keys = dict(Resource.objects.values_list("pk", "source_key"))
    versions = dict(Resource.objects.values_list("pk", "version"))
    return [
        list(
            Resource.objects.order_by("pk").values_list(
                *("source_key", "resource_type", "resource_id", "version", "last_updated", "text", "sha256", "code"),
                *("event_time", "status", "is_current", "deleted", "method", "subject__patient__source_key"),
            )
        ),
        list(
            StoredSample.objects.order_by("pk").values_list(
                *("source_key", "source_version", "part", "state", "event_time", "received_time", "channel", "value"),
                *("device_key", "quality", "subject__patient__source_key"),
            )
        ),
        list(
            QuarantineEntry.objects.order_by("pk").values_list(
                *("position", "source_key", "version", "text", "reason", "detail", "state", "tries"),
                "subject__patient__source_key",
            )
        ),
        sorted(
            (row[0], row[1], keys[row[2]], versions[row[2]], row[3] is None, str(row[4]), str(row[5]))
            for row in Term.objects.values_list("key", "updated", "resource", "subject", "low", "high")
        ),
        Job.objects.count(),
    ]


def _made_of(texts: list[list[str]]) -> list[Any]:
    """What is stored after those payloads came one after the other; nothing of it stays."""
    with transaction.atomic():
        source = Source.objects.create(slug="ward", address="http://ward.test/fhir")
        reports = []
        for number, lines in enumerate([[json.dumps(patient())], *texts]):
            content = "\n".join([*lines, "x" * (number + 1)]).encode()
            reading = receive(source, content, content_type=NDJSON, origin="x")
            Reading.objects.filter(pk=reading.pk).update(received_time=NOW)
            reports.append(open_reading(Reading.objects.get(pk=reading.pk)))
        found = [reports, *_stored()]
        transaction.set_rollback(True)
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(payloads=st.lists(st.lists(_changes.map(_sent), min_size=1, max_size=6), min_size=1, max_size=2))
def test_both_ways_store_and_refuse_the_same(monkeypatch: pytest.MonkeyPatch, payloads: list[list[str]]) -> None:
    fast = _made_of(payloads)
    with monkeypatch.context() as without:
        without.setattr(PlainReader, "read", lambda self, entry: None)  # noqa: ARG005
        assert fast == _made_of(payloads)


def _read(text: str) -> Any:
    return PlainReader(NAMES).read(Entry(0, text))


@settings(max_examples=500, deadline=None)
@given(text=_changes.map(_sent))
def test_what_is_read_plainly_keeps_all_rules_and_says_the_same(text: str) -> None:
    plain = _read(text)
    event("plain" if plain else "not plain")
    if plain is None:
        return
    data = decode(text)
    assert plain.identity == identify(data, text, "ward")
    check("Observation", text, data)
    assert plain.patient_key == NAMES.key(data["subject"], "Patient", "")
    assert plain.meaning == read_observation(data, NAMES)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"device": {"reference": "Device/d1"}, "method": {"text": "by hand"}, "issued": "2026-03-02T06:00:00Z"},
        {"identifier": [{"system": "urn:x", "value": "1"}], "meta": {"profile": ["http://x.test/p"]}},
        {"valueQuantity": "left out", "valueSampledData": SAMPLED},
    ],
)
def test_what_devices_send_is_plain(changes: dict[str, Any]) -> None:
    assert _read(_sent(changes)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"note": [{"text": "after exercise"}]},
        {"status": "entered-in-error"},
        {"subject": {"reference": "Patient/p\u00e9"}},
        {"valueQuantity": quantity(900, "/min")},
        {"valueQuantity": quantity(80, "mg/L")},
        {"category": "vital-signs"},
        {"effectiveDateTime": "2026-03-02"},
    ],
)
def test_what_is_out_of_the_ordinary_is_read_in_the_ordinary_way(changes: dict[str, Any]) -> None:
    assert _read(_sent(changes)) is None


def test_the_fast_way_is_taken(monkeypatch: pytest.MonkeyPatch, take_in: TakeIn) -> None:
    take_in(patient())

    def none_is_made(*_: object) -> None:
        raise AssertionError("an Observation was read in the ordinary way")

    monkeypatch.setattr("integrations.readings.batch.check", none_is_made)
    report = take_in(*(observation(f"o{number}", "8867-4", 60 + number, "/min") for number in range(5)))
    assert report.accepted == StoredSample.objects.count() == 5


def test_a_correction_of_a_plain_reading_supersedes_it(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=14.0))
    take_in(observation(value=15.0, version=2, status="corrected"), observation("o2"))
    rows = StoredSample.objects.filter(source_key="ward/Observation/o1").order_by("source_version")
    assert list(rows.values_list("value", "state")) == [(14.0, "superseded"), (15.0, "active")]
    assert Resource.objects.get(resource_id="o1", is_current=True).version == "2"


def test_many_at_once_are_written_as_few_are(take_in: TakeIn) -> None:
    """Beyond a hundred rows, which PostgreSQL takes by COPY."""
    many = [observation(f"o{number}", value=10 + number / 10, version=1) for number in range(150)]
    assert take_in(patient(), *many).accepted == 151
    assert take_in(*many).known == 150
    stored = {row.source_key: row for row in StoredSample.objects.select_related("subject")}
    assert len(stored) == 150
    assert stored["ward/Observation/o7"].value == 10.7
    assert stored["ward/Observation/o7"].quality == [FindingCode.LEVEL_IN_FUTURE.value]
    one = Resource.objects.get(resource_id="o7")
    assert json.loads(one.text) == many[7]
    assert Term.objects.filter(resource=one).exists()


@pytest.fixture
def make_sample(db: None) -> Callable[[int], StoredSample]:
    subject = Subject.objects.create()

    def make(number: int) -> StoredSample:
        return StoredSample(
            subject_id=subject.pk, source_key=f"x/Observation/{number}", source_version="1", channel="heart-rate",
            value=80.5, event_time=NOW, received_time=NOW, state=RecordState.ACTIVE, quality=["a", '"\\\n'],
        )  # fmt: skip

    return make


def test_rows_keep_their_values_and_get_their_keys(make_sample: Callable[[int], StoredSample]) -> None:
    rows = [make_sample(number) for number in range(120)]
    bulk.store(StoredSample, rows)
    assert not rows[5]._state.adding
    stored = StoredSample.objects.get(pk=rows[5].pk)
    assert (stored.source_key, stored.quality, stored.value) == ("x/Observation/5", ["a", '"\\\n'], 80.5)
    assert (stored.event_time, stored.state) == (NOW, "active")
    make_sample(500).save()  # the sequence has moved on


def test_a_row_that_is_there_already_is_refused_and_the_others_with_it(
    make_sample: Callable[[int], StoredSample],
) -> None:
    make_sample(7).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.store(StoredSample, [make_sample(number) for number in range(120)])
    assert StoredSample.objects.count() == 1


def test_rows_are_found_by_many_keys(make_sample: Callable[[int], StoredSample]) -> None:
    bulk.store(StoredSample, [make_sample(number) for number in range(5)])
    keys = {"x/Observation/1", "x/Observation/3", "x/Observation/9", "it's \\ {odd}"}
    assert StoredSample.objects.filter(bulk.among(keys)).count() == 2
    assert not StoredSample.objects.filter(bulk.among([])).exists()
