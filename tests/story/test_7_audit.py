"""Step 7: the trail. Who saw and did what is there, whole, and every number can be computed again."""

import httpx
import pytest

from tests.story.site import Site

pytestmark = pytest.mark.servers


def test_the_chain_holds_every_step_of_the_story(site: Site) -> None:
    activities = {row[0] for row in site.sql("select distinct activity from audit_auditevent")}
    assert {"twin.update", "comparison.make", "page.worklist", "page.patient", "page.comparison"} <= activities
    seen = site.sql(
        "select entity_version from audit_auditevent where activity = 'page.comparison' and entity_type = 'Comparison'"
    )
    digests = {row[0] for row in site.sql("select digest from records_comparison")}
    assert seen
    assert {row[0] for row in seen} <= digests


def test_the_chain_is_whole(site: Site) -> None:
    assert site.manage("verify_audit").returncode == 0


def test_nobody_can_edit_or_remove_an_event(site: Site) -> None:
    assert "append-only" in site.refusal("update audit_auditevent set actor = 'nobody' where sequence = 1")
    assert "append-only" in site.refusal("delete from audit_auditevent where sequence = 1")


def test_the_signed_comparison_is_recomputed_bit_for_bit(site: Site) -> None:
    (key,) = site.sql("select comparison_id from decisions_decision")[0]
    done = site.manage("replay", str(key))
    assert "bit" in done.stdout


def test_a_hospital_system_reads_the_forecasts_with_a_token_and_is_refused_without(site: Site) -> None:
    bearer = site.manage("integration_token", "story").stdout.strip().splitlines()[-1]
    headers = {"Authorization": f"Bearer {bearer}"}
    url = f"{site.pages}/fhir/RiskAssessment"
    assert httpx.get(url, trust_env=False).status_code == 401
    bundle = httpx.get(url, headers=headers, trust_env=False).raise_for_status().json()
    assessments = [entry["resource"] for entry in bundle["entry"]]
    assert {resource["resourceType"] for resource in assessments} == {"RiskAssessment"}
    # R4 gives the probability of a prediction in per cent.
    shares = [item["probabilityDecimal"] for one in assessments for item in one["prediction"]]
    assert all(0 <= share <= 100 for share in shares)
    assert max(shares) > 1
    named = [item["reference"] for one in assessments for item in one.get("basis", ())]
    assert named
    assert {reference.partition("/")[0] for reference in named} >= {"Observation", "MedicationAdministration"}
    for reference in dict.fromkeys(named):
        assert "/_history/" in reference
        source = f"{site.pages}/fhir/{reference}"
        assert httpx.get(source, headers=headers, trust_env=False).raise_for_status().json()["resourceType"]
