"""Whatever the ward does and whoever is killed: the same samples and the same twins as on a calm day."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from integrations.ward.faults import NAMES
from tests.story.site import Site

pytestmark = pytest.mark.servers

HOURS = 60
KILLS = 4


def usable(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    """All that the twins may be made of, and the last twins, without keys that differ from site to site."""
    return {
        "samples": site.sql(
            "select source_key, part, channel, value, event_time from records_storedsample where state = 'active' "
            "order by source_key, part"
        ),
        "doses": site.sql(
            "select source_key, amount_mg, duration_h, event_time from records_givendose where state = 'active' "
            "order by source_key"
        ),
        "orders": site.sql(
            "select source_key, amount_mg, interval_h, event_time, end_time from records_order where state = 'active' "
            "order by source_key"
        ),
        "twins": site.sql(
            "select v.model_id, v.course_digest, v.digest from records_twinversion v where not exists "
            "(select 1 from records_twinversion w where w.parent_id = v.id) order by v.course_digest, v.model_id"
        ),
    }


def calm(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Site(folder, people=False) as site:
        ward = site.start_ward(hours=HOURS)
        site.start_worker()
        site.manage("pull", ward, "--source", "ward")
        site.wait_for_jobs()
        return usable(site)


@pytest.mark.timeout(420)
def test_faults_and_kills_change_nothing_of_the_final_result(tmp_path: Path) -> None:
    expected = calm(tmp_path / "calm")
    chance = random.Random(20260105)
    with Site(tmp_path / "storm", people=False) as site:
        ward = site.start_ward(hours=HOURS, faults=NAMES)
        for number in range(KILLS):
            worker = site.start_worker(f"worker{number}")
            puller = site.begin("pull", ward, "--source", "ward")
            time.sleep(chance.uniform(2.0, 7.0))
            site.kill(worker)
            puller.kill()
            puller.wait()
        site.start_worker("last")
        site.manage("pull", ward, "--source", "ward")
        site.wait_for_jobs()
        found = usable(site)
        for name, rows in expected.items():
            assert found[name] == rows, name
        quarantine = site.sql("select reason, detail from readings_quarantineentry where state = 'waiting'")
        assert {reason for reason, _ in quarantine} >= {"unknown-unit"}
        assert all(detail for _, detail in quarantine)
        assert site.manage("verify_audit").returncode == 0
