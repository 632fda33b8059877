"""Forecasts, proposals and decisions: what was compared, what became of it, and who decided, by key and not by name."""

from typing import Any

import pytest

from clinic.access.actor import actor_of, key_of
from clinic.decisions.sign import decline, sign
from clinic.patients.models import CareTeam, Patient
from integrations.readings.models import Resource
from tests.factories import patient_records
from tests.factories.chart import Chart
from tests.integrations.fhir.publish.conftest import Update, published
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
