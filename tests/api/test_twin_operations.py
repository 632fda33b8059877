"""$twin-state, $forecast and $what-if: the numbers of the twin itself, refusals that say why, nobody else's patient."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from fhir.resources.R4B import get_fhir_model_class

from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient
from integrations.fhir.validate.faults import faults
from integrations.readings.models import QuarantineEntry
from tests.api.twin_patient import charted, learned, part, value
from tests.factories.chart import Chart
from tests.factories.followed import chosen
from tests.integrations.fhir.publish.conftest import exactly
from twins.forecasts.compare import compare
from twins.forecasts.forecast import QUANTILES
from twins.forecasts.outlook import forecast
from twins.jobs.comparison import run as run_comparison
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.clock import hours_between
from twins.records.models import Comparison, Job, JobState, TwinVersion
from twins.records.standing import Standing, standing
from twins.records.twins import fit_of

pytestmark = pytest.mark.django_db
JSON = "application/fhir+json"
BASE = "/fhir/Patient/ward.p1/"
MG = {"system": "http://unitsofmeasure.org", "code": "mg", "unit": "mg"}


@pytest.fixture
def patient(db: None) -> Patient:
    return charted()[0]


@pytest.fixture
def twin(patient: Patient) -> Standing:
    return standing(learned(patient))


@pytest.fixture
def adding(db: None) -> Client:
    """A system that may add comparisons."""
    out = StringIO()
    scope = "system/Patient.rs system/Observation.rs system/CarePlan.rs system/RiskAssessment.crs"
    call_command("integration_token", "planner", "--scope", scope, stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


def ask(caller: Client, operation: str, *parameters: dict[str, Any], **headers: str) -> Any:
    body = json.dumps({"resourceType": "Parameters", "parameter": list(parameters)})
    return caller.post(f"{BASE}${operation}", body, content_type=JSON, headers=headers)


def plan(dose: float, interval: float, duration: float, **more: Any) -> dict[str, Any]:
    parts = [
        {"name": "dose", "valueQuantity": {"value": dose, **MG}},
        {"name": "interval", "valueDecimal": interval},
        {"name": "duration", "valueDecimal": duration},
        *({"name": name.replace("_", "-"), **given} for name, given in more.items()),
    ]
    return {"name": "plan", "part": parts}


def valid(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    text = answer.content.decode()
    assert faults("Parameters", text, exactly(text)) == []
    get_fhir_model_class("Parameters").model_validate_json(text)
    return dict(answer.json())


def decoded(trajectory: dict[str, Any]) -> tuple[float, list[float]]:
    """Hours between two points, and the points."""
    data = value(part(trajectory, "values")[0])
    assert data["origin"]["value"] == 0
    return data["period"] / 3_600_000, [float(text) for text in data["data"].split()]


def outcome(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.content
    assert answer.json()["resourceType"] == "OperationOutcome"
    return str(answer.json()["issue"][0]["details"]["text"])


def test_the_state_is_that_of_the_newest_twin(caller: Client, twin: Standing) -> None:
    answered = valid(caller.get(f"{BASE}$twin-state"))
    shown = part(answered, "twin")[0]
    assert value(part(shown, "version")[0]) == 1
    assert value(part(shown, "outcome")[0]) == "fitted"
    assert value(part(shown, "data-until")[0]) == twin.version.data_until.isoformat()
    estimates = {value(part(one, "parameter")[0]): one for one in part(shown, "estimate")}
    for name, number in twin.fit.parameters.items():
        one = estimates[name]
        assert value(part(one, "value")[0])["value"] == number
        low, high = (value(part(one, end)[0])["value"] for end in ("p5", "p95"))
        assert low <= high
        observation = caller.get(f"/fhir/{value(part(one, 'observation')[0])['reference']}").json()
        assert observation["valueQuantity"]["value"] == number
    event = AuditEvent.objects.filter(activity="fhir.operation.twin-state").latest("sequence")
    assert event.subject_key == str(twin.version.subject_id)


def test_the_state_of_a_past_time_is_what_it_was(caller: Client, twin: Standing, patient: Patient) -> None:
    Chart(patient.subject).level(47.5, 16.0)
    newer = learned(patient)
    assert newer.number == 2
    then = (twin.version.created_at + timedelta(microseconds=1)).isoformat()
    answered = valid(caller.get(f"{BASE}$twin-state", {"date": then}))
    shown = part(answered, "twin")[0]
    assert value(part(shown, "version")[0]) == 1
    one = next(e for e in part(shown, "estimate") if value(part(e, "parameter")[0]) == "clearance_l_per_h")
    assert value(part(one, "value")[0])["value"] == twin.fit.parameters["clearance_l_per_h"]
    assert twin.fit.parameters != fit_of(newer).parameters
    long_ago = valid(caller.get(f"{BASE}$twin-state", {"date": "2020-01-01T00:00:00Z"}))
    assert part(long_ago, "twin") == []


def test_the_forecast_is_the_twins_own(caller: Client, twin: Standing) -> None:
    answered = valid(caller.get(f"{BASE}$forecast", {"horizon": "48", "step": "1"}))
    result = compare(
        twin.model, twin.course, twin.fit, [twin.current], target=twin.drug.target, horizon_h=48, step_h=1.0,
        explained=False,
    ).forecasts[0]  # fmt: skip
    times = twin.course.until_h + np.arange(48.0)
    direct = forecast(twin.model, twin.course, twin.fit, twin.current, times_h=times).quantiles()[0]
    trajectories = part(answered, "trajectory")
    assert [value(part(one, "percentile")[0]) for one in trajectories] == [5, 25, 50, 75, 95]
    for row, one in enumerate(trajectories):
        step, points = decoded(one)
        assert step == 1.0
        assert points == [result.quantiles[row][result.times_h.index(time)] for time in times]
        np.testing.assert_allclose(points, direct[row], rtol=1e-9)
    for day, shown in zip(result.days, part(answered, "day"), strict=True):
        assert value(part(shown, "probability-in-target")[0]) == pytest.approx(100 * day.p_in_target, abs=0.005)
        exposure = part(shown, "exposure")[0]
        assert value(part(exposure, "p50")[0])["value"] == day.auc24.q50


def test_times_can_be_asked_for(caller: Client, twin: Standing) -> None:
    moment = twin.version.data_until + timedelta(hours=7)
    answered = valid(ask(caller, "forecast", {"name": "times", "valueDateTime": moment.isoformat()}))
    hours = np.array([hours_between(twin.course.start, moment)])
    direct = forecast(twin.model, twin.course, twin.fit, twin.current, times_h=hours).quantiles()[0]
    shown = part(answered, "at")[0]
    for row, share in enumerate(QUANTILES):
        assert value(part(shown, f"p{round(100 * share)}")[0])["value"] == float(direct[row, 0])


def test_plans_are_compared_with_the_current_one(caller: Client, twin: Standing) -> None:
    before = Comparison.objects.count()
    start = twin.version.data_until + timedelta(hours=2)
    asked = plan(1500, 12, 1.5, name={"valueString": "More"}, start={"valueDateTime": start.isoformat()})
    answered = valid(ask(caller, "what-if", asked))
    shown = part(answered, "plan")
    assert [value(part(one, "name")[0]) for one in shown] == ["Current", "More"]
    regimen = Regimen(1500.0, 12.0, 1.5, hours_between(twin.course.start, start))
    result = compare(
        twin.model, twin.course, twin.fit, [twin.current, Plan("More", regimen)], target=twin.drug.target,
        explained=False,
    )  # fmt: skip
    for one, direct in zip(shown, result.forecasts, strict=True):
        assert value(part(one, "summary")[0]) == direct.sentence
        _, points = decoded(part(one, "trajectory")[2])
        assert set(points) <= set(direct.quantiles[2])
        assessment = part(one, "assessment")[0]["resource"]
        assert assessment["prediction"][0]["probabilityDecimal"] == pytest.approx(
            100 * direct.days[0].p_in_target, abs=0.005
        )
        assert {"reference": "Observation/ward.level-2/_history/1"} in assessment["basis"]
    assert Comparison.objects.count() == before


def order(**changes: Any) -> dict[str, Any]:
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "11124"}]
        },
        "subject": {"reference": "Patient/ward.p1"},
        "dosageInstruction": [
            {
                "route": {"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]},
                "timing": {
                    "repeat": {"frequency": 1, "period": 8, "periodUnit": "h", "duration": 1, "durationUnit": "h"}
                },
                "doseAndRate": [{"doseQuantity": {"value": 750, **MG}}],
            }
        ],
        **changes,
    }
    return {"name": "order", "resource": resource}


def test_an_order_is_a_plan(caller: Client, twin: Standing) -> None:
    answered = valid(ask(caller, "what-if", order()))
    assert value(part(part(answered, "plan")[1], "regimen")[0]) == "750 mg over 1 h every 8 h"


def test_an_order_of_another_patient_is_refused(caller: Client, twin: Standing) -> None:
    answer = ask(caller, "what-if", order(subject={"reference": "Patient/ward.p2"}))
    assert "not about Patient/ward.p1" in outcome(answer, 422)


@pytest.mark.parametrize(
    ("parameters", "status", "words"),
    [
        ([], 400, "give at least one plan"),
        ([{"name": "plan", "part": []}], 400, "dose of the plan is missing"),
        ([plan(20_000, 12, 1)], 422, "is not between"),
        ([plan(1500, 12, 0.01)], 422, "faster than"),
        ([plan(1500, -1, 1)], 400, "interval_h is -1"),
        ([plan(1500, 12, 1.5, start={"valueDateTime": "2020-01-01T00:00:00Z"})], 422, "before the twin's last data"),
        ([plan(1500, 12, 1.5, start={"valueDateTime": "2026"})], 400, "give a time with its zone"),
        ([plan(1500, 12, 1.5, colour={"valueString": "red"})], 400, "is no part of a plan"),
        ([plan(1500, 12, 1.5), {"name": "horizon", "valueDecimal": 5000}], 400, "give 24 to 240 h"),
        ([plan(1500, 12, 1.5), {"name": "horizon", "valueString": "nan"}], 400, "give hours"),
        ([plan(1500, 12, 1.5), {"name": "step", "valueDecimal": 0}], 400, "give hours above 0"),
        ([plan(1500, 12, 1.5), {"name": "drug", "valueCode": "aspirin"}], 400, "give one of vancomycin"),
        ([plan(1500 + k, 12, 1.5) for k in range(7)], 422, "ask for 6 at most"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(
    caller: Client, twin: Standing, parameters: list[dict[str, Any]], status: int, words: str
) -> None:
    assert words in outcome(ask(caller, "what-if", *parameters), status)


def test_without_a_twin_there_is_nothing_to_ask(caller: Client, patient: Patient) -> None:
    assert "no twin" in outcome(caller.get(f"{BASE}$forecast"), 404)
    assert part(valid(caller.get(f"{BASE}$twin-state")), "twin") == []


def test_a_twin_without_a_fit_says_why_it_cannot_be_asked(caller: Client, patient: Patient) -> None:
    patient.subject.doses.all().delete()
    version = learned(patient)
    assert outcome(caller.get(f"{BASE}$forecast"), 422) == fit_of(version).reason


def test_a_worker_computes_it_and_the_address_tells_how_far_it_is(adding: Client, twin: Standing) -> None:
    answer = ask(adding, "what-if", plan(1500, 12, 1.5), prefer="respond-async")
    assert answer.status_code == 202, answer.content
    address = answer["Content-Location"]
    job = Job.objects.get(kind="comparison")
    assert address == f"http://testserver/fhir/$what-if-status/{job.pk}"
    waiting = adding.get(address)
    assert (waiting.status_code, waiting["X-Progress"]) == (202, "waiting")
    run_comparison(str(job.pk))
    answered = valid(adding.get(address))
    assert len(part(answered, "plan")) == 2
    for one in part(answered, "plan", "published"):
        assert adding.get(f"/fhir/{value(one)['reference']}").status_code == 200


def test_who_may_only_read_has_nothing_kept(caller: Client, twin: Standing) -> None:
    outcome(ask(caller, "what-if", plan(1500, 12, 1.5), prefer="respond-async"), 403)
    assert not Job.objects.filter(kind="comparison").exists()
    assert ask(caller, "what-if", plan(1500, 12, 1.5)).status_code == 200


def test_a_question_that_is_refused_is_no_data_to_be_kept(caller: Client, twin: Standing) -> None:
    assert ask(caller, "what-if", {"name": "nonsense", "valueString": "x"}).status_code == 400
    assert not QuarantineEntry.objects.exists()


def test_a_cancelled_what_if_is_gone(adding: Client, twin: Standing) -> None:
    address = ask(adding, "what-if", plan(1500, 12, 1.5), prefer="respond-async")["Content-Location"]
    assert adding.delete(address).status_code == 202
    job = Job.objects.get(kind="comparison")
    assert job.state == JobState.CANCELLED
    run_comparison(str(job.pk))
    assert not Comparison.objects.filter(is_default=False).exists()
    outcome(adding.get(address), 404)
    outcome(adding.delete(address), 404)


def test_only_who_asked_sees_the_answer(adding: Client, twin: Standing) -> None:
    address = ask(adding, "what-if", plan(1500, 12, 1.5), prefer="respond-async")["Content-Location"]
    out = StringIO()
    call_command("integration_token", "another", stdout=out)
    other = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    outcome(other.get(address), 404)
    outcome(other.delete(address), 404)
    assert Job.objects.get(kind="comparison").state == JobState.QUEUED


@pytest.mark.parametrize("operation", ["twin-state", "forecast", "what-if", "everything"])
def test_strangers_and_expired_tokens_are_refused(client: Client, expired: str, operation: str) -> None:
    assert client.post(f"{BASE}${operation}", "{}", content_type=JSON).status_code == 401
    late = Client(headers={"Authorization": f"Bearer {expired}"})
    assert late.post(f"{BASE}${operation}", "{}", content_type=JSON).status_code == 401


@pytest.mark.parametrize(
    ("scope", "operation", "status"),
    [
        ("system/Patient.rs", "twin-state", 403),
        ("system/Patient.rs system/Observation.rs", "twin-state", 200),
        ("system/Patient.rs system/Observation.rs", "forecast", 403),
        ("system/Patient.rs system/Observation.rs?category=laboratory", "twin-state", 403),
        ("system/Observation.rs system/RiskAssessment.rs", "forecast", 403),
        ("system/Patient.rs system/Observation.rs system/RiskAssessment.rs", "forecast", 200),
    ],
)
def test_the_scope_must_cover_what_is_shown(twin: Standing, scope: str, operation: str, status: int) -> None:
    out = StringIO()
    call_command("integration_token", "narrow", "--scope", scope, stdout=out)
    narrow = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    answer = narrow.get(f"{BASE}${operation}")
    assert answer.status_code == status, answer.content


def test_what_if_changes_something_so_it_is_not_asked_by_get(caller: Client, twin: Standing) -> None:
    outcome(caller.get(f"{BASE}$what-if"), 405)


def test_an_unknown_patient_is_404_for_all(caller: Client, twin: Standing) -> None:
    for operation in ("twin-state", "forecast", "everything"):
        outcome(caller.get(f"/fhir/Patient/ward.p99/${operation}"), 404)
    assert TwinVersion.objects.exists()


def test_the_state_of_a_past_time_is_told_by_the_models_of_that_time(caller: Client, twin: Standing) -> None:
    then = timezone.now().isoformat()
    chosen("vancomycin", "vancomycin-thomson-2009")

    def models(**given: str) -> list[str]:
        answered = valid(caller.get(f"{BASE}$twin-state", given))
        return [value(one)["code"] for one in part(answered, "twin", "model")]

    assert models() == ["vancomycin-thomson-2009"]
    assert models(date=then) == ["vancomycin-goti-2018", "vancomycin-thomson-2009"]
    chosen("vancomycin")
    assert models() == []
    assert models(date=then, drug="vancomycin") == ["vancomycin-goti-2018", "vancomycin-thomson-2009"]
    for operation in ("twin-state", "forecast"):
        refused = caller.get(f"{BASE}${operation}", {"drug": "vancomycin"})
        assert refused.status_code == 400
        assert "give one of gentamicin" in refused.content.decode()
