"""Step 3: the twin learns; a new reading makes a new version and never changes an old one."""

from typing import Any

import pytest

from tests.story.site import Site

pytestmark = pytest.mark.servers

VERSIONS = "select subject_id, model_id, number, outcome, course_digest, parent_id, id from records_twinversion"


def newest(site: Site) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    return {(row[0], row[1]): row for row in sorted(site.sql(VERSIONS), key=lambda row: row[2])}


def test_every_patient_on_vancomycin_has_a_twin_of_each_model(site: Site) -> None:
    treated = {row[0] for row in site.sql("select distinct subject_id from records_givendose")}
    kept = {(row[0], row[1]) for row in site.sql(VERSIONS)}
    assert len(treated) >= 7
    for subject in treated:
        assert {(subject, "vancomycin-goti-2018"), (subject, "vancomycin-thomson-2009")} <= kept


def test_the_rows_carry_no_name_and_no_date_of_birth(site: Site) -> None:
    names = [row[0] for row in site.sql("select family_name from patients_patient")]
    births = [str(row[0])[:10] for row in site.sql("select birth_date from patients_patient")]
    texts = " ".join(str(row) for row in site.sql("select course, fit from records_twinversion"))
    assert names
    assert not [word for word in names + births if word in texts]


def test_a_new_reading_makes_a_new_version_whose_parent_is_the_last(site: Site) -> None:
    before = newest(site)
    old_rows = sorted(map(str, site.sql("select id, digest, course_digest from records_twinversion")))
    site.move_ward_clock(72)
    site.manage("pull", site.ward, "--source", "ward")
    site.wait_for_jobs()
    moved = {key for key, row in newest(site).items() if row[2] > before.get(key, (0, 0, 0))[2]}
    assert moved & before.keys()
    for subject, model, number, _outcome, digest, parent, _key in site.sql(VERSIONS):
        old = before.get((subject, model))
        if old is not None and number == old[2] + 1:
            assert parent == old[6]
            assert digest != old[4]
    still = sorted(map(str, site.sql("select id, digest, course_digest from records_twinversion")))
    assert set(old_rows) <= set(still)


def test_the_same_data_make_no_new_version(site: Site) -> None:
    before = site.sql("select count(*) from records_twinversion")
    site.manage("pull", site.ward, "--source", "ward")
    site.wait_for_jobs()
    assert site.sql("select count(*) from records_twinversion") == before
