"""``python -m tests.benchmarks.fhir_export``: the bulk export of 1,000,000 Observations on PostgreSQL.

Makes a database of its own beside the one that ``TEST_DATABASE_URL`` names, and drops it afterwards unless ``--keep``
is given; ``--count`` loads fewer. Real workers write the files (``--workers``, two by default); the time runs from the
kick-off to the manifest, and the files are then fetched at the door and their lines counted. What the workers and the
database server computed meanwhile is shown beside it: on a machine that does other work too, the clock tells little.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path
from typing import Any

from tests.benchmarks import observations

DATABASE = "patient_twin_bench_export"
GOAL = 20_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="leave the database, and use it if it is there")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="patient-twin-bench-"))
    os.environ.update(
        DATABASE_URL=observations.address(DATABASE), VAR_DIR=str(folder), ALLOWED_HOSTS="testserver",
        CELERY_BROKER_URL="filesystem://",
    )  # fmt: skip
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    fresh = observations.make(DATABASE)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    try:
        call_command("migrate", verbosity=0)
        if fresh:
            _say(f"{given.count:,} Observations copied in {observations.load(DATABASE, given.count):.0f} s")
        _measure(folder, given.workers)
    finally:
        connection.close()
        if not given.keep:
            observations.drop(DATABASE)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _measure(folder: Path, workers: int) -> None:
    from django.core.management import call_command
    from django.test import Client

    from clinic.site.processes import Processes, worker

    out = StringIO()
    call_command("integration_token", "bench", stdout=out)
    client = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    with Processes(folder / "logs") as processes:
        group = processes.start("worker", worker(concurrency=workers, beat=False))
        time.sleep(15)  # their start is not what is measured
        head = f"{'export':32} {'resources':>10} {'MB':>6} {'s':>7} {'a second':>9} {'goal':>7}"
        _say(f"{head} {'CPU s':>6} {'µs each':>8}")
        for title, address in (
            ("Observation", "/fhir/$export?_type=Observation"),
            ("everything, of all patients", "/fhir/Patient/$export"),
            ("Observation, three elements", "/fhir/$export?_type=Observation&_elements=status,code,valueQuantity"),
            (
                "Observation, one of two codes",
                "/fhir/$export?_type=Observation&_typeFilter=Observation%3Fcode%3D8867-4,2160-0",
            ),
        ):
            _export(client, folder, processes, group, title, address)


def _export(client: Any, folder: Path, processes: Any, group: int, title: str, address: str) -> None:
    computed = _computed_s(group)
    began = time.perf_counter()
    begun = client.get(address, headers={"Prefer": "respond-async"})
    where = begun["Content-Location"].removeprefix("http://testserver")
    while (answer := client.get(where)).status_code in (202, 429):
        processes.check()
        time.sleep(0.6)
    seconds = time.perf_counter() - began
    computed = _computed_s(group) - computed
    items = answer.json()["output"]
    size = sum(path.stat().st_size for path in (folder / "exports" / where.rpartition("/")[2]).iterdir())
    looked_at = _resources(address)
    count = sum(item["count"] for item in items)
    _say(
        f"{title:32} {count:10,} {size / 1e6:6.0f} {seconds:7.1f} {looked_at / seconds:9,.0f} {GOAL:7,}"
        f" {computed:6.1f} {computed / looked_at * 1e6:8.1f}"
    )
    began = time.perf_counter()
    lines = 0
    for item in items:
        file = client.get(item["url"].removeprefix("http://testserver"))
        lines += sum(piece.count(b"\n") for piece in file.streaming_content)
    if lines != count:
        raise AssertionError(f"the manifest counts {count} lines, the files have {lines}")
    _say(f"{'  its files fetched and counted':32} {lines:10,} {'':6} {time.perf_counter() - began:7.1f}")
    client.delete(where)


def _resources(address: str) -> int:
    """The stored resources that the export looks at."""
    from integrations.readings.models import Resource

    rows = Resource.objects.all()
    return rows.filter(resource_type="Observation").count() if "_type=Observation" in address else rows.count()


def _computed_s(group: int) -> float:
    """Seconds of processor time that the workers and their backends of the database server took so far.

    The server's are counted where it runs on this machine.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        backends = {pid for (pid,) in cursor.fetchall()}
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            continue
        if int(fields[2]) == group or int(path.parent.name) in backends:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
