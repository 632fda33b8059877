"""Liveness says that the process answers; readiness names each part that does not."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from clinic.audit.models import ChainHead
from clinic.site import heartbeat
from clinic.site.models import WorkerHeartbeat
from tests.clinic.audit.tampering import TABLE, some_events, unguarded


def parts(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    assert answer.json()["ready"] is (answer.status_code == 200)
    return answer.status_code, answer.json()["parts"]


@pytest.mark.django_db
def test_liveness_asks_nothing_of_the_database(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"alive\n")


@pytest.mark.django_db
def test_ready_when_every_part_answers(client: Client) -> None:
    heartbeat.beat("worker@ward", timezone.now())
    some_events(3)
    assert parts(client) == (200, dict.fromkeys(("database", "broker", "worker", "audit chain"), "ok"))


@pytest.mark.django_db
def test_not_ready_before_a_worker_was_heard_nor_after_it_fell_silent(client: Client) -> None:
    assert parts(client)[1]["worker"] == "no worker was ever heard"
    heartbeat.beat("worker@ward", timezone.now(), now=timezone.now() - heartbeat.DEAD_AFTER - timedelta(seconds=10))
    status, said = parts(client)
    assert status == 503
    assert said["worker"].startswith("no worker was heard for 3")


@pytest.mark.django_db
def test_not_ready_when_the_end_of_the_audit_chain_was_cut_off_or_edited(client: Client) -> None:
    heartbeat.beat("worker@ward", timezone.now())
    some_events(3)
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'x' WHERE sequence = 3")  # noqa: S608
    assert "run verify_audit" in parts(client)[1]["audit chain"]
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE sequence = 3")  # noqa: S608
    status, said = parts(client)
    assert status == 503
    assert "run verify_audit" in said["audit chain"]
    ChainHead.objects.all().delete()
    assert parts(client)[1]["audit chain"] == "the chain has no head"


@pytest.mark.django_db
@pytest.mark.skipif(not settings.CELERY_BROKER_URL.startswith("filesystem:"), reason="another broker is in use")
def test_not_ready_when_the_brokers_folder_is_gone(client: Client, tmp_path: Path, settings: Any) -> None:
    heartbeat.beat("worker@ward", timezone.now())
    folder = tmp_path / "queue"
    folder.mkdir()
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {
        **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
        "data_folder_out": str(folder),
    }
    assert parts(client)[0] == 200
    shutil.rmtree(folder)
    status, said = parts(client)
    assert (status, said["broker"]) == (503, "the folder of the messages is missing")


@pytest.mark.django_db
def test_each_worker_has_one_row_and_workers_long_gone_are_forgotten() -> None:
    now = timezone.now()
    heartbeat.beat("old@ward", now, now=now - timedelta(days=3))
    heartbeat.beat("worker@ward", now, now=now - timedelta(seconds=5))
    heartbeat.beat("worker@ward", now, now=now)
    assert list(WorkerHeartbeat.objects.values_list("worker", flat=True)) == ["worker@ward"]
    assert heartbeat.last_beat() == now
