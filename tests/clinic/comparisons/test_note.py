"""The note holds in plain text what the page shows."""

import math
import re
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from clinic.access.actor import actor_of
from clinic.charts import words
from clinic.comparisons.comparison_page import ComparisonPage
from clinic.comparisons.note import note_text
from clinic.decisions.sign import sign
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.pharmacology.target import Metric, Target
from twins.quantities.clock import moment_at
from twins.records.twins import course_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison():
    findings = (case.soon_after_dose(),)
    return rows.twin(rows.patient().subject, course=rows.recent_course(findings=findings))[1]


def lines_of(comparison, **changes):
    text = note_text(
        ComparisonPage.of(comparison), patient_line="Okafor, Daniel", zone=ZoneInfo("Europe/Zurich"), **changes
    )
    assert text.isprintable() or "\n" in text
    assert "<" not in text.replace("<1 %", "")
    return text.splitlines()


def test_each_plan_has_its_sentence_and_a_line_for_each_day(comparison):
    lines = lines_of(comparison)
    assert any(line.startswith("A  Current: 1000 mg over 1 h every 12 h, first dose") for line in lines)
    assert sum(line.strip().startswith("day 1: AUC24") for line in lines) == 4
    assert sum("time to target:" in line for line in lines) == 4


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (case.TARGET, ["above 600", "below 400"]),
        (Target("100 % fT>MIC", 1.0, math.inf, "", Metric.TIME_ABOVE, "1", threshold=2.0), ["below 100 %"]),
        (Target("trough below 2 mg/L", 0.0, 2.0, "", Metric.TROUGH, "mg/L"), ["above 2"]),
    ],
)
def test_a_day_says_the_chances_outside_the_target_on_the_sides_that_it_has(comparison, target, said):
    comparison.result["target"] = target.to_json()
    day = next(line for line in lines_of(comparison) if line.strip().startswith("day 1: AUC24"))
    assert re.findall(r"(?:above|below) [\d.]+(?: %(?= ))?", day) == said


def test_times_name_the_zone(comparison):
    assert "CET" in lines_of(comparison)[1]


def test_assumptions_model_and_findings_are_in_it(comparison):
    text = "\n".join(lines_of(comparison))
    for part in (
        "Levels used: 13.1 mg/L at",
        "Doses used: 5, from",
        "creatinine 1.3 mg/dL",
        "Finding (doubtful): The level of 17.8 mg/L",
        "Goti V et al.",
        "clearance 3.20 L/h (3.60)",
        f"digest {comparison.digest[:16]}",
        "Patient Twin advises, never orders.",
    ):
        assert part in text, part


def test_the_decision_and_newer_data_are_said(comparison):
    assert any(line == "DECISION: none yet." for line in lines_of(comparison))
    later = lines_of(comparison, decision="plan B signed by Mira", outdated="newer data exist")
    assert "DECISION: plan B signed by Mira" in later
    assert any(line == "OUT OF DATE: newer data exist." for line in later)


def test_the_plain_text_page_names_who_decided(client, comparison):
    user = rows.person()
    client.force_login(user)
    sign(comparison=comparison, plan_position=1, reason="Clearance rose.", by=user, actor=actor_of(user))
    response = client.get(f"/comparisons/{comparison.pk}/note")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    first = words.clock_with_zone(moment_at(course_of(comparison.twin_version).start, 60.0), UTC)
    assert (
        f"DECISION: plan B (Proposal 1: 1250 mg over 1.5 h every 12 h, first dose {first}) signed by Mira Test"
        in response.content.decode()
    )
