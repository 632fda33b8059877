"""``python -m tests.benchmarks.fhir_search``: searches among 1,000,000 Observations of 500 patients on PostgreSQL.

Makes a database of its own beside the one that ``TEST_DATABASE_URL`` names, and drops it afterwards unless ``--keep``
is given; ``--count`` loads fewer. Takes some minutes and 3 GB. A page is counted from the query to the bytes of the
Bundle; what HTTP, the token and the audit event add is shown by one line of its own.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg

from tests.benchmarks.observations import CODES, PATIENTS, SPAN, START, address, drop, load, make

DATABASE = "patient_twin_bench_search"
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
    fresh = make(DATABASE)
    os.environ["DATABASE_URL"] = address(DATABASE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    try:
        if fresh:
            _load(given.count)
        _measure(given.count)
    finally:
        if not given.keep:
            from django.db import connection

            connection.close()
            drop(DATABASE)
    return 0


def _load(count: int) -> None:
    from integrations.fhir import index
    from integrations.fhir.sources import Sources
    from integrations.readings.models import Resource

    _say(f"{count:,} Observations copied in {load(DATABASE, count):.0f} s")
    began, sources, terms, last = time.perf_counter(), Sources(), 0, 0
    while batch := list(Resource.objects.filter(pk__gt=last).order_by("pk")[:1000]):
        terms += index.store(batch, sources)
        last = batch[-1].pk
    seconds = time.perf_counter() - began
    _say(f"{terms:,} terms written in {seconds:.0f} s: {count / seconds:,.0f} Observations a second, reading included")
    with psycopg.connect(address(DATABASE), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


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
    for name, query in rows.items():
        _line(name, query)
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
