"""Forecasts, proposals and decisions: what was compared, what became of it, and who decided, by key and not by name."""

import math
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from clinic.access.actor import actor_of, key_of
from clinic.decisions.amend import amend
from clinic.decisions.models import Decision
from clinic.decisions.second import agree, refuse
from clinic.decisions.sign import decline, sign
from clinic.patients.models import CareTeam, Patient
from integrations.fhir.models import Term
from integrations.fhir.publish.forecasts import predictions
from integrations.fhir.validate.faults import faults
from integrations.readings.models import Resource
from tests.factories import patient_records, vancomycin_case
from tests.factories.chart import Chart
from tests.factories.followed import chosen
from tests.integrations.fhir.publish.conftest import Update, exactly, published
from twins.quantities.clock import moment_at
from twins.records.models import Comparison
from twins.records.twins import course_of, result_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(update: Update) -> Comparison:
    return Comparison.objects.get(twin_version=update())


@pytest.fixture
def mira(patient: Patient) -> Any:
    user = patient_records.person()
    CareTeam.objects.get(name=patient_records.TEAM).patients.add(patient)
    return user


def test_every_probability_is_that_of_the_comparison(comparison: Comparison) -> None:
    result, start = result_of(comparison), course_of(comparison.twin_version).start
    found = published("RiskAssessment")
    assert len(found) == len(result.forecasts) >= 2
    for one, forecast in zip(found, result.forecasts, strict=True):
        said = iter(one["prediction"])
        for day in forecast.days:
            for probability in (day.p_in_target, day.p_above, day.p_below):
                prediction = next(said)
                assert prediction["probabilityDecimal"] == pytest.approx(100 * probability, abs=0.005)
                assert prediction["whenPeriod"]["start"] == moment_at(start, day.from_h).isoformat(timespec="seconds")
        assert next(said, None) is None
        assert {"reference": "MedicationAdministration/ward.0/_history/1"} in one["basis"]
        assert {"reference": "Observation/ward.level-2/_history/1"} in one["basis"]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (400.0, 600.0, {"in-target": "from 400 to 600", "above-target": "above 600", "below-target": "below 400"}),
        (400.0, math.inf, {"in-target": "of at least 400", "below-target": "below 400"}),
        (0.0, 600.0, {"in-target": "of at most 600", "above-target": "above 600"}),
    ],
)
def test_a_probability_is_said_only_on_the_sides_that_the_target_has(
    low: float, high: float, said: dict[str, str]
) -> None:
    forecast = vancomycin_case.result().forecasts[0]
    target = replace(vancomycin_case.TARGET, low=low, high=high)
    found = [one["outcome"] for one in predictions(forecast, target, vancomycin_case.START)]
    assert {one["coding"][0]["code"]: one["text"] for one in found} == {
        code: f"AUC24 {words} mg·h/L" for code, words in said.items()
    }


def test_each_plan_is_a_draft_proposal_with_its_doses(comparison: Comparison) -> None:
    result = result_of(comparison)
    for place, (one, forecast) in enumerate(zip(published("CarePlan"), result.forecasts, strict=True)):
        assert (one["status"], one["intent"]) == ("draft", "proposal")
        assert one["supportingInfo"] == [{"reference": f"RiskAssessment/twin.{comparison.pk}-{place}/_history/1"}]
        detail = one["activity"][-1]["detail"]
        regimen = forecast.plan.regimen
        if regimen is None:
            assert detail["doNotPerform"] is True
            continue
        assert detail["quantity"]["value"] == regimen.amount_mg
        assert detail["scheduledTiming"]["repeat"]["period"] == regimen.interval_h
        assert f"({regimen.amount_mg / regimen.duration_h:.4g} mg/h)" in detail["description"]
        assert detail["productCodeableConcept"]["coding"][0]["code"] == "11124"


def test_a_signed_plan_is_active_and_the_others_are_revoked(comparison: Comparison, mira: Any) -> None:
    decision = sign(comparison=comparison, plan_position=1, reason="Below the target.", by=mira, actor=actor_of(mira))
    found = published("CarePlan")
    assert [one["status"] for one in found] == [
        "active" if place == 1 else "revoked" for place in range(len(comparison.plans))
    ]
    assert found[1]["intent"] == "plan"
    planned = {"system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "code": "assess-plan"}
    by_category = [[coding["code"] for kind in one["category"] for coding in kind["coding"]] for one in found]
    assert [planned["code"] in codes for codes in by_category] == [one["intent"] == "plan" for one in found], (
        "US Core's clients find what was planned, and no proposal"
    )
    assert planned.items() <= found[1]["category"][1]["coding"][0].items()
    for one in found:
        assert one["note"][0]["text"] == "Below the target."
        assert one["note"][0]["authorReference"]["identifier"]["value"] == key_of(mira)
        assert {"system": "urn:patient-twin:decision", "value": str(decision.pk)} in one["identifier"]
    versions = Resource.objects.filter(source_key=f"twin/CarePlan/{comparison.pk}-1").order_by("pk")
    assert [row.version for row in versions] == ["1", "2"]
    told = published("Provenance")[-1]
    assert told["agent"][0]["who"]["identifier"]["value"] == key_of(mira)
    assert {"reference": f"CarePlan/twin.{comparison.pk}-1/_history/2"} in told["target"]
    for row in Resource.objects.filter(source_key__startswith="twin/"):
        assert "Mira" not in row.text
        assert "Okafor" not in row.text


def test_declined_plans_are_all_revoked(comparison: Comparison, mira: Any) -> None:
    decline(comparison=comparison, reason="Dialysis first.", by=mira, actor=actor_of(mira))
    assert {one["status"] for one in published("CarePlan")} == {"revoked"}


def versions(comparison: Comparison, place: int) -> list[tuple[str, str]]:
    """(version, status) of one proposal, the first version first."""
    rows = Resource.objects.filter(source_key=f"twin/CarePlan/{comparison.pk}-{place}").order_by("version")
    return [(row.version, row.status) for row in rows]


def test_an_amendment_revokes_the_plan_and_names_what_it_replaces(comparison: Comparison, mira: Any) -> None:
    first = sign(comparison=comparison, plan_position=1, reason="Low.", by=mira, actor=actor_of(mira))
    amend(decision=first, plan_position=0, reason="Kidneys fail.", by=mira, actor=actor_of(mira))
    assert versions(comparison, 1) == [("1", "draft"), ("2", "active"), ("3", "revoked")]
    assert versions(comparison, 0) == [("1", "draft"), ("2", "revoked"), ("3", "active")]
    plans = {one["id"]: one for one in published("CarePlan")}
    new, old = plans[f"twin.{comparison.pk}-0"], plans[f"twin.{comparison.pk}-1"]
    assert new["replaces"] == [{"reference": f"CarePlan/twin.{comparison.pk}-1"}]
    assert "replaces" not in old
    assert old["note"][0]["text"] == "Kidneys fail."
    told = published("Provenance")[-1]
    assert {"role": "revision", "what": {"reference": f"CarePlan/twin.{comparison.pk}-1/_history/2"}} in told["entity"]
    amend(
        decision=Decision.objects.get(amends=first), plan_position=None, reason="Stop.", by=mira, actor=actor_of(mira)
    )
    assert {one["status"] for one in published("CarePlan")} == {"revoked"}


def test_a_signature_on_newer_data_revokes_the_earlier_plan(
    comparison: Comparison, mira: Any, chart: Chart, update: Update
) -> None:
    sign(comparison=comparison, plan_position=1, reason="Low.", by=mira, actor=actor_of(mira))
    chart.level(47.5, 15.5)
    later = Comparison.objects.get(twin_version=update())
    assert versions(comparison, 1)[-1] == ("2", "active")
    sign(comparison=later, plan_position=0, reason="Fine now.", by=mira, actor=actor_of(mira))
    assert versions(comparison, 1)[-1] == ("3", "revoked")
    assert versions(comparison, 0)[-1] == ("2", "revoked")
    plans = {one["id"]: one for one in published("CarePlan")}
    assert plans[f"twin.{later.pk}-0"]["replaces"] == [{"reference": f"CarePlan/twin.{comparison.pk}-1"}]
    assert "another comparison" in plans[f"twin.{comparison.pk}-1"]["note"][0]["text"]
    _everything_is_valid_and_made_again_in_the_same_words()


def test_what_awaits_a_second_signature_stays_a_draft(comparison: Comparison, mira: Any, settings: Any) -> None:
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})
    phil = patient_records.person("phil")
    first = sign(comparison=comparison, plan_position=1, reason="Low.", by=mira, actor=actor_of(mira))
    assert {one["status"] for one in published("CarePlan")} == {"draft"}
    agree(decision=first, by=phil, actor=actor_of(phil))
    assert versions(comparison, 1) == [("1", "draft"), ("2", "active")]
    notes = next(one for one in published("CarePlan") if one["status"] == "active")["note"]
    assert [note["authorReference"]["identifier"]["value"] for note in notes] == [key_of(mira), key_of(phil)]
    agents = published("Provenance")[-1]["agent"]
    assert [agent["type"]["coding"][0]["code"] for agent in agents] == ["author", "verifier", "assembler"]
    _everything_is_valid_and_made_again_in_the_same_words()


@pytest.mark.parametrize("agrees", [True, False], ids=["agreed", "refused"])
def test_a_second_signature_that_is_waited_for_is_a_task(
    comparison: Comparison, mira: Any, settings: Any, agrees: bool
) -> None:
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})
    phil = patient_records.person("phil")
    first = sign(comparison=comparison, plan_position=1, reason="Low.", by=mira, actor=actor_of(mira))
    (asked,) = published("Task")
    assert (asked["status"], asked["for"]) == ("requested", {"reference": "Patient/ward.p1"})
    assert asked["focus"] == {"reference": f"CarePlan/twin.{comparison.pk}-1"}
    assert asked["requester"]["identifier"]["value"] == key_of(mira)
    if agrees:
        agree(decision=first, by=phil, actor=actor_of(phil))
    else:
        refuse(decision=first, reason="Too much.", by=phil, actor=actor_of(phil))
    (ended,) = published("Task")
    assert ended["id"] == asked["id"]
    assert ended["status"] == ("completed" if agrees else "rejected")
    assert ended["owner"]["identifier"]["value"] == key_of(phil)
    if agrees:
        assert ended["output"][0]["valueReference"]["reference"] == f"CarePlan/twin.{comparison.pk}-1/_history/2"
    else:
        assert ended["statusReason"] == {"text": "Too much."}
    for row in Resource.objects.filter(resource_type="Task"):
        assert faults("Task", row.text, exactly(row.text)) == []


def test_nobody_is_asked_any_more_once_another_decision_is_final(
    comparison: Comparison, mira: Any, settings: Any
) -> None:
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})
    first = sign(comparison=comparison, plan_position=1, reason="Low.", by=mira, actor=actor_of(mira))
    amend(decision=first, plan_position=None, reason="Level first.", by=mira, actor=actor_of(mira))
    (task,) = published("Task")
    assert task["status"] == "cancelled"


def test_newer_data_revoke_what_awaits_a_second_signature(
    comparison: Comparison, mira: Any, chart: Chart, update: Update, settings: Any
) -> None:
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})
    sign(comparison=comparison, plan_position=1, reason="Low.", by=mira, actor=actor_of(mira))
    chart.level(47.5, 15.5)
    update()
    assert versions(comparison, 1) == [("1", "draft"), ("2", "revoked")]


def _everything_is_valid_and_made_again_in_the_same_words() -> None:
    plans = Resource.objects.filter(source_key__startswith="twin/CarePlan/")
    before = {(row.source_key, row.version): row.text for row in plans.all()}
    for text in before.values():
        assert faults("CarePlan", text, exactly(text)) == []
    ours = Resource.objects.filter(source_key__startswith="twin/")
    Term.objects.filter(resource__in=ours).delete()
    ours.delete()
    call_command("publish_twins", stdout=StringIO())
    assert {(row.source_key, row.version): row.text for row in plans.all()} == before


def test_newer_data_revoke_what_was_not_decided(comparison: Comparison, chart: Chart, update: Update) -> None:
    chart.level(47.5, 15.5)
    update()
    earlier = [one for one in published("CarePlan") if str(comparison.pk) in one["id"]]
    assert {one["status"] for one in earlier} == {"revoked"}
    assert "newer data" in earlier[0]["note"][0]["text"]
    later = [one for one in published("CarePlan") if str(comparison.pk) not in one["id"]]
    assert {one["status"] for one in later} == {"draft"}


def test_newer_data_leave_a_signed_plan_as_it_is(
    comparison: Comparison, mira: Any, chart: Chart, update: Update
) -> None:
    sign(comparison=comparison, plan_position=0, reason="Fine.", by=mira, actor=actor_of(mira))
    chart.level(47.5, 15.5)
    update()
    earlier = [one["status"] for one in published("CarePlan") if str(comparison.pk) in one["id"]]
    assert earlier[0] == "active"


def test_another_model_revokes_what_was_not_decided_on_the_twin_of_the_one_before(
    comparison: Comparison, chart: Chart, update: Update
) -> None:
    chosen("vancomycin", "vancomycin-thomson-2009", "vancomycin-goti-2018")
    update()
    assert {one["status"] for one in published("CarePlan")} == {"draft"}, "its model is used still"
    chosen("vancomycin", "vancomycin-buelga-2005")
    update()
    second = Comparison.objects.get(twin_version__model_id="vancomycin-thomson-2009")
    made = Comparison.objects.get(twin_version__model_id="vancomycin-buelga-2005")
    status = {one["id"]: one["status"] for one in published("CarePlan")}
    for one, expected in ((comparison, "revoked"), (second, "revoked"), (made, "draft")):
        assert {status[name] for name in status if name.startswith(f"twin.{one.pk}-")} == {expected}
    said = [note["text"] for one in published("CarePlan") for note in one.get("note", ())]
    assert "The drug is followed by another model now; this plan can no longer be chosen." in said
