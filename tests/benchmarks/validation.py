"""What the FHIR door pays to look at a resource: all our rules, beside the R4B classes of fhir.resources alone."""

import json
from decimal import Decimal
from typing import Any

import msgspec
from fhir.resources.R4B import get_fhir_model_class

from integrations.fhir.validate.faults import faults
from tests.benchmarks.clock import best, shown
from tests.integrations.fhir.validate.clinical import medication_request, observation, sampled
from tests.integrations.resources import observation as level

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
COUNT = 1000


def table() -> list[tuple[str, str, str]]:
    entry = {"resource": observation(), "request": {"method": "POST", "url": "Observation"}}
    transaction = {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * COUNT}
    return [
        _row("a level, with its decoding", level(), COUNT),
        _row("a blood pressure with everything around it", observation(), COUNT),
        _row("a strip of six points", sampled(), COUNT),
        _row("an order", medication_request(), COUNT),
        _row(f"a transaction of {COUNT} blood pressures", transaction, 1),
    ]


def _row(name: str, resource: dict[str, Any], times: int) -> tuple[str, str, str]:
    kind, text = resource["resourceType"], json.dumps(resource)
    validate = get_fhir_model_class(kind).model_validate_json

    def ours() -> None:
        for _ in range(times):
            if faults(kind, text, _decode(text)):
                raise ValueError(f"{name} has faults")

    def theirs() -> None:
        for _ in range(times):
            validate(text)

    return name, shown(best(ours) / times), f"{shown(best(theirs) / times)}, structure only"
