"""Every page on which levels of a drug are read or typed has them in the unit that the site sets, and in no other."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic.access.roles import Role
from clinic.comparisons.decided_note import note_of
from clinic.comparisons.pdf import PdfUnavailableError
from clinic.decisions.models import Decision
from clinic.patients.models import Patient
from tests.clinic.decisions.conftest import PASSWORD, with_password
from tests.factories import chart as charts
from tests.factories import patient_records as rows
from tests.factories.learned import learn
from tests.twins.cohorts.studies import small
from twins.jobs.cohort import do_here, request_study
from twins.records.house import drug_here
from twins.records.models import Comparison, GivenDose, HouseVersion, LevelForecast, Order, StoredSample, TwinVersion
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db
MASS = re.compile(r"\b(mg|µg|ug|ng)(·h|\.h)?/[md]?L\b")
"""Any unit of a drug's level, or of creatinine, by mass."""
MOLES = {"vancomycin": "µmol/L", "digoxin": "nmol/L", "creatinine": "umol/L"}
START = timezone.now() - timedelta(hours=37)
"""The same in every test of this process, so that the twin is computed once."""
PLANS = {
    "plan1-amount_mg": "1250",
    "plan1-interval_h": "12",
    "plan1-duration_h": "1.5",
    "models": "averaged",
    "why": "1",
}


@pytest.fixture
def patient(client: Client, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """On vancomycin for a day and a half until an hour ago, with three levels, one of which is doubtful."""
    monkeypatch.setattr(charts, "START", START)
    client.force_login(with_password(rows.person()))
    found = rows.patient()
    found.subject.age_as_of = timezone.now().date()
    found.subject.save()
    chart = charts.Chart(found.subject)
    chart.order(0.0, source_key="ward/MedicationRequest/order")
    for number in range(3):
        chart.dose(12.0 * number, source_key=f"ward/MedicationAdministration/{number}")
    for channel, value in ((Channel.WEIGHT, 80.0), (Channel.HEIGHT, 176.0), (Channel.CREATININE, 1.1)):
        chart.sample(channel, -2.0, value, source_key=f"ward/Observation/{channel}")
    for hour, value in ((11.5, 8.4), (25.3, 33.0), (35.5, 13.1)):
        chart.level(hour, value, source_key=f"ward/Observation/level-{hour}")
    learn(found.subject)
    return found


@pytest.fixture
def comparison(patient: Patient) -> Comparison:
    return Comparison.objects.get(twin_version__drug="vancomycin", is_default=True)


@pytest.fixture
def moles(settings: Any) -> None:
    settings.SHOWN_UNITS = MOLES


def page(client: Client, address: str, language: str = "en", **asked: Any) -> str:
    answer = client.get(address, asked, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.content[:400]
    return unescape(answer.content.decode())


def without_citations(text: str) -> str:
    """What is quoted of publications, of a model's card or of the practice, keeps the unit that it was published in."""
    disagreeing = "Where sources of this model disagree|Wo sich Quellen dieses Modells widersprechen"
    return re.sub(rf'(?s)<span lang="en">.*?</span>|(?:{disagreeing}).*?</ul>', "", text)


def wrong_units(text: str) -> list[str]:
    return [match.group() for match in MASS.finditer(without_citations(text))]


def test_the_worklist_has_the_last_level_and_what_it_contradicts(client: Client, patient: Patient, moles: None) -> None:
    version = TwinVersion.objects.get(model_id="vancomycin-goti-2018")
    newest = StoredSample.objects.filter(channel="vancomycin").latest("event_time")
    LevelForecast.objects.create(
        subject=patient.subject,
        drug="vancomycin",
        model_id="vancomycin-goti-2018",
        version=version,
        source_key=newest.source_key,
        source_version=newest.source_version,
        event_time=newest.event_time,
        measured=13.1,
        q05=2.0,
        q25=3.0,
        q50=4.0,
        q75=5.0,
        q95=6.0,
    )
    worklist = page(client, "/")
    assert "9.0 µmol/L" in worklist
    assert "The last level, 9.0 µmol/L, contradicts the forecast: 1.4 to 4.1 was expected in 90 %." in worklist
    assert re.search(r"AUC24 (above 414|below 276)", worklist)
    assert wrong_units(worklist) == []
    german = page(client, "/", "de")
    assert "Der letzte Spiegel, 9,0 µmol/L, widerspricht der Vorhersage" in german
    track = page(client, f"/patients/{patient.pk}")
    assert "6.3 µmol/L too low on average" in track
    assert wrong_units(track) == []


def test_the_patients_page_has_chart_findings_tables_and_the_current_plan(
    client: Client, patient: Patient, moles: None
) -> None:
    found = page(client, f"/patients/{patient.pk}")
    assert "Vancomycin, µmol/L: measured levels" in found
    assert "Vancomycin level 9.04 µmol/L" in found
    assert "Level of 22.8 µmol/L taken 18 min after the end of an infusion" in found
    assert re.search(r"chance of an AUC24 of 276–414 µmol·h/L on day 2", found)
    assert "Median AUC24 at steady state on the current plan" in found
    assert re.search(r"Median AUC24 at steady state on the current plan \d+ µmol·h/L", found)
    assert wrong_units(found) == []
    german = page(client, f"/patients/{patient.pk}", "de")
    assert "Spiegel von 22,8 µmol/L, abgenommen 18 min nach dem Ende einer Infusion" in german
    assert "AUC24 von 276–414 µmol·h/L" in german
    assert wrong_units(german) == []


def test_the_chart_of_the_patient_is_drawn_in_the_unit(client: Client, patient: Patient, settings: Any) -> None:
    shown = {}
    for unit in ("mg/L", "umol/L"):
        settings.SHOWN_UNITS = {"vancomycin": unit}
        drawn = page(client, f"/patients/{patient.pk}")
        shown[unit] = re.findall(r">(\d+\.\d)</text>", drawn)
    assert {"8.4", "33.0", "13.1"} <= set(shown["mg/L"])
    assert {"5.8", "22.8", "9.0"} <= set(shown["umol/L"])


def test_records_and_questions_name_the_value_in_the_unit(client: Client, patient: Patient, moles: None) -> None:
    sample = StoredSample.objects.filter(channel="vancomycin").latest("event_time")
    for address, words in (
        (f"/patients/{patient.pk}/values/vancomycin", "9.04 µmol/L"),
        (f"/patients/{patient.pk}/records/sample/{sample.pk}", "Vancomycin level: 9.04 µmol/L"),
        (f"/patients/{patient.pk}/question?record={sample.source_key}", "Vancomycin level of 9.04 µmol/L"),
    ):
        found = page(client, address)
        assert words in found, address
        assert wrong_units(found) == [], address
    doubtful = StoredSample.objects.get(value=33.0)
    assert "Level of 22.8 µmol/L taken" in page(client, f"/patients/{patient.pk}/records/sample/{doubtful.pk}")


def test_the_builder_has_target_charts_table_and_sensitivity_in_the_unit(
    client: Client, patient: Patient, moles: None
) -> None:
    start = (timezone.localtime() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    asked = {**PLANS, "plan1-start": start}
    built = page(client, f"/patients/{patient.pk}/compare", **asked)
    assert "Target: AUC24 276–414 µmol·h/L" in built
    assert "Above 414 is the safety limit." in built
    assert "AUC24 in µmol·h/L there; trough and highest concentration in µmol/L on day 2" in built
    assert "Harm: above 414" in built
    assert "Too little: below 276" in built
    assert "Concentration, µmol/L" in built
    assert "AUC24 of each day, µmol·h/L (hatched: target 276–414)" in built
    assert re.search(r"Level of 9\.04 µmol/L at \d+ \w+ \d\d:\d\d", built)
    assert wrong_units(built) == []
    answer = client.get(
        f"/patients/{patient.pk}/compare/preview", asked, headers={"HX-Request": "true", "Accept-Language": "de"}
    )
    german = unescape(answer.content.decode())
    assert "Schaden: über 414" in german
    assert "AUC24 von 276–414 µmol·h/L" in german
    assert wrong_units(german) == []


def test_the_comparison_its_pdf_and_its_note_are_in_the_unit(
    client: Client, comparison: Comparison, moles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = page(client, f"/comparisons/{comparison.pk}")
    assert "AUC24 in µmol·h/L, concentrations in µmol/L" in compared
    assert "Each level against the prior and against this patient's fit, µmol/L" in compared
    assert "<strong>9.0 µmol/L</strong>" in compared
    assert re.search(r"Level of 9\.04 µmol/L at", compared)
    assert "Target: AUC24 276–414 µmol·h/L" in compared
    assert wrong_units(compared) == []
    note = page(client, f"/comparisons/{comparison.pk}/note")
    assert "Target: AUC24 276–414 µmol·h/L; above 414 is the safety limit." in note
    assert "Levels used: 5.8 µmol/L at" in note
    assert re.search(r"day 1: AUC24 \d+ \(90 % \d+-\d+\) µmol·h/L, highest \d+\.\d, trough \d+\.\d µmol/L", note)
    assert "Finding (doubtful): Level of 22.8 µmol/L taken 18 min" in note
    assert wrong_units(note) == []
    assert wrong_units(note_of(comparison)) == []
    german = page(client, f"/comparisons/{comparison.pk}/note", "de")
    assert "Spiegel von 22,8 µmol/L, abgenommen 18 min" in german
    assert wrong_units(german) == []
    printed: list[str] = []

    def kept(html: str, **_: Any) -> bytes:
        printed.append(unescape(html))
        raise PdfUnavailableError("not laid out here")

    monkeypatch.setattr("clinic.comparisons.views.pdf_of", kept)
    client.get(f"/comparisons/{comparison.pk}/pdf")
    assert "AUC24 in µmol·h/L, concentrations in µmol/L" in printed[0]
    assert wrong_units(printed[0]) == []


def test_the_numbers_of_the_table_are_those_of_the_stored_result_times_the_factor(
    client: Client, comparison: Comparison, moles: None
) -> None:
    compared = page(client, f"/comparisons/{comparison.pk}")
    day = comparison.result["forecasts"][0]["days"][0]
    for name, words in (("auc24", "{:.0f}"), ("peak", "{:.1f}"), ("trough", "{:.1f}")):
        low, middle, high = (words.format(day[name][q] * 1000 / 1449.265) for q in ("q05", "q50", "q95"))
        assert re.search(rf"{re.escape(middle)}(</strong>)? <span class=\"muted\">\({low}–{high}\)", compared)
    assert f"{day['p_in_target'] * 100:.0f} %" in compared


def test_the_sign_off_is_the_same_decision_whatever_unit_is_shown(
    client: Client, comparison: Comparison, settings: Any
) -> None:
    """The digest of the page that one signs, and with it the decision's own, do not know of units."""
    before = Comparison.objects.values("digest", "result", "plans").get(pk=comparison.pk)
    seen = {}
    for unit in ("mg/L", "umol/L", "ug/mL"):
        settings.SHOWN_UNITS = {"vancomycin": unit}
        form = page(client, f"/comparisons/{comparison.pk}")
        seen[unit] = set(re.findall(r'name="digest" value="([0-9a-f]+)"', form))
    assert seen["mg/L"] == seen["umol/L"] == seen["ug/mL"] == {comparison.digest}
    settings.SHOWN_UNITS = {"vancomycin": "umol/L"}
    answer = client.post(
        f"/comparisons/{comparison.pk}/sign",
        {"plan": "0", "reason": "In range.", "digest": comparison.digest, "again": PASSWORD},
    )
    assert answer.status_code == 302, answer.content[-2000:]
    decision = Decision.objects.get()
    told = decision.digest()
    settings.SHOWN_UNITS = {}
    again = Decision.objects.get()
    assert (again.digest(), again.comparison_digest) == (told, comparison.digest)
    assert Comparison.objects.values("digest", "result", "plans").get(pk=comparison.pk) == before


def test_what_changed_since_a_comparison_is_told_in_the_unit(
    client: Client, patient: Patient, comparison: Comparison, moles: None
) -> None:
    chart = charts.Chart(patient.subject)
    chart.level(36.5, 20.0)
    chart.sample(Channel.CREATININE, 36.0, 2.3)
    learn(patient.subject)
    overtaken = page(client, f"/comparisons/{comparison.pk}")
    assert "level of 13.8 µmol/L" in overtaken
    assert "creatinine 203 µmol/L" in overtaken
    newest = page(client, f"/patients/{patient.pk}")
    assert "Serum creatinine rose from 97 to 203 µmol/L in 38 h" in newest
    assert re.search(r"an AUC24 of 276–414 µmol·h/L", overtaken[overtaken.index("What changed since") :])
    assert wrong_units(overtaken) == []


def test_another_drug_follows_its_own_setting(client: Client, patient: Patient, moles: None) -> None:
    chart = charts.Chart(patient.subject)
    said = {"drug": "digoxin", "amount_mg": 0.25, "duration_h": 0.0, "route": "oral"}
    Order.objects.create(**chart._sourced("MedicationRequest", 0.0, {}), interval_h=24.0, **said)
    for number in range(2):
        GivenDose.objects.create(**chart._sourced("MedicationAdministration", 24.0 * number, {}), **said)
    chart.sample(Channel.DIGOXIN, 35.5, 0.8)
    learn(patient.subject, "digoxin")
    worklist = page(client, "/")
    assert "1.0 nmol/L" in worklist
    assert "9.0 µmol/L" in worklist
    found = page(client, f"/patients/{patient.pk}?drug=digoxin")
    assert "Digoxin, nmol/L: measured levels" in found
    assert "a trough of 0.64–1.28 nmol/L" in found
    other = Comparison.objects.get(twin_version__drug="digoxin", is_default=True)
    compared = page(client, f"/comparisons/{other.pk}", "de")
    assert "AUC24 in nmol·h/L, Konzentrationen in nmol/L" in compared
    assert "Talspiegel 0,64–1,28 nmol/L" in compared
    for text in (worklist, found, compared, page(client, f"/comparisons/{other.pk}/note")):
        assert wrong_units(text) == []


LIMITS = "/formulary/limits/vancomycin"


def limits(client: Client, after: int, language: str = "en", **typed: str) -> Any:
    usual = {"reason": "Agreed.", "interval": ["8", "12", "24"], "after": str(after)}
    return client.post(LIMITS, {**usual, **typed}, headers={"Accept-Language": language})


def test_limits_of_the_house_are_typed_shown_and_refused_in_the_unit_and_stored_in_the_drugs(
    client: Client, moles: None
) -> None:
    client.force_login(rows.person("addie", Role.ADMINISTRATOR, team=None))
    form = page(client, LIMITS)
    assert "AUC24 from, µmol·h/L" in form
    assert "Published: 276.002." in form
    assert "Target as published: AUC24 400–600 mg·h/L (Rybak" in form
    assert wrong_units(re.sub(r"(?s)Target as published.*?</p>", "", form)) == []
    assert limits(client, 0, low="276", high="380").status_code == 302
    here = drug_here("vancomycin").target
    assert here.low == 400.0
    assert here.high == pytest.approx(550.72, abs=0.01)
    again = page(client, LIMITS)
    assert 'value="380"' in again
    assert "AUC24 276 to 380 µmol·h/L" in again
    refused = unescape(limits(client, 1, low="275.9").content.decode())
    assert "low is 275.9 µmol·h/L; the published range begins at 276.002, go no lower" in refused
    assert HouseVersion.objects.count() == 1
    german = unescape(limits(client, 1, "de", low="275,9").content.decode())
    assert "low ist 275,9 µmol·h/L" in german
    same = limits(client, 1, low="276.002", high="380")
    assert "These limits hold already" in unescape(same.content.decode())
    assert limits(client, 1, "de", low="310,5", high="380").status_code == 302
    assert drug_here("vancomycin").target.low == pytest.approx(449.997, abs=0.001)


def test_the_formulary_names_targets_in_the_unit_and_its_models_as_they_were_published(
    client: Client, moles: None
) -> None:
    client.force_login(rows.person("phil", Role.PHARMACIST))
    listed = page(client, "/formulary")
    assert "Target: AUC24 276–414 µmol·h/L." in listed
    assert "Target: trough 0.64–1.28 nmol/L." in listed
    assert "Target: AUC24 70–100 mg·h/L." in listed
    card = page(client, "/formulary/vancomycin-goti-2018")
    assert "AUC24 276–414 µmol·h/L. Source:" in card
    assert "levels in mg/L" in card


def test_a_study_is_read_in_the_unit_and_its_files_keep_that_of_the_model(
    client: Client, moles: None, tmp_path: Any, settings: Any
) -> None:
    settings.VAR_DIR = tmp_path
    job = request_study(small(), asked_by="system", chunk=100)
    do_here(job)
    job.refresh_from_db()
    client.force_login(rows.person("rae", Role.RESEARCHER, team=None))
    found = page(client, f"/studies/{job.pk}")
    assert "AUC24, µmol·h/L" in found
    assert "Peak, µmol/L" in found
    assert "AUC24 of the last day, µmol·h/L" in found
    stored = next(row for row in job.result["table"] if row["group"] == "all")
    assert f"{stored['auc24'][2] * 1000 / 1449.265:.0f}" in found
    table = b"".join(client.get(f"/studies/{job.pk}/files/table.csv").streaming_content).decode()
    assert "mol" not in table
