"""Step 6: the sign-off. One plan of what was on the page, with a reason, once."""

import pytest

from tests.story.site import Site, field, link, token

pytestmark = pytest.mark.servers


def test_a_clinician_signs_one_plan_with_a_reason_and_nobody_can_sign_again(site: Site) -> None:
    with site.signed_in("clinician") as browser:
        patient = browser.get(link(browser.get("/").text, r"/patients/[0-9a-f-]{36}"))
        path = link(patient.text, r"/comparisons/[0-9a-f-]{36}")
        page = browser.get(path)
        form = {
            "csrfmiddlewaretoken": token(page.text),
            "digest": field(page.text, "digest"),
            "plan": "1",
            "reason": "Better chance of the target.",
            "again": site.logins()["clinician"],
        }
        without_reason = browser.post(f"{path}/sign", data={**form, "reason": "  "})
        other_page = browser.post(f"{path}/sign", data={**form, "digest": "0" * 64})
        signed = browser.post(f"{path}/sign", data=form)
        again = browser.post(f"{path}/sign", data=form)
        after = browser.get(path)
    assert without_reason.status_code == other_page.status_code == 400 or 409 in {
        without_reason.status_code,
        other_page.status_code,
    }
    assert signed.status_code == 302
    assert again.status_code in {400, 409}
    assert "Better chance of the target." in after.text
    key = path.rsplit("/", 1)[1]
    rows = site.sql("select comparison_id, chosen_plan, comparison_digest from decisions_decision")
    assert [(str(row[0]).replace("-", ""), row[1], row[2]) for row in rows] == [
        (key.replace("-", ""), 1, form["digest"])
    ]


def test_a_decision_cannot_be_changed_even_past_the_product(site: Site) -> None:
    assert "append-only" in site.refusal("update decisions_decision set chosen_plan = 0")
    assert "append-only" in site.refusal("delete from decisions_decision")
