"""Step 5: the page. From the worklist to a comparison in three clicks, and other plans on request."""

import re
import time

import httpx
import pytest

from tests.story.site import Site, link, token

pytestmark = pytest.mark.servers

LATEST = (
    "select v.subject_id from records_twinversion v join records_comparison c on c.twin_version_id = v.id "
    "where c.is_default order by v.created_at desc"
)


def test_a_clinician_clicks_from_the_worklist_to_a_comparison(site: Site) -> None:
    with site.signed_in("clinician") as browser:
        worklist = browser.get("/")
        patient = browser.get(link(worklist.text, r"/patients/[0-9a-f-]{36}"))
        comparison = browser.get(link(patient.text, r"/comparisons/[0-9a-f-]{36}"))
    assert (worklist.status_code, patient.status_code, comparison.status_code) == (200, 200, 200)
    assert "chance of an AUC24" in comparison.text
    assert comparison.text.count('name="plan"') >= 2
    assert "checked" not in re.findall(r'<input type="radio"[^>]*>', comparison.text)[0]


def test_other_plans_are_computed_by_the_worker_on_request(site: Site) -> None:
    with site.signed_in("pharmacist") as browser:
        patient = browser.get(link(browser.get("/").text, r"/patients/[0-9a-f-]{36}"))
        form = browser.get(link(patient.text, r"/patients/[0-9a-f-]{36}/compare"))
        start = re.findall(r'name="plan1-start"[^>]*value="([^"]+)"', form.text)[0]
        answer = browser.post(
            str(form.url),
            data={
                "csrfmiddlewaretoken": token(form.text),
                **plan(1, dose="750", interval="12", infusion="1", start=start),
                **plan(2, dose="1500", interval="24", infusion="2", start=start),
            },
        )
        assert answer.status_code == 302, answer.text
        page = follow(browser, answer.headers["location"])
    assert "750 mg" in page.text
    assert "1500 mg" in page.text
    assert "/comparisons/" in str(page.url)


def plan(place: int, *, dose: str, interval: str, infusion: str, start: str) -> dict[str, str]:
    return {
        f"plan{place}-amount_mg": dose,
        f"plan{place}-interval_h": interval,
        f"plan{place}-duration_h": infusion,
        f"plan{place}-start": start,
    }


def follow(browser: httpx.Client, where: str, patience: float = 180) -> httpx.Response:
    """Wait as the page says until it is the comparison."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        page = browser.get(where, follow_redirects=True)
        if "/comparisons/" in str(page.url):
            return page
        time.sleep(0.3)
    raise AssertionError(f"no comparison after {patience} s: {page.text}")


def test_a_stranger_and_a_clinician_of_another_ward_see_nothing(site: Site) -> None:
    subject = str(site.sql(LATEST)[0][0])
    path = f"/patients/{subject if '-' in subject else dashed(subject)}"
    assert httpx.get(site.pages + path, trust_env=False).status_code == 401
    with site.signed_in("visitor") as browser:
        assert browser.get(path).status_code == 403
        assert not re.findall(r"/patients/[0-9a-f-]{36}", browser.get("/").text)


def dashed(key: str) -> str:
    """SQLite keeps a UUID without its dashes."""
    return "-".join((key[:8], key[8:12], key[12:16], key[16:20], key[20:]))
