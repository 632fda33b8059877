"""``python -m tests.benchmarks.fhir_intake``: how fast Observations come in, on PostgreSQL.

Makes a database of its own beside the one that ``TEST_DATABASE_URL`` names, and drops it afterwards. Device readings
come as pieces of ndjson, as a bulk import cuts them, through the inbox: kept, opened, indexed, audited. Then
transactions of 1,000 are posted to the FHIR door, from the request to the last byte of the response. At the end every
stored text is read back, its SHA-256 computed and looked for among those of what was sent. ``--count`` sends fewer.

Beside the wall clock stands processor time, of this process and of PostgreSQL's process that works for it, which
tells what a machine that does nothing else would need.
"""

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.environment import ROOT

DATABASE = "patient_twin_bench_intake"
PATIENTS = 100
CODES = (
    *(("8867-4", "/min", 50, 120), ("9279-1", "/min", 8, 30), ("59408-5", "%", 85, 100)),
    *(("8310-5", "Cel", 35, 40), ("99504-3", "mg/dL", 60, 250), ("2345-7", "mg/dL", 60, 250)),
)
"""What devices measure, its unit, and from where to where."""
PIECE_BYTES = 1024 * 1024
START = datetime(2025, 1, 1, tzinfo=UTC)
TRANSACTION = 1000
RUNS = 20
CATEGORY = '[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}]'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--transactions", type=int, default=RUNS)
    parser.add_argument("--sender", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    server = os.environ.get("TEST_DATABASE_URL", "postgresql://root@127.0.0.1/postgres")
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{DATABASE}"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    if given.sender:
        return _send(given.sender, given.count)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        admin.execute(f"CREATE DATABASE {DATABASE}")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    try:
        call_command("migrate", verbosity=0)
        _say("| work | wall clock | processor time: ours, PostgreSQL's |")
        _say("|---|---|---|")
        sent = _bulk(given.count, 1) | _bulk(given.count, 2)
        sent |= _transactions(given.transactions)
        _verify(sent)
    finally:
        connection.close()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    return 0


def _bulk(count: int, processes: int) -> dict[str, int]:
    """Send `count` Observations from as many sources as processes; digests of what was sent."""
    slugs = [f"bench{processes}{place}" for place in range(processes)]
    each = count // processes
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.benchmarks.fhir_intake", "--count", str(each), "--sender"]
    running = [
        subprocess.Popen([*command, slug], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for slug in slugs
    ]
    said = [json.loads(one.communicate()[0]) for one in running]
    # The pieces of both are sent at the same time, from when the later one was ready.
    wall = max(one["ended"] for one in said) - min(one["began"] for one in said)
    ours, theirs = sum(one["ours"] for one in said), sum(one["theirs"] for one in said)
    name = "one process" if processes == 1 else f"{processes} processes, a source each"
    per = 1e6 / count
    _say(
        f"| {count:,} device readings as ndjson, {name} | {wall:.1f} s: {count / wall:,.0f} a second "
        f"| {ours * per:.0f} µs, {theirs * per:.0f} µs an Observation: {2e6 / ((ours + theirs) * per):,.0f} a second "
        "on two idle cores |"
    )
    return {_digest(text): 1 for slug in slugs for text in _observations(slug, each)}


def _send(slug: str, count: int) -> int:
    import django

    django.setup()
    from django.db import connection

    from integrations.readings.accept import open_reading
    from integrations.readings.inbox import receive
    from integrations.readings.models import Source

    source = Source.objects.create(slug=slug, address=f"http://{slug}.test/fhir")
    people = "\n".join(_patient(number) for number in range(PATIENTS))
    open_reading(receive(source, people.encode(), content_type="application/fhir+ndjson", origin="Patient.ndjson"))
    warm = _observations("warm", 200)
    open_reading(receive(source, "\n".join(warm).encode(), content_type="application/fhir+ndjson", origin="warm"))
    pieces = list(_pieces(_observations(slug, count)))
    theirs = _of_database(connection)
    began, cpu, before = time.time(), time.process_time(), theirs()
    accepted = 0
    for place, piece in enumerate(pieces):
        reading = receive(source, piece, content_type="application/fhir+ndjson", origin=f"Observation.ndjson#{place}")
        accepted += open_reading(reading).accepted
    if accepted != count:
        raise AssertionError(f"{accepted} of {count} Observations were accepted")
    spent = {"ours": time.process_time() - cpu, "theirs": theirs() - before, "began": began, "ended": time.time()}
    _say(json.dumps(spent))
    return 0


def _transactions(runs: int) -> dict[str, int]:
    from io import StringIO

    from django.conf import settings
    from django.core.cache import cache
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    out = StringIO()
    call_command("integration_token", "bench", "--scope", "system/*.cruds", stdout=out)
    client = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    theirs = _of_database(connection)
    times, ours, others = [], [], []
    sent: dict[str, int] = {}
    for run in range(runs + 1):
        texts = [_unnamed(text) for text in _observations(f"t{run}", TRANSACTION, "bench10.")]
        entries = ",".join(
            f'{{"fullUrl":"urn:uuid:{_uuid(f"{run}-{place}")}","resource":{text},'
            '"request":{"method":"POST","url":"Observation"}}'
            for place, text in enumerate(texts)
        )
        body = f'{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}'
        cache.clear()
        began, cpu, before = time.perf_counter(), time.process_time(), theirs()
        answer = client.post("/fhir/", body, content_type="application/fhir+json")
        length = len(answer.content)
        wall, spent, other = time.perf_counter() - began, time.process_time() - cpu, theirs() - before
        if answer.status_code != 200 or length < TRANSACTION:
            raise AssertionError(f"{answer.status_code}: {answer.content[:500]!r}")
        sent |= {_digest(text): 1 for text in texts}
        if run:  # the first one warms up
            times.append(wall)
            ours.append(spent)
            others.append(other)
    times.sort()
    _say(
        f"| transaction of {TRANSACTION:,} Observations, {runs} runs | median {statistics.median(times):.2f} s, "
        f"p95 {times[min(runs - 1, int(0.95 * runs))]:.2f} s, fastest {times[0]:.2f} s "
        f"| {statistics.median(ours):.2f} s, {statistics.median(others):.2f} s |"
    )
    return sent


def _verify(sent: dict[str, int]) -> None:
    from integrations.readings.models import Resource

    stored = Resource.objects.filter(resource_type="Observation").exclude(reading__origin="warm")
    right = total = 0
    for text, sha256 in stored.values_list("text", "sha256").iterator(chunk_size=10_000):
        total += 1
        right += _digest(text) == sha256 and sha256 in sent
    _say(f"| SHA-256 of stored texts, computed anew | {right:,} of {total:,} right, {len(sent):,} sent | |")
    if not right == total == len(sent):
        raise AssertionError("a stored text is not what was sent")


def _pieces(texts: Iterator[str]) -> Iterator[bytes]:
    held: list[str] = []
    length = 0
    for text in texts:
        if length + len(text) + 1 > PIECE_BYTES:
            yield "".join(held).encode()
            held, length = [], 0
        held.append(text + "\n")
        length += len(text) + 1
    yield "".join(held).encode()


def _observations(slug: str, count: int, prefix: str = "") -> Iterator[str]:
    """Texts of device readings, another one each, the same for the same slug."""
    chance = random.Random(slug)
    for number in range(count):
        code, unit, low, high = CODES[number % len(CODES)]
        person = chance.randrange(PATIENTS)
        when = START + timedelta(seconds=number)
        yield (
            f'{{"resourceType":"Observation","id":"{slug}-{number}","meta":{{"versionId":"1","lastUpdated":'
            f'"{(when + timedelta(seconds=9)).isoformat()}"}},"identifier":[{{"system":"urn:bench:reading","value":'
            f'"{slug}-{number}"}}],"status":"final","category":{CATEGORY},"code":{{"coding":[{{"system":'
            f'"http://loinc.org","code":"{code}","display":"Something measured"}}]}},'
            f'"subject":{{"reference":"Patient/{prefix}p{person}"}},'
            f'"effectiveDateTime":"{when.isoformat()}","valueQuantity":{{"value":{chance.uniform(low, high):.1f},'
            f'"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}'
        )


def _unnamed(text: str) -> str:
    """The text without the id and version that the door gives."""
    start, end = text.index('"id"'), text.index('"identifier"')
    return text[:start] + text[end:]


def _patient(number: int) -> str:
    return (
        f'{{"resourceType":"Patient","id":"p{number}","meta":{{"versionId":"1","lastUpdated":'
        f'"2025-01-01T00:00:00Z"}},"name":[{{"family":"Family{number}"}}],"gender":"female"}}'
    )


def _uuid(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _of_database(connection: object) -> Callable[[], float]:
    """Seconds of processor time that PostgreSQL's process for our connection has used; 0 where it is elsewhere."""
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/stat")

    def seconds() -> float:
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    return seconds


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
