"""Real worker processes: one, two, all killed half-way; the same study comes out, and nothing asked for is lost."""

import json
from collections.abc import Iterator

import pytest

from tests.twins.cohorts.studies import small, written
from tests.twins.jobs.workers import Workers
from twins.cohorts.expose import columns, expose
from twins.cohorts.summarise import result_digest
from twins.pharmacology import formulary

PATIENTS, CHUNK = 60_000, "200"
SMALL_CHUNK, MANY_CHUNKS = "100", 600
"""Of a study that is to be caught half-way."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with Workers(tmp_path_factory.mktemp("workers") / "site") as workers:
        yield workers


@pytest.fixture(scope="module")
def expected() -> str:
    """The result computed here in one piece, without any worker."""
    spec, model = small(patients=PATIENTS), formulary.model("vancomycin-goti-2018")
    return result_digest(columns(spec, model), expose(spec, model, 0, PATIENTS))


def ask(site: Workers, chunk: str = CHUNK) -> str:
    """Queue the study by command; the job's id."""
    path = site.folder / "study.json"
    path.write_text(json.dumps(written(patients=PATIENTS)), encoding="utf-8")
    return site.manage("study", "run", str(path), "--chunk", chunk).split("Study ", 1)[1].split(":", 1)[0]


def test_many_requests_at_once_are_one_row_that_one_worker_gets_and_does(site: Workers):
    out = site.manage("shell", "--no-imports", "-c", "from tests.twins.jobs.many_requests import main; main()")
    assert json.loads(out[out.index("{") :]) == {"asked": 12, "rows": 1, "claims": 1}
    worker = site.start("updater")
    site.wait_until_done()
    site.kill(worker)
    versions = site.sql("select model_id, number, outcome from records_twinversion order by model_id")
    assert versions == [("vancomycin-goti-2018", 1, "FITTED"), ("vancomycin-thomson-2009", 1, "FITTED")]
    assert site.sql("select count(*) from records_comparison where is_default") == [(1,)]


def test_one_worker_two_workers_and_killed_workers_give_the_same_study(site: Workers, expected: str):
    alone = ask(site)
    first = site.start("first")
    site.wait_until_done()
    assert site.job(alone)["result"]["result_digest"] == expected

    second = site.start("second")
    site.wait_until_ready("second")
    together = ask(site)
    site.wait_until_done()
    assert site.job(together)["result"]["result_digest"] == expected
    hands = [(site.folder / f"{name}.log").read_text(encoding="utf-8") for name in ("first", "second")]
    assert all("Task twins.jobs.cohort.lane" in hand for hand in hands)

    for worker in (first, second):
        site.stop(worker)  # or they are done before the command that asks has ended
    killed = ask(site, chunk=SMALL_CHUNK)
    for worker in (first, second):
        site.go_on(worker)
    site.wait(lambda: site.job(killed)["done"] >= 20, why="the first chunks")
    site.kill(first)
    site.kill(second)
    job = site.job(killed)
    assert job["state"] == "running"
    assert 20 <= job["done"] < MANY_CHUNKS
    finished = site.chunks(killed)
    site.start("heir", beat=True)
    site.wait_until_done()
    job = site.job(killed)
    assert job["result"]["result_digest"] == expected
    assert finished <= site.chunks(killed)
    assert len(site.chunks(killed)) == MANY_CHUNKS


def test_a_study_is_cancelled_and_resumed_by_command(site: Workers, expected: str):
    site.kill_all()
    key = ask(site, chunk=SMALL_CHUNK)
    assert f"queued: 0 of {MANY_CHUNKS}" in site.manage("study", "status", key)
    victim = site.start("victim")
    site.wait(lambda: site.job(key)["done"] >= 10, why="the first chunks")
    site.kill(victim)
    assert "Cancelled with " in site.manage("study", "cancel", key)
    job = site.job(key)
    assert job["state"] == "cancelled"
    assert 10 <= job["done"] < MANY_CHUNKS
    finished = site.chunks(key)
    assert "Queued again" in site.manage("study", "resume", key)
    site.start("worker")
    site.wait_until_done()
    assert site.job(key)["result"]["result_digest"] == expected
    assert finished <= site.chunks(key)


def test_a_message_that_was_lost_is_sent_again(site: Workers, expected: str):
    site.kill_all()
    for left_over in (site.folder / "broker" / "queue").iterdir():
        left_over.unlink()
    key = ask(site, chunk="30000")
    (message,) = (site.folder / "broker" / "queue").iterdir()
    message.unlink()
    site.start("sweeper", beat=True)
    site.wait_until_done()
    assert site.job(key)["result"]["result_digest"] == expected
