"""``python -m tests.benchmarks.fhir_search``: searches among 1,000,000 Observations of 500 patients on PostgreSQL.

Makes a database of its own beside the one that ``TEST_DATABASE_URL`` names, and drops it afterwards unless ``--keep``
is given; ``--count`` loads fewer. Takes some minutes and 3 GB. A page is counted from the query to the bytes of the
Bundle; what HTTP, the token and the audit event add is shown by one line of its own.
"""

import argparse
import hashlib
import os
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import psycopg

DATABASE = "patient_twin_bench_search"
PATIENTS = 500
CODES = (
    *(("8867-4", "/min"), ("9279-1", "/min"), ("2708-6", "%"), ("8310-5", "Cel"), ("85354-9", "mm[Hg]")),
    *(("29463-7", "kg"), ("2160-0", "mg/dL"), ("20578-1", "mg/L"), ("2345-7", "mg/dL"), ("6299-2", "mg/dL")),
)
"""What is observed, in turn, and its unit; the first six are vital signs."""
COLUMNS = (
    *("source_key", "resource_type", "resource_id", "version", "last_updated", "text", "sha256", "reading_id"),
    *("subject_id", "is_current", "code", "event_time", "status"),
)
SPAN = timedelta(days=365)
START = datetime(2025, 1, 1, tzinfo=UTC)
BASE = "http://bench.test/fhir/"
TRIES = 200
LONGEST_S = 12.0
"""Of one line; a slow search is tried less often."""
Pairs = list[tuple[str, str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--keep", action="store_true", help="leave the database, and use it if it is there")
    given = parser.parse_args()
    server = os.environ.get("TEST_DATABASE_URL", "postgresql://root@127.0.0.1/postgres")
    url = urlunsplit(urlsplit(server)._replace(path=f"/{DATABASE}"))
    fresh = _make(server)
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    try:
        if fresh:
            _load(url, given.count)
        _measure(given.count)
    finally:
        if not given.keep:
            from django.db import connection

            connection.close()
            with psycopg.connect(server, autocommit=True) as admin:
                admin.execute(f"DROP DATABASE {DATABASE}")
    return 0


def _make(server: str) -> bool:
    with psycopg.connect(server, autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            return False
        admin.execute(f"CREATE DATABASE {DATABASE}")
    return True


def _load(url: str, count: int) -> None:
    from clinic.patients.models import Patient
    from integrations.fhir import index
    from integrations.fhir.sources import Sources
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
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in _observations(count, reading.pk, [subject.pk for subject in subjects]):
            copy.write_row(row)
    _say(f"{count:,} Observations copied in {time.perf_counter() - began:.0f} s")
    began, sources, terms, last = time.perf_counter(), Sources(), 0, 0
    while batch := list(Resource.objects.filter(pk__gt=last).order_by("pk")[:1000]):
        terms += index.store(batch, sources)
        last = batch[-1].pk
    seconds = time.perf_counter() - began
    _say(f"{terms:,} terms written in {seconds:.0f} s: {count / seconds:,.0f} Observations a second, reading included")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _observations(count: int, reading: int, subjects: list[uuid.UUID]) -> Iterator[tuple[Any, ...]]:
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
            subjects[person], True, f"http://loinc.org|{code}", when, "final",
        )  # fmt: skip


def _measure(count: int) -> None:
    chance = random.Random(11)

    def day() -> str:
        return (START + SPAN * (0.95 * chance.random())).date().isoformat()

    def who() -> str:
        return f"bench.p{chance.randrange(PATIENTS)}"

    def code() -> str:
        return f"http://loinc.org|{chance.choice(CODES)[0]}"

    def between() -> Pairs:
        start = START + SPAN * (0.9 * chance.random())
        return [("date", f"ge{start.date()}"), ("date", f"lt{(start + timedelta(days=30)).date()}")]

    def of_patient(*more: tuple[str, str]) -> Pairs:
        return [("patient", who()), *more]

    def of_code(*more: tuple[str, str]) -> Pairs:
        return [("code", code()), *more]

    def reading() -> str:
        return f"urn:bench:reading|r-{chance.randrange(count)}"

    rows: dict[str, Callable[[], Pairs]] = {
        "patient, code, from a day to a day": lambda: of_patient(("code", code()), *between()),
        "patient, code, a day": lambda: of_patient(("code", code()), ("date", day())),
        "patient, category, since a day": lambda: of_patient(("category", "laboratory"), ("date", f"ge{day()}")),
        "patient, code": lambda: of_patient(("code", code())),
        "patient, code, newest one": lambda: of_patient(("code", code()), ("_sort", "-date"), ("_count", "1")),
        "patient": of_patient,
        "patient, a day": lambda: of_patient(("date", day())),
        "code": of_code,
        "code, a day": lambda: of_code(("date", day())),
        "either of two codes": lambda: [("code", "8867-4,2160-0")],
        "identifier": lambda: [("identifier", reading())],
        "device": lambda: [("device", f"Device/bench.d{chance.randrange(PATIENTS)}")],
        "code and a value that few have": lambda: [("code-value-quantity", f"{chance.choice(CODES)[0]}$gt159.9")],
        "patient's name, code": lambda: of_code(("patient.name", f"family{chance.randrange(PATIENTS)}")),
        "updated on a day": lambda: [("_lastUpdated", day())],
    }
    _say("")
    _say(f"{'search, page of 50':40} {'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8} {'found':>6} {'tries':>6}")
    for name, make in rows.items():
        _line(name, make)
    first = next(iter(rows))
    _over_http(f"{first}, by HTTP", rows[first])
    for name, pairs in (
        ("code", [("code", "8867-4")]),
        ("all", []),
        ("all, newest first", [("_sort", "-_lastUpdated")]),
    ):
        _deep(name, pairs)
    total = [("code", "8867-4"), ("_total", "accurate")]
    _line("code, with an accurate total", lambda: total)


def _deep(name: str, pairs: Pairs) -> None:
    """Page 1 and page 1,000, each again and again."""
    first = pairs
    pages = 1
    while pages < 1000:
        page = _page(pairs)
        if page.next_link is None:
            break
        pairs = parse_qsl(urlsplit(page.next_link).query)
        pages += 1
    _line(f"{name}, page 1", lambda: first)
    _line(f"{name}, page {pages:,}", lambda: pairs)


def _page(pairs: Pairs) -> Any:
    from integrations.fhir.search import search

    return search("Observation", pairs, base=BASE, reach=None)


def _line(name: str, make: Callable[[], Pairs]) -> None:
    from integrations.fhir.bundle import searchset

    def answer(pairs: Pairs) -> int:
        page = _page(pairs)
        searchset(page, BASE)
        return len(page.found)

    _time(name, make, answer)


def _over_http(name: str, make: Callable[[], Pairs]) -> None:
    from io import StringIO

    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    settings.ALLOWED_HOSTS.append("testserver")
    token = StringIO()
    call_command("integration_token", "bench", stdout=token)
    client = Client(headers={"Authorization": f"Bearer {token.getvalue().strip()}"})

    def answer(pairs: Pairs) -> int:
        return len(client.get("/fhir/Observation", pairs).json().get("entry", ()))

    _time(name, make, answer)


def _time(name: str, make: Callable[[], Pairs], answer: Callable[[Pairs], int]) -> None:
    """Time a search again and again: by the clock, and by the processor time of this process."""
    spans, busy, found = [], [], []
    ends = time.perf_counter() + LONGEST_S
    while len(spans) < TRIES and time.perf_counter() < ends:
        pairs = make()
        began, worked = time.perf_counter(), time.process_time()
        found.append(answer(pairs))
        spans.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - worked) * 1000)
    p95 = sorted(spans)[int(len(spans) * 0.95)]
    median = statistics.median
    _say(f"{name:40} {median(spans):8.1f} {p95:8.1f} {median(busy):8.1f} {median(found):6.0f} {len(spans):6}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
