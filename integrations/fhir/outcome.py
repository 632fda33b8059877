"""Every refusal as an OperationOutcome."""

from typing import Any

import msgspec
from django.http import HttpResponse

FHIR_JSON = "application/fhir+json; charset=utf-8"


class Refusal(Exception):
    """What the door answers instead: an HTTP status, an issue code of FHIR, and a sentence with the remedy."""

    def __init__(self, status: int, code: str, sentence: str, *, expression: str = "", **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.expression = expression
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.further: list[tuple[str, str, str]] = []
        """Code, sentence and expression of all that is wrong besides."""


def bad_value(parameter: str, value: str, remedy: str) -> Refusal:
    """400 for a value of a search parameter."""
    return Refusal(400, "value", f"{parameter} is {value[:100]!r}; {remedy}", expression=f"http.{parameter}")


def too_costly(what: str, most: int, parameter: str = "") -> Refusal:
    """400 for a search that asks for more at once than is answered."""
    expression = f"http.{parameter}" if parameter else ""
    return Refusal(400, "too-costly", f"{what}; ask for {most} at most, in several searches", expression=expression)


def outcome(refusal: Refusal) -> dict[str, Any]:
    """The OperationOutcome of a refusal.

    The sentence is in `diagnostics` as well, since HAPI's client makes the message of its exceptions of that alone.
    """
    severity = "fatal" if refusal.status >= 500 else "error"
    wrong = [(refusal.code, refusal.sentence, refusal.expression), *refusal.further]
    issues = [
        {
            "severity": severity,
            "code": code,
            "details": {"text": sentence},
            "diagnostics": sentence,
            **({"expression": [expression]} if expression else {}),
        }
        for code, sentence, expression in wrong
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}


def answer(refusal: Refusal) -> HttpResponse:
    """The refusal as an answer."""
    response = HttpResponse(msgspec.json.encode(outcome(refusal)), status=refusal.status, content_type=FHIR_JSON)
    for name, value in refusal.headers.items():
        response[name] = value
    return response
