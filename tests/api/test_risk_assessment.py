"""The twin's forecasts as RiskAssessments: one a plan, with the probabilities of the stored comparison."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.audit.models import AuditEvent
from integrations.fhir.identity import server_id
from tests.api.conftest import entries
from tests.factories import patient_records, vancomycin_case
from twins.forecasts.forecast import ComparisonResult
from twins.records.models import Comparison

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(db: None) -> Comparison:
    return compared()


def compared(family: str = "Okafor") -> Comparison:
    who = patient_records.patient(family)
    found = patient_records.twin(who.subject, with_records=False)[1]
    assert found is not None
    return found


def test_each_plan_is_one_valid_resource_with_every_day_and_probability(caller: Client, comparison: Comparison) -> None:
    result = ComparisonResult.from_json(comparison.result)
    found = entries(caller.get("/fhir/RiskAssessment"))
    assert [item["id"] for item in found] == [f"twin.{comparison.pk}-{place}" for place in range(len(comparison.plans))]
    for resource, forecast in zip(found, result.forecasts, strict=True):
        get_fhir_model_class("RiskAssessment").model_validate(resource)
        assert resource["mitigation"] == f"{forecast.plan.label}: {forecast.plan.sentence()}"
        assert resource["note"] == [{"text": forecast.sentence}]
        predictions = iter(resource["prediction"])
        for day in forecast.days:
            start = vancomycin_case.START + timedelta(hours=day.from_h)
            for probability in (day.p_in_target, day.p_above, day.p_below):
                said = next(predictions)
                assert said["probabilityDecimal"] == pytest.approx(100 * probability, abs=0.005)
                assert said["whenPeriod"]["start"] == start.isoformat()
                assert 0 <= said["probabilityDecimal"] <= 100
        assert not list(predictions)


def test_it_says_whom_by_which_model_and_from_which_levels(caller: Client, comparison: Comparison) -> None:
    twin = comparison.twin_version
    resource = caller.get(f"/fhir/RiskAssessment/twin.{comparison.pk}-0").json()
    assert resource["subject"]["reference"] == f"Patient/{server_id(twin.subject.patient.source_key)}"
    coding = resource["method"]["coding"][0]
    assert (coding["code"], coding["version"]) == (twin.model_id, twin.model_version)
    levels = [{"reference": f"Observation/{server_id(f'test/Observation/level-{k}')}"} for k in (0, 1)]
    assert resource["basis"][:2] == levels
    assert {"reference": "MedicationAdministration/test.given-0"} in resource["basis"]
    assert resource["occurrenceDateTime"] == (vancomycin_case.START + timedelta(hours=50)).isoformat()


def test_a_forecast_shown_is_recorded_with_its_subject(caller: Client, comparison: Comparison) -> None:
    caller.get(f"/fhir/RiskAssessment/twin.{comparison.pk}-1")
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert event.subject_key == str(comparison.twin_version.subject_id)
    assert event.entity_id == f"twin.{comparison.pk}-1"


@pytest.mark.parametrize(
    "identifier", ["1", "x-0", "{}-0", "twin.{}-9", "twin.{}-00", "twin.{}-", "twin.{}", "twin.{}-0-0", "twin.{}-٣"]
)
def test_an_id_that_names_no_plan_is_404(caller: Client, comparison: Comparison, identifier: str) -> None:
    assert caller.get(f"/fhir/RiskAssessment/{identifier.format(comparison.pk)}").status_code == 404


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated"])
@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_pages_may_end_in_the_middle_of_a_comparison(caller: Client, sort: str, count: int) -> None:
    expected = [
        f"twin.{made.pk}-{place}" for made in (compared("A"), compared("B"), compared("C")) for place in range(4)
    ]
    found: list[str] = []
    url = f"/fhir/RiskAssessment?_sort={sort}&_count={count}"
    while url:
        answer = caller.get(url)
        found += [item["id"] for item in entries(answer)]
        url = {link["relation"]: link["url"] for link in answer.json()["link"]}.get("next", "")
    assert found == (expected if sort == "_lastUpdated" else expected[::-1])


def test_it_is_found_by_patient_time_model_and_id(caller: Client) -> None:
    first, second = compared("A"), compared("B")

    def count(**query: Any) -> int:
        return len(entries(caller.get("/fhir/RiskAssessment", query)))

    whose = server_id(first.twin_version.subject.patient.source_key)
    assert count(patient=whose) == count(subject=f"Patient/{whose}") == 4
    assert count(_id=f"twin.{first.pk}-0,twin.{second.pk}-2") == 2
    assert count(method="vancomycin-goti-2018") == 8
    assert count(method="vancomycin-thomson-2009") == 0
    assert count(date="2026-11-22") == 8
    assert count(date="lt2026-11-22") == 0
    assert count(status="final") == 8
    assert count(probability="ge0") == 8
    assert count(probability="gt100") == 0
    assert count(_lastUpdated=f"gt{second.created_at.isoformat()}") == 0
