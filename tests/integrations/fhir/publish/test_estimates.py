"""Each estimate of a twin is an Observation with the twin's own numbers, from the exact versions it was made of."""

import numpy as np
import pytest

from integrations.fhir.publish.estimates import estimate_id
from integrations.readings.models import Resource
from tests.factories.chart import Chart
from tests.integrations.fhir.publish.conftest import Update, published
from twins.estimation.describe import of_draws
from twins.estimation.fit import FitOutcome
from twins.pharmacology import formulary
from twins.records.models import RecordState, StoredSample, TwinVersion
from twins.records.twins import course_of, fit_of

pytestmark = pytest.mark.django_db


def of_first_model() -> list[dict]:
    return [one for one in published("Observation") if one["method"]["coding"][0]["code"] == "vancomycin-goti-2018"]


def part(resource: dict, code: str) -> float:
    found = [one for one in resource["component"] if one["code"]["coding"][0]["code"] == code]
    return found[0]["valueQuantity"]["value"]


def test_value_and_interval_are_those_of_the_twin(update: Update) -> None:
    version = update()
    fit, course = fit_of(version), course_of(version)
    drawn = of_draws(formulary.model(version.model_id), course, fit.draws)
    found = of_first_model()
    assert {one["code"]["coding"][0]["code"] for one in found} == set(fit.parameters)
    for one in found:
        name = one["code"]["coding"][0]["code"]
        assert one["valueQuantity"]["value"] == fit.parameters[name]
        assert (part(one, "p5"), part(one, "p95")) == tuple(np.quantile(drawn[name], (0.05, 0.95)))
        assert part(one, "p5") < part(one, "p95") or name == "intercompartmental_clearance_l_per_h"
        assert part(one, "typical") == fit.typical[name]
        assert one["effectiveDateTime"] == version.data_until.isoformat()
    units = {one["code"]["coding"][0]["code"]: one["valueQuantity"]["code"] for one in found}
    assert units["clearance_l_per_h"] == "L/h"
    assert units["central_volume_l"] == "L"


def test_the_draws_at_the_mode_give_the_parameters_of_the_fit(update: Update) -> None:
    version = update()
    fit = fit_of(version)
    drawn = of_draws(formulary.model(version.model_id), course_of(version), np.array([fit.eta]))
    for name, value in fit.parameters.items():
        assert drawn[name][0] == pytest.approx(value, rel=1e-12)


def test_it_is_derived_from_the_versions_in_use(chart: Chart, update: Update) -> None:
    level = StoredSample.objects.get(source_key="ward/Observation/level-1")
    StoredSample.objects.filter(pk=level.pk).update(state=RecordState.SUPERSEDED)
    chart.level(23.5, 11.4, source_key="ward/Observation/level-1", source_version="3")
    update()
    assert {one["reference"] for one in of_first_model()[0]["derivedFrom"]} == {
        "Observation/ward.level-1/_history/3",
        "Observation/ward.level-2/_history/1",
        "Observation/ward.weight/_history/1",
        "Observation/ward.creatinine/_history/1",
    }


def test_a_new_twin_version_is_a_new_version_of_the_same_observation(chart: Chart, update: Update) -> None:
    first = update()
    chart.level(47.5, 15.5)
    second = update()
    assert (first.number, second.number) == (1, 2)
    name = estimate_id(second, "clearance_l_per_h")
    rows = Resource.objects.filter(source_key=f"twin/Observation/{name}").order_by("pk")
    assert [(row.version, row.is_current) for row in rows] == [("1", False), ("2", True)]
    assert rows[0].last_updated == first.created_at
    assert str(fit_of(first).parameters["clearance_l_per_h"]) in rows[0].text
    assert str(fit_of(second).parameters["clearance_l_per_h"]) in rows[1].text


def test_a_twin_without_a_fit_says_why(chart: Chart, update: Update) -> None:
    chart.subject.doses.all().delete()
    version = update()
    assert FitOutcome[version.outcome] is FitOutcome.CANNOT
    found = of_first_model()
    assert found
    for one in found:
        assert "valueQuantity" not in one
        assert one["dataAbsentReason"]["text"] == fit_of(version).reason
    flag = published("Flag")[0]
    assert (flag["status"], flag["period"]["start"]) == ("active", version.data_until.isoformat())


def test_a_flag_goes_once_the_twin_can_be_forecast(chart: Chart, update: Update) -> None:
    doses = list(chart.subject.doses.all())
    chart.subject.doses.all().delete()
    update()
    for dose in doses:
        dose.pk = None
        dose.save(force_insert=True)
    update()
    assert [flag["status"] for flag in published("Flag")] == ["inactive"]


def test_nothing_is_published_of_a_subject_without_a_patient(chart: Chart) -> None:
    from tests.factories.learned import learn

    learn(chart.subject)
    assert TwinVersion.objects.exists()
    assert not Resource.objects.filter(source_key__startswith="twin/").exists()
