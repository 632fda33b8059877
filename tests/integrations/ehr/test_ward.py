"""Pulling from the simulated ward over real HTTP: every fault is survived, and SIGKILL changes nothing."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from integrations.ehr.client import Client, Patience
from integrations.ehr.pull import pull
from integrations.readings.models import QuarantineEntry, QuarantineState, Resource, Source
from integrations.ward.clock import WardClock
from integrations.ward.faults import NAMES, PAGE, TRANSPORT, FaultPlan
from integrations.ward.server import WardHandler, WardServer
from integrations.ward.ward import Ward
from tests import migrated
from tests.integrations.ehr.final_state import final_state
from twins.records.models import StoredSample

ROOT = Path(__file__).resolve().parents[3]
EPOCH = datetime(2026, 1, 5, 7, tzinfo=UTC)
HOURS = (20.0, 46.0)
PATIENT = Patience(tries=8, first_wait_s=0.01, longest_wait_s=0.1, timeout_s=10.0)
FACTS = ("samples", "doses", "orders", "patients", "stays", "conditions")


class CountingHandler(WardHandler):
    def _answer(self, method: str) -> None:
        self.server.answered += 1  # type: ignore[attr-defined]
        super()._answer(method)


@contextmanager
def serving(plan: FaultPlan | None = None, *, hours: float = HOURS[-1]) -> Iterator[WardServer]:
    """A ward at `hours` of its story, with its clock standing still."""
    server = WardServer(Ward(seed=7, clock=WardClock(EPOCH, hours_known=hours, speed=0), plan=plan))
    server.RequestHandlerClass = CountingHandler
    server.answered = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        server.server_close()
        thread.join(5)


def _pull_through(server: WardServer, *between: float) -> dict[str, Any]:
    """Pull at each of `HOURS` and at those `between`, and once more; the facts at the end."""
    source, _ = Source.objects.get_or_create(slug="ward", defaults={"address": server.address})
    source.address = server.address
    source.save()
    for hours in (*sorted({*HOURS, *between}), HOURS[-1]):
        server.ward.clock.set_hours(hours)
        with Client(server.address, patience=PATIENT) as client:
            report = pull(source, client, page_size=60)
        assert report.ok, report
    state = final_state()
    return {fact: state[fact] for fact in FACTS}


@pytest.fixture(scope="module")
def calm(django_db_setup: None, django_db_blocker: Any) -> dict[str, Any]:
    """The facts after pulling from a ward without faults; the database is as before."""
    with django_db_blocker.unblock(), serving() as server, transaction.atomic():
        facts = _pull_through(server)
        transaction.set_rollback(True)
    return facts


GROUPS = {
    "transport": TRANSPORT,
    "pages": PAGE,
    "content": tuple(name for name in NAMES if name not in TRANSPORT + PAGE),
    "all at once": NAMES,
}


@pytest.mark.parametrize("group", GROUPS)
def test_every_fault_of_the_ward_is_survived(db: None, calm: dict[str, Any], group: str) -> None:
    plan = FaultPlan(names=GROUPS[group], seed=11, rate=0.5, failures=2, retry_after_s=0, timeout_s=0.2)
    with serving(plan) as server:
        told = server.ward.faults_json()
        facts = _pull_through(server, *_while_wrong(told))
        told = server.ward.faults_json()
    for fact in FACTS:
        assert facts[fact] == calm[fact], fact
    waiting = QuarantineEntry.objects.filter(state=QuarantineState.WAITING)
    unusable = {f"ward/{d['reference']}" for d in told["disturbances"] if d["mended"] is None}
    by_now = {key for key in unusable if _known(server, key)}
    assert set(waiting.values_list("source_key", flat=True)) == by_now
    assert all(entry.detail and entry.reason for entry in waiting)
    for name in GROUPS[group]:
        if name in TRANSPORT or name == "duplicate":
            assert told["struck"].get(name), f"{name} never struck"
    if group == "content":
        assert by_now
        assert StoredSample.objects.filter(state="superseded").exists()
        assert StoredSample.objects.filter(state="withdrawn").exists()
    assert len(calm["samples"]) > 2000


def _while_wrong(told: dict[str, Any]) -> list[float]:
    """An hour at which a value that is corrected later stands wrong, and one for a mistake that is withdrawn later."""
    found: dict[str, float] = {}
    for item in told["disturbances"]:
        if item["mended"] is not None:
            opens, mended = (datetime.fromisoformat(item[name]) for name in ("opens", "mended"))
            hours = ((opens + (mended - opens) / 2) - EPOCH).total_seconds() / 3600.0
            if 0 < hours < HOURS[-1]:
                found.setdefault(item["fault"], hours)
    return [found[name] for name in ("corrected", "entered-in-error") if name in found]


def _known(server: WardServer, key: str) -> bool:
    _, kind, identifier = key.split("/")
    return bool(server.ward.state[0].history(kind, server.ward.now(), identifier))


def test_a_level_keeps_the_digits_that_the_ward_wrote(db: None, calm: dict[str, Any]) -> None:
    with serving(hours=HOURS[0]) as server:
        source = Source.objects.create(slug="ward", address=server.address)
        with Client(server.address) as client:
            page = client.get("Observation?_count=1000").content.decode()
            pull(source, client, page_size=1000)
    texts = Resource.objects.filter(resource_type="Observation").values_list("text", flat=True)
    assert texts
    assert all(text in page for text in texts)


# --- SIGKILL -----------------------------------------------------------------------------------------------------


def _manage(var: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment, "VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()


QUESTIONS = {
    "samples": "select source_key, source_version, part, state, channel, value, event_time from records_storedsample",
    "doses": "select source_key, source_version, state, amount_mg, duration_h, event_time from records_givendose",
    "orders": "select source_key, source_version, state, amount_mg, interval_h, end_time from records_order",
    "resources": "select source_key, version, sha256, is_current, status from readings_resource",
    "patients": "select source_key, family_name, birth_date from patients_patient",
    "cursors": "select resource_type, updated_until, next_url, run_started from ehr_pullcursor",
    "quarantine": "select source_key, version, reason, state from readings_quarantineentry",
    "readings": "select count(*) from readings_reading where state != 'opened'",
}


def _facts(var: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(var / "clinic.sqlite3")) as database:
        return {name: sorted(database.execute(question).fetchall(), key=str) for name, question in QUESTIONS.items()}


def _site(folder: Path) -> Path:
    migrated.into(folder)
    return folder


def _strike(
    process: subprocess.Popen[bytes], server: WardServer, after: int, seconds: float, with_: signal.Signals
) -> bool:
    """Send a signal `seconds` after the ward answered `after` more requests; False if the puller was quicker."""
    server.answered = 0  # type: ignore[attr-defined]
    while process.poll() is None and server.answered < after:  # type: ignore[attr-defined]
        time.sleep(0.002)
    time.sleep(seconds)
    if process.poll() is not None:
        return False
    process.send_signal(with_)
    return True


def test_a_puller_killed_or_stopped_at_random_moments_ends_the_same(tmp_path: Path) -> None:
    rng = random.Random(20260305)
    plan = FaultPlan(names=("corrected", "entered-in-error", "unknown-unit", "bad-entry", "out-of-order"), seed=5)
    with serving(plan, hours=HOURS[0]) as server:
        arguments = ("pull", server.address, "--source", "ward", "--page-size", "25")
        whole = _site(tmp_path / "whole")
        _finish(_manage(whole, *arguments))
        requests = server.answered  # type: ignore[attr-defined]
        killed = _site(tmp_path / "killed")
        kills = 0
        for _ in range(3):
            process = _manage(killed, *arguments)
            kills += _strike(process, server, rng.randrange(2, requests // 2), rng.uniform(0, 0.1), signal.SIGKILL)
            process.communicate(timeout=60)
        process = _manage(killed, *arguments, "--every", "60")
        assert _strike(process, server, 3, 0.0, signal.SIGTERM)
        _finish(process)
        partly = len(_facts(killed)["resources"])
        _finish(_manage(killed, *arguments))
        end, expected = _facts(killed), _facts(whole)
    assert kills >= 2
    assert requests > 15
    assert partly > 0
    for name in QUESTIONS:
        assert end[name] == expected[name], name
    assert len(expected["samples"]) > 500
    assert expected["readings"] == [(0,)]
