"""Step 1: a device reading comes in over HTTP and is kept as it came."""

import hashlib
import json

import pytest

from tests.story.site import Site

pytestmark = pytest.mark.servers


def test_every_payload_is_kept_byte_for_byte_under_its_digest(site: Site) -> None:
    payloads = site.sql("select sha256, content, state from readings_reading")
    assert len(payloads) > 10
    for digest, content, state in payloads:
        assert hashlib.sha256(bytes(content)).hexdigest() == digest
        assert state == "opened"


def test_every_resource_of_the_ward_was_accepted_once(site: Site) -> None:
    of_ward = "from readings_resource where source_key like 'ward/%'"
    (total, different), *_ = site.sql(f"select count(*), count(distinct source_key) {of_ward}")
    assert total == different > 1000
    assert site.sql("select count(*) from readings_quarantineentry") == [(0,)]


def test_the_text_of_a_resource_is_a_piece_of_the_payload_it_came_in(site: Site) -> None:
    rows = site.sql(
        "select r.text, p.content from readings_resource r join readings_reading p on p.id = r.reading_id "
        "where r.resource_type = 'Observation' and r.source_key like 'ward/%' order by r.id limit 20"
    )
    assert len(rows) == 20
    for text, content in rows:
        assert text.encode() in bytes(content)
        assert json.loads(text)["resourceType"] == "Observation"


def test_pulling_again_brings_nothing_new(site: Site) -> None:
    counts = "select (select count(*) from readings_resource), (select count(*) from records_storedsample)"
    before = site.sql(counts)
    site.manage("pull", site.ward, "--source", "ward")
    assert site.sql(counts) == before
