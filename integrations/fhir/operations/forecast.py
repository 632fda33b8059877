"""``Patient/[id]/$forecast``: what the newest twin foresees under one plan, from its stored posterior draws."""

import msgspec
import numpy as np

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.operations.outlook import STEP_H, at_times, outlook
from integrations.fhir.operations.plans import moment_of, plans_of
from integrations.fhir.operations.twins import MOST_H, forecastable, horizon_of, step_of
from integrations.fhir.operations.what_if import header, refuse_long
from integrations.fhir.operations.whose import patient_of
from integrations.fhir.outcome import Refusal, bad_value
from twins.forecasts.compare import compare
from twins.forecasts.outlook import forecast as quantiles_at
from twins.quantities.clock import hours_between

_MOST_TIMES = 200
_json = msgspec.json.Encoder(decimal_format="number").encode


def forecast(ask: Ask, inputs: Inputs) -> Answer:
    """Trajectories as SampledData by percentile, probabilities and exposure by day; at given times besides.

    Raises
    ------
    Refusal
        404 for a patient or twin that is not there for this caller, 403 where the scope does not cover forecasts, 400
        and 422 for what cannot be forecast.
    """
    inputs.only(("drug", "plan", "order", "horizon", "step", "times"))
    whose = patient_of(ask, "RiskAssessment", "Observation")
    twin = forecastable(inputs, whose)
    refuse_long(twin, "$what-if with Prefer: respond-async")
    horizon = horizon_of(inputs)
    step = step_of(inputs, horizon, STEP_H)
    asked = plans_of(inputs, twin, ask.base, whose.reference)
    if len(asked) > 1:
        raise Refusal(400, "value", "more than one plan was given; compare plans by $what-if", expression="http.plan")
    plan = asked[0] if asked else twin.current
    result = compare(
        twin.model, twin.course, twin.fit, [plan], target=twin.drug.target, horizon_h=horizon, step_h=step,
        explained=False,
    )  # fmt: skip
    unit = twin.model.system.outputs[0].unit
    start = twin.course.start
    parameters = [
        *header(twin, whose),
        *outlook(
            result.forecasts[0], result.target, start, as_of_h=result.as_of_h, horizon_h=horizon, step_h=step, unit=unit
        ),
    ]
    times = [moment_of(one.value, "http.times") for one in inputs.many("times")]
    if len(times) > _MOST_TIMES:
        raise bad_value("times", f"{len(times)} times", f"give {_MOST_TIMES} at most")
    if times:
        ordered = sorted(set(times))
        hours = [hours_between(start, time) for time in ordered]
        if not twin.course.until_h <= hours[0] <= hours[-1] <= twin.course.until_h + MOST_H:
            remedy = f"give times after {twin.version.data_until.isoformat()}, at most {MOST_H:g} h ahead"
            raise bad_value("times", ordered[0].isoformat(), remedy)
        found = quantiles_at(twin.model, twin.course, twin.fit, plan, times_h=np.array(hours)).quantiles()[0]
        parameters += at_times(ordered, found, unit)
    body = _json({"resourceType": "Parameters", "parameter": parameters})
    detail = {"twin_version": str(twin.version.pk)}
    return Answer(200, body, shown=[whose.served], activity="fhir.operation.forecast", detail=detail)


FORECAST = Operation(
    name="forecast",
    title="Forecast of a patient's twin",
    description="The concentration to come under the current plan or a given one, as percentiles over time, with "
    "the chances of the target and the exposure of each day; computed from the newest twin version.",
    types=("Patient",),
    of_instance=True,
    slots=(
        Slot("drug", "code", "The drug; needed where the patient has twins of several"),
        Slot("plan", "Element", "A plan in parts: name, dose, interval, duration, start, loading-dose, stop"),
        Slot("order", "MedicationRequest", "A plan as an order"),
        Slot("horizon", "decimal", "Hours ahead: 72 unless said otherwise, 24 to 240"),
        Slot("step", "decimal", "Hours between two points"),
        Slot("times", "dateTime", "Times to forecast for besides", most="*"),
        Slot("trajectory", "Element", "A percentile over time, as SampledData", most="*", use="out"),
        Slot("day", "Element", "Chances in per cent and exposure of one day", most="*", use="out"),
        Slot("at", "Element", "Percentiles at a time that was asked for", most="*", use="out"),
    ),
    do=forecast,
)
