"""The pages of a patient on several drugs: a row for each, in its own unit, and plans of what is taken by mouth."""

import re
from datetime import timedelta
from html import escape
from typing import Any

import pytest
from django.utils import timezone

from clinic.charts import words
from clinic.patients.models import Patient
from tests.factories import chart as charts
from tests.factories import patient_records as rows
from twins.jobs.update import request_update, run
from twins.records.models import Comparison, GivenDose, Order
from twins.records.twins import result_of
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db
ON = {
    "gentamicin": (320.0, 24.0, 0.5, "intravenous", 1.3),
    "tacrolimus": (4.0, 12.0, 0.0, "oral", 9.3),
}
"""mg, every so many hours, over so many, the way in, and a level."""


@pytest.fixture
def patient(client: Any, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """On both for a day and a half until an hour ago, with a level of each; a clinician of the team is logged in."""
    monkeypatch.setattr(charts, "START", timezone.now() - timedelta(hours=37))
    client.force_login(rows.person())
    found = rows.patient()
    found.subject.age_as_of = timezone.now().date()
    found.subject.save()
    chart = charts.Chart(found.subject)
    for channel, value in (("weight", 70), ("height", 172), ("creatinine", 1), ("albumin", 40)):
        chart.sample(Channel(channel), -2.0, float(value))
    chart.sample(Channel.HAEMATOCRIT, -2.0, 0.34)
    for drug, (amount, every, hours, route, level) in ON.items():
        said = {"drug": drug, "amount_mg": amount, "duration_h": hours, "route": route}
        Order.objects.create(**chart._sourced("MedicationRequest", 0.0, {}), interval_h=every, **said)
        for number in range(int(36 / every)):
            GivenDose.objects.create(**chart._sourced("MedicationAdministration", every * number, {}), **said)
        chart.sample(Channel(drug), 35.5, level)
        run(str(request_update(found.subject, drug).pk))
    return found


def page(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content[:400]
    return str(answer.content.decode())


def test_each_drug_has_its_pages_in_its_own_unit(client: Any, patient: Patient) -> None:
    worklist = page(client, "/")
    assert "1 patient of your care teams on a drug followed here" in worklist
    assert worklist.count("Okafor, Daniel</a>") == 2
    assert "1.3 mg/L" in worklist
    assert "9.3 µg/L" in worklist
    assert f'href="/patients/{patient.pk}?drug=tacrolimus"' in worklist

    first = page(client, f"/patients/{patient.pk}")
    assert "Gentamicin, mg/L: measured levels" in first
    assert "320 mg" in first
    assert "Tacrolimus level" not in first
    other = page(client, f"/patients/{patient.pk}?drug=tacrolimus")
    assert "Tacrolimus, µg/L: measured levels" in other
    assert "Andrews 2019" in other
    assert 'aria-current="page">Tacrolimus</a>' in other
    assert f"/patients/{patient.pk}/compare?drug=tacrolimus" in other

    comparison = Comparison.objects.get(twin_version__drug="tacrolimus", is_default=True)
    compared = page(client, f"/comparisons/{comparison.pk}")
    assert "Okafor, Daniel: Tacrolimus plans compared" in compared
    assert "concentrations in µg/L" in compared
    assert "Concentration, µg/L" in compared
    assert "mg/L" not in compared
    assert "by mouth every 12 h" in compared
    assert "Target AUC24" not in compared
    assert "hatched: target" not in compared
    assert "AUC24 of each day, µg·h/L" in compared
    assert "<strong>4 mg by mouth</strong>" in compared
    assert "bolus" not in compared
    moved = compared[compared.index("What moves the answer for plan A most: median trough and") :]
    assert '<th scope="col" class="number">Trough, µg/L</th>' in moved
    assert "AUC24" not in moved[: moved.index("</table>")]
    assert re.search(r'<td data-label="Trough, µg/L" class="number">\d+\.\d → \d+\.\d</td>', moved)
    german = client.get(f"/comparisons/{comparison.pk}", headers={"Accept-Language": "de"}).content.decode()
    assert '<th scope="col" class="number">Talspiegel, µg/L</th>' in german
    assert "TACROLIMUS DOSING COMPARISON" in page(client, f"/comparisons/{comparison.pk}/note")


def test_a_target_without_a_limit_is_shown_without_one(client: Any, patient: Patient) -> None:
    chart = charts.Chart(patient.subject)
    said = {"drug": "meropenem", "amount_mg": 1000.0, "duration_h": 0.5, "route": "intravenous"}
    Order.objects.create(**chart._sourced("MedicationRequest", 1.0, {}), interval_h=8.0, **said)
    for number in range(4):
        GivenDose.objects.create(**chart._sourced("MedicationAdministration", 1.0 + 8.0 * number, {}), **said)
    run(str(request_update(patient.subject, "meropenem").pk))
    comparison = Comparison.objects.get(twin_version__drug="meropenem", is_default=True)
    compared = page(client, f"/comparisons/{comparison.pk}")
    assert "No limit above it is known." in compared
    assert "Below 100 %" in compared
    assert '<th scope="col" class="number">Time above the MIC, %</th>' in compared
    assert re.search(r'<td data-label="Time above the MIC, %" class="number">(&gt;)?\d+ % → (&gt;)?\d+ %', compared)
    share = r"(?:&lt;|&gt;)?\d+ %"
    of_a_day = rf'<td data-label="Time above the MIC, %" class="number"><strong>{share}</strong> <span class="muted">'
    result = result_of(comparison)
    days = [day for forecast in result.forecasts for day in forecast.days]
    found = re.findall(rf"{of_a_day}\(({share})–({share})\)</span></td>", compared)
    assert found == [tuple(escape(words.percent(q)) for q in (day.value.q05, day.value.q95)) for day in days]
    assert "Time above the MIC (fT&gt;MIC)" in compared
    note, said = page(client, f"/comparisons/{comparison.pk}/note"), r"[<>]?\d+ %"
    assert "no limit above it is known" in note
    assert len(re.findall(rf"time above the MIC {said} \(90 % {said}–{said}\), in range", note)) == len(days)
    assert "above 2 mg/L for at least 100 % of the time" in note
    assert '<td data-label="Above: no limit known" class="number">–</td>' in compared
    german = client.get(f"/comparisons/{comparison.pk}/note", headers={"Accept-Language": "de"}).content.decode()
    assert re.search(r"im Bereich \S+ %, unter 100 % \S+ %", german)
    assert f"/patients/{patient.pk}?drug=meropenem" in page(client, "/")
    address = f"/patients/{patient.pk}/compare/preview?drug=meropenem&stop=1"
    preview = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Harm: no limit known" in preview
    for text in (compared, note, preview, page(client, "/"), page(client, f"/patients/{patient.pk}?drug=meropenem")):
        assert not re.search(r"\b(inf|nan)\b", text)


def test_plans_of_what_is_taken_by_mouth_are_entered_without_an_infusion(client: Any, patient: Patient) -> None:
    start = (timezone.localtime() + timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M")
    asked = {"plan1-amount_mg": "5", "plan1-interval_h": "12", "plan1-start": start, "drug": "tacrolimus"}
    address = f"/patients/{patient.pk}/compare"
    answer = client.get(address, asked)
    built = answer.content.decode()
    assert answer.status_code == 200
    assert "Infused over" not in built
    assert "5 mg by mouth every 12 h" in built
    assert "Between 0.5 and 20 mg a dose, at most 40 mg a day." in built
    assert "in µg/L on day 2" in built
    saved = client.post(address, asked)
    assert saved.status_code == 302, saved.content[-2000:]
