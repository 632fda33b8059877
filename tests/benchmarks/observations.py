"""A PostgreSQL database of its own with many Observations of 500 patients, for benchmarks of the FHIR door."""

import hashlib
import os
import random
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

PATIENTS = 500
CODES = (
    *(("8867-4", "/min"), ("9279-1", "/min"), ("2708-6", "%"), ("8310-5", "Cel"), ("85354-9", "mm[Hg]")),
    *(("29463-7", "kg"), ("2160-0", "mg/dL"), ("20578-1", "mg/L"), ("2345-7", "mg/dL"), ("6299-2", "mg/dL")),
)
"""What is observed, in turn, and its unit; the first six are vital signs."""
COLUMNS = (
    *("source_key", "resource_type", "resource_id", "version", "last_updated", "text", "sha256", "reading_id"),
    *("subject_id", "is_current", "code", "event_time", "status", "deleted", "method"),
)
SPAN = timedelta(days=365)
START = datetime(2025, 1, 1, tzinfo=UTC)


def server() -> str:
    return os.environ.get("TEST_DATABASE_URL", "postgresql://root@127.0.0.1/postgres")


def address(database: str) -> str:
    return urlunsplit(urlsplit(server())._replace(path=f"/{database}"))


def make(database: str) -> bool:
    """Make the database; False where it is there already."""
    with psycopg.connect(server(), autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            return False
        admin.execute(f"CREATE DATABASE {database}")
    return True


def drop(database: str) -> None:
    with psycopg.connect(server(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {database} WITH (FORCE)")


def load(database: str, count: int) -> float:
    """Copy `count` Observations into the database, which has its tables; how many seconds that took."""
    from clinic.patients.models import Patient
    from integrations.readings.models import Reading, Resource, Source
    from twins.records.models import Subject

    source = Source.objects.create(slug="bench", address="http://source.test/fhir")
    reading = Reading.objects.create(
        source=source, sha256="0" * 64, content=b"", content_type="", origin="", received_time=START
    )
    subjects = Subject.objects.bulk_create(Subject() for _ in range(PATIENTS))
    Patient.objects.bulk_create(
        Patient(subject=subject, source_key=f"bench/Patient/p{number}") for number, subject in enumerate(subjects)
    )
    Resource.objects.bulk_create(
        Resource(
            source_key=f"bench/Patient/p{number}", resource_type="Patient", resource_id=f"p{number}", version="1",
            last_updated=START, reading=reading, subject=subject, sha256="0" * 64,
            text=f'{{"resourceType":"Patient","id":"p{number}","name":[{{"family":"Family{number}"}}]}}',
        )
        for number, subject in enumerate(subjects)
    )  # fmt: skip
    began = time.perf_counter()
    statement = f"COPY readings_resource ({', '.join(COLUMNS)}) FROM STDIN"
    with (
        psycopg.connect(address(database)) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in observations(count, reading.pk, [subject.pk for subject in subjects]):
            copy.write_row(row)
    seconds = time.perf_counter() - began
    with psycopg.connect(address(database), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE readings_resource")
    return seconds


def observations(count: int, reading: int, subjects: list[uuid.UUID]) -> Iterator[tuple[Any, ...]]:
    """Rows of `COLUMNS`, the same each time."""
    chance = random.Random(7)
    for number in range(count):
        person = chance.randrange(PATIENTS)
        place = number % len(CODES)
        code, unit = CODES[place]
        when = START + SPAN * chance.random()
        updated = START + SPAN * (number / count) + timedelta(hours=1)
        kind = "vital-signs" if place < 6 else "laboratory"
        text = (
            f'{{"resourceType":"Observation","id":"o{number}","meta":{{"versionId":"1","lastUpdated":'
            f'"{updated.isoformat()}"}},"identifier":[{{"system":"urn:bench:reading","value":"r-{number}"}}],'
            '"status":"final","category":[{"coding":[{"system":'
            f'"http://terminology.hl7.org/CodeSystem/observation-category","code":"{kind}"}}]}}],'
            f'"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}","display":"Something measured"}}]}},'
            f'"subject":{{"reference":"Patient/p{person}"}},"device":{{"reference":"Device/d{person}"}},'
            f'"effectiveDateTime":"{when.isoformat(timespec="seconds")}","valueQuantity":{{"value":'
            f'{chance.uniform(40, 160):.1f},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}'
        )
        digest = hashlib.sha256(text.encode()).hexdigest()
        yield (
            f"bench/Observation/o{number}", "Observation", f"o{number}", "1", updated, text, digest, reading,
            subjects[person], True, f"http://loinc.org|{code}", when, "final", False, "",
        )  # fmt: skip
