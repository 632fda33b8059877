"""The main job on RabbitMQ, which holds what a killed worker had not acknowledged."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import kombu
import pytest

from tests.run import rabbitmq_url
from tests.story.site import Site

pytestmark = pytest.mark.servers


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with a queue of its own there, which goes when the test ends."""
    url = rabbitmq_url()
    if url is None:
        pytest.skip("no RabbitMQ answers (start one, or set TEST_RABBITMQ_URL)")
    found = Site(tmp_path)
    queue = f"celery-{found.folder.name}-{os.getpid()}"
    found.environment |= {"CELERY_BROKER_URL": url, "CELERY_QUEUE": queue}
    with found:
        yield found
    with kombu.Connection(url) as broker:
        broker.default_channel.queue_delete(queue)


def waiting(site: Site) -> int:
    with kombu.Connection(site.environment["CELERY_BROKER_URL"]) as broker:
        declared = broker.default_channel.queue_declare(site.environment["CELERY_QUEUE"], passive=True)
        return int(declared.message_count)


@pytest.mark.timeout(420)
def test_a_pull_becomes_twins_though_the_first_worker_is_killed(site: Site) -> None:
    ward = site.start_ward(hours=48)
    first = site.start_worker("first")
    site.manage("pull", ward, "--source", "ward")
    deadline = time.monotonic() + 120
    while not site.sql("select 1 from records_job where state <> 'queued'"):
        assert time.monotonic() < deadline, "no worker took a job from the queue"
        time.sleep(0.05)
    site.kill(first)
    site.start_worker("second")
    site.wait_for_jobs()

    assert site.sql("select count(*) from records_job where state = 'done'")[0][0] > 0
    subjects = site.sql("select count(distinct subject_id) from records_givendose where state = 'active'")
    assert site.sql("select count(distinct subject_id) from records_twinversion") == subjects
    assert site.manage("verify_audit").returncode == 0
    assert waiting(site) == 0
