"""``python -m tests.benchmarks.clinic_load``: 50 clinicians at once on the pages, by HTTP, on PostgreSQL.

Makes a database of its own beside the one that ``TEST_DATABASE_URL`` names, with 500 patients of ten wards who each
have a twin, a comparison and 90 days of heart rates by the minute (64,800,000 samples; ``--days`` loads fewer), and
drops it afterwards unless ``--keep`` is given. Then the web server as ``manage.py serve`` starts it,
and clinicians who go from the worklist to a patient to the comparison and back, and look at each page for some seconds.
"""

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from tests.benchmarks.observations import address, drop, make

DATABASE = "patient_twin_bench_clinic"
PATIENTS, CLINICIANS, WARDS = 500, 50, 10
PASSWORD = "ward round at seven"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=90, help="days of samples by the minute")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long the clinicians work")
    parser.add_argument("--look", type=float, default=5.0, help="seconds that a page is looked at, on average")
    parser.add_argument("--port", type=int, default=8899)
    parser.add_argument("--keep", action="store_true", help="leave the database, and use it if it is there")
    given = parser.parse_args()
    fresh = make(DATABASE)
    os.environ["DATABASE_URL"] = address(DATABASE)
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="patient-twin-load-")
    os.environ["WARM_AT_START"] = "0"  # what it loads in the background would be measured along with the pages
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    try:
        if fresh:
            _people_and_patients()
            _minutes(given.days)
        connection.close()
        _measure(given.port, given.seconds, given.look)
    finally:
        if not given.keep:
            connection.close()
            drop(DATABASE)
    return 0


def _people_and_patients() -> None:
    from tests.factories import patient_records as rows

    for number in range(CLINICIANS):
        user = rows.person(_name(number), team=f"Ward {number % WARDS}")
        user.set_password(PASSWORD)
        user.save()
    course = rows.recent_course()
    for number in range(PATIENTS):
        rows.twin(rows.patient(f"Family{number}", team=f"Ward {number % WARDS}").subject, course=course)
    _say(f"{PATIENTS} patients with twins, {CLINICIANS} clinicians")


def _name(number: int) -> str:
    return f"clinician{number}"


def _minutes(days: int) -> None:
    """A heart rate a minute, made by the server itself.

    The table keeps no journal, and what it checks and finds by is made again afterwards: a third of the time.
    """
    began = time.perf_counter()
    with psycopg.connect(address(DATABASE), autocommit=True) as connection:
        held = _held(connection)
        for name, _, constraint in held:
            connection.execute(
                f"alter table records_storedsample drop constraint {name}" if constraint else f"drop index {name}"
            )
        connection.execute("alter table records_storedsample set unlogged")
        halves = [threading.Thread(target=_insert, args=(days, half)) for half in range(2)]
        for half in halves:
            half.start()
        for half in halves:
            half.join()
        connection.execute("set maintenance_work_mem = '1GB'")
        for name, definition, constraint in held:
            again = f"alter table records_storedsample add constraint {name} {definition}" if constraint else definition
            connection.execute(again)
        connection.execute("vacuum analyze")
        (count,) = connection.execute("select count(*) from records_storedsample").fetchone() or (0,)
    _say(f"{count:,} samples in {time.perf_counter() - began:.0f} s")


def _held(connection: psycopg.Connection) -> list[tuple[str, str, bool]]:
    """Constraints and indexes of the table but its key: name, definition, whether it is a constraint."""
    return connection.execute(
        """
        select conname, pg_get_constraintdef(oid), true from pg_constraint
        where conrelid = 'records_storedsample'::regclass and contype in ('f', 'u')
        union all
        select indexrelid::regclass::text, pg_get_indexdef(indexrelid), false from pg_index
        where indrelid = 'records_storedsample'::regclass
          and not exists (select 1 from pg_constraint where conindid = indexrelid and conrelid = indrelid)
        """
    ).fetchall()


def _insert(days: int, half: int) -> None:
    with psycopg.connect(address(DATABASE), autocommit=True) as connection:
        connection.execute(
            """
            insert into records_storedsample (source_key, source_version, part, state, event_time, received_time,
                                              channel, value, device_key, quality, subject_id)
            select 'bench/Observation/' || subject.number || '-' || minute, '1', '', 'active',
                   now() - minute * interval '1 minute', now() - minute * interval '1 minute',
                   'heart_rate', 80 + 10 * sin(minute / 200.0) + minute %% 7, '', '[]', subject.key
            from (select key, row_number() over (order by key) as number from records_subject) as subject,
                 generate_series(1, %s) as minute
            where subject.number %% 2 = %s
            """,
            [days * 24 * 60, half],
        )


def _measure(port: int, seconds: float, look: float) -> None:
    base = f"http://127.0.0.1:{port}"
    with _site(port, base):
        clients = [_signed_in(base, _name(number)) for number in range(CLINICIANS)]
        for client in clients[:4]:  # each process has read its templates before the clock runs
            client.get("/")
        times: list[tuple[str, float, int]] = []
        ends = time.perf_counter() + seconds
        rounds = [
            threading.Thread(target=_rounds, args=(client, number, ends, look, times))
            for number, client in enumerate(clients)
        ]
        began = time.perf_counter()
        for one in rounds:
            one.start()
        for one in rounds:
            one.join()
        _tell(times, time.perf_counter() - began)


@contextmanager
def _site(port: int, base: str) -> Iterator[None]:
    from clinic.site.processes import Processes, web

    with Processes(Path(os.environ["VAR_DIR"]) / "logs") as processes:
        processes.start("web", web(port, workers=2))
        for _ in range(240):
            processes.check()
            try:
                httpx.get(f"{base}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.25)
        yield


def _signed_in(base: str, name: str) -> httpx.Client:
    client = httpx.Client(base_url=base, timeout=60.0, follow_redirects=True)
    form = client.get("/login").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    if token is None:
        raise SystemExit("the login page holds no form")
    fields = {"csrfmiddlewaretoken": token[1], "username": name, "login": name, "password": PASSWORD}
    answer = client.post("/login", data=fields, headers={"Referer": f"{base}/login"})
    if "Log out" not in answer.text:
        raise SystemExit(f"{name} cannot log in: {answer.status_code}")
    return client


def _rounds(client: httpx.Client, number: int, ends: float, look: float, times: list[tuple[str, float, int]]) -> None:
    """Worklist, one of its patients, that patient's comparison, and again."""
    chance = random.Random(number)
    time.sleep(chance.random() * look)
    while True:
        place = "/"
        for name, leads_to in (("worklist", "patients"), ("patient", "comparisons"), ("comparison", "")):
            if time.perf_counter() >= ends:
                return
            text = _page(client, name, place, times)
            if leads_to:
                place = chance.choice(re.findall(rf'href="(/{leads_to}/[0-9a-f-]{{36}})"', text))
            time.sleep(chance.expovariate(1.0 / look))


def _page(client: httpx.Client, name: str, path: str, times: list[tuple[str, float, int]]) -> str:
    began = time.perf_counter()
    answer = client.get(path)
    times.append((name, (time.perf_counter() - began) * 1000, answer.status_code))
    return answer.text


def _tell(times: list[tuple[str, float, int]], seconds: float) -> None:
    wrong = [status for _, _, status in times if status != 200]
    _say(f"{CLINICIANS} clinicians, {len(times)} pages in {seconds:.0f} s, {len(wrong)} not answered with 200")
    _say(f"{'page':12} {'pages':>6} {'median ms':>10} {'95 % below':>11} {'slowest':>8}")
    for name in ("worklist", "patient", "comparison", ""):
        spans = sorted(span for page, span, _ in times if name in ("", page))
        if spans:
            p95 = spans[int(len(spans) * 0.95)]
            _say(f"{name or 'all':12} {len(spans):6} {statistics.median(spans):10.1f} {p95:11.1f} {spans[-1]:8.1f}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
