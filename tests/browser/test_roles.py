"""Each role at its own tasks, by keyboard alone: no error of the console, no breach of the policy, no refusal."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from clinic.site.processes import manage
from tests.browser.admission import record_number, write_chart
from tests.browser.conftest import Watched
from tests.browser.hands import Hands, watch
from tests.browser.site import Site, sign_in

pytestmark = pytest.mark.browser
MOST_PAGES = 3
AIM_S = 90
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Desk:
    """Where one task is done."""

    site: Site
    hands: Hands
    browser: Browser
    folder: Path
    role: str
    say: Callable[[str], None]

    @property
    def page(self) -> Page:
        return self.hands.page


@pytest.fixture(scope="module")
def cookies(browser: Browser, site: Site) -> Callable[[str], dict]:
    """A person's session, which they sign in for once; a login is no part of the tasks."""
    kept: dict[str, dict] = {}

    def of(username: str) -> dict:
        if username not in kept:
            kept[username] = sign_in(browser, site, username)
        return kept[username]

    return of


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    browser: Browser,
    site: Site,
    cookies: Callable[[str], dict],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    role: str = request.param
    context = browser.new_context(base_url=site.address, storage_state=cookies(role), accept_downloads=True)
    watch(context)
    watched = Watched(context, site)
    context.set_default_timeout(PATIENCE_MS)  # no test fails by the clock of a busy machine

    def say(sentence: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{sentence}\n")

    yield Desk(site, Hands(watched.page), browser, tmp_path, role, say)
    context.close()
    assert watched.problems == []


def admitted(desk: Desk, story: str, known_h: float) -> None:
    """From the moment at which a chart comes in to a signed decision on it."""
    name = write_chart(desk.folder / "chart", story, known_h)
    begun = time.monotonic()
    desk.site.run(*manage("pull", str(desk.folder / "chart"), "--source", "ward"))
    came_in = time.monotonic()
    hands = desk.hands
    hands.open("/")
    row = desk.page.get_by_role("link", name=f"Compare plans of {name}")
    while not row.count():
        assert time.monotonic() - came_in < 300, "the worker made no twin of the new patient"
        desk.page.wait_for_timeout(500)
        desk.page.reload()
    listed = time.monotonic()
    hands.follow(f"Compare plans of {name}")
    hands.sees("The plans in a sentence")
    hands.follow("Go to the sign-off")
    hands.choose(re.compile("^A "), re.compile("^B "))
    hands.write("Reason", "The loading dose alone leaves the target unmet.")
    if desk.page.locator("#again").count():  # not asked once more soon after an earlier signature
        hands.write(re.compile("^Your password"), desk.site.passwords[desk.role])
    hands.follow("Sign the chosen plan")
    hands.sees("Plan B is signed")
    done = time.monotonic()
    assert len(dict.fromkeys(hands.pages)) <= MOST_PAGES, hands.pages
    desk.say(
        f"New admission ({story}) to signed decision: {len(dict.fromkeys(hands.pages))} pages, "
        f"{done - begun:.1f} s of machine time (aim: {AIM_S} s): {came_in - begun:.1f} s to take the chart in, "
        f"{listed - came_in:.1f} s until it was listed, {done - listed:.1f} s of pages and keys."
    )


def a_new_patient_of_the_clinician(desk: Desk) -> None:
    admitted(desk, "elderly", 10.0)


def a_new_patient_of_the_pharmacist(desk: Desk) -> None:
    admitted(desk, "obesity", 9.0)


def other_plans(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/")
    hands.follow("Compare plans of Okafor, Daniel")
    hands.follow("Ask for other plans")
    hands.write("Dose, mg", "1000")
    hands.reach("Every")
    desk.page.keyboard.type("24")
    hands.write("Infused over, h", "1")
    expect(desk.page.locator("#preview ol.plans li").nth(1)).to_contain_text("1000 mg", timeout=PATIENCE_MS)
    hands.follow("Save as a comparison to sign")
    expect(desk.page.get_by_role("heading", name="The plans in a sentence")).to_be_visible(timeout=60_000)


def a_level_in_doubt(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/")
    hands.follow("Lindqvist, Jonas")
    hands.follow(re.compile("question this Vancomycin level"))
    hands.choose("Leave it out", "Leave it out")
    hands.write("Reason", "Drawn during the infusion.")
    hands.follow("Question it")
    hands.sees("Drawn during the infusion.")
    worked_in = desk.page.locator("[hx-get*='/progress']")  # once it is, the page loads itself again
    expect(worked_in).to_have_count(0, timeout=PATIENCE_MS)
    hands.follow(re.compile("^Undo"))
    expect(desk.page.get_by_role("button", name=re.compile("^Undo"))).to_have_count(0, timeout=PATIENCE_MS)


def a_patient_by_search(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/")
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("Moreau")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**q=Moreau*")
    hands.sees("1 patient of your care teams")
    desk.page.keyboard.press("j")
    desk.page.keyboard.press("Enter")
    hands.sees("Timeline")
    hands.follow(re.compile(r"^Vancomycin level [\d.]+ mg"), stays=True)
    expect(desk.page.locator("#record article")).to_be_visible(timeout=PATIENCE_MS)


def the_note_of_a_comparison(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/")
    hands.follow("Compare plans of Moreau, Hélène")
    hands.follow("Open as plain text")
    hands.sees(re.compile("VANCOMYCIN DOSING COMPARISON: Moreau"))


def the_quarantine(desk: Desk) -> None:
    unknown = {
        "resourceType": "Observation",
        "id": "riddle",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "99999-9"}]},
        "subject": {"reference": "Patient/nobody-here"},
        "effectiveDateTime": "2026-01-01T08:00:00Z",
        "valueQuantity": {"value": 1, "unit": "furlong"},
    }
    (desk.folder / "odd").mkdir()
    (desk.folder / "odd" / "Observation.ndjson").write_text(json.dumps(unknown) + "\n", encoding="utf-8")
    desk.site.run(*manage("pull", str(desk.folder / "odd"), "--source", "ward"))
    hands = desk.hands
    hands.open("/")
    hands.follow("Quarantine")
    hands.follow("Observation/riddle")
    hands.sees("riddle")
    hands.follow("Quarantine")
    hands.follow(re.compile("^Try (all|those of this reason) again$"))
    expect(desk.page.get_by_role("status").first).to_be_visible(timeout=PATIENCE_MS)


def a_model_of_the_formulary(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/")
    hands.follow("Formulary")
    hands.follow(re.compile("Goti"))
    hands.sees(re.compile("Goti V"))


def who_saw_a_patient(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/audit")
    hands.write("What", "twin.*")
    hands.follow("Show")
    desk.page.wait_for_url("**activity=twin.**")
    hands.follow(re.compile(r"^\d+$"))
    hands.follow(re.compile(r"^[0-9a-f]{8}-[0-9a-f-]{27}$"))
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Who saw or changed this patient's data")


def the_trail_as_a_file(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/audit")
    with desk.page.expect_download() as waited:
        hands.follow(re.compile("CSV"), stays=True)
    text = Path(waited.value.path()).read_text(encoding="utf-8")
    assert "login" in text
    assert "Okafor" not in text


def an_emergency_is_reviewed(desk: Desk) -> None:
    other = desk.browser.new_context(
        base_url=desk.site.address, storage_state=sign_in(desk.browser, desk.site, "visitor")
    )
    visitor = Hands(other.new_page())
    visitor.open("/break-glass")
    visitor.write("Record number", record_number("stable"))
    visitor.choose(re.compile("treatment now"), re.compile("treatment now"))
    visitor.write("Reason", "Found unconscious.")
    visitor.follow("Open in an emergency")
    visitor.sees("Emergency access until")
    visitor.follow("End it now")
    visitor.sees("Open a patient in an emergency")
    other.close()
    hands = desk.hands
    hands.open("/audit")
    hands.follow(re.compile("^Reviews"))
    row = desk.page.get_by_role("row", name=re.compile("Found unconscious"))
    hands.follow(row.get_by_role("link").inner_text())
    hands.choose("Justified", "Justified")
    hands.write("What you judge by", "The call is in the log.")
    hands.follow("Close the review")
    hands.sees("Reviewed last")


def a_new_colleague(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/administration/people")
    hands.follow("New person")
    hands.write("User name", "nora")
    hands.write("Given name", "Nora")
    hands.write("Family name", "Newcomer")
    hands.tick(re.compile("^clinician"))
    hands.tick("Demo ward")
    hands.follow("Make this person")
    hands.sees("Hand this link over now")
    link = desk.page.locator("p.mono").inner_text().strip()

    theirs = desk.browser.new_context(base_url=desk.site.address)
    nora = Hands(theirs.new_page())
    nora.open(link)
    nora.write("New password", "a long walk by the lake")
    nora.write("The same again", "a long walk by the lake")
    nora.follow("Set it")
    nora.write("User name", "nora")
    nora.write("Password", "a long walk by the lake")
    nora.follow("Log in")
    expect(nora.page.get_by_role("heading", name="Worklist")).to_be_visible()
    theirs.close()

    hands.follow("Put out of service")
    hands.sees("out of service")


def a_new_care_team(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/administration/people")
    hands.follow("Care teams")
    hands.write("Name", "Night watch")
    hands.follow("Make this care team")
    hands.sees("Members and sources")
    hands.tick(re.compile("^Vic Elsewhere"))
    hands.follow("Change")
    hands.sees("Changed.")


def stricter_limits(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/formulary/limits/amikacin")
    hands.write("Most in one dose, mg", "2000")
    hands.write("Reason", "As the drugs committee decided.")
    hands.follow("Set these limits")
    hands.sees("The first holds. None is ever changed.")


def other_models(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/formulary")
    hands.follow("Choose what is followed")
    hands.follow("Change Tacrolimus")
    hands.reach("Place of Størset 2014")
    desk.page.keyboard.type("2")
    hands.write("Reason", "A second opinion is wanted.")
    hands.follow("Follow it by these models")
    hands.sees("Andrews 2019, Størset 2014")


def the_sources(desk: Desk) -> None:
    hands = desk.hands
    hands.open("/administration/people")
    hands.follow("Sources")
    expect(desk.page.get_by_role("heading", name="Sources")).to_be_visible()


TASKS: dict[str, tuple[Callable[[Desk], None], ...]] = {
    "clinician": (
        a_new_patient_of_the_clinician,
        other_plans,
        a_level_in_doubt,
        a_patient_by_search,
        the_note_of_a_comparison,
    ),
    "pharmacist": (a_new_patient_of_the_pharmacist, the_quarantine, a_model_of_the_formulary),
    "auditor": (who_saw_a_patient, the_trail_as_a_file, an_emergency_is_reviewed),
    "administrator": (a_new_colleague, a_new_care_team, stricter_limits, other_models, the_sources),
}
"""What each role comes for."""


@pytest.mark.parametrize(
    ("desk", "task"),
    [pytest.param(role, task, id=f"{role}: {task.__name__}") for role, tasks in TASKS.items() for task in tasks],
    indirect=["desk"],
)
def test_a_task_of_a_role_is_done_by_keyboard_alone(desk: Desk, task: Callable[[Desk], None]) -> None:
    task(desk)
