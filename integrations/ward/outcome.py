"""Errors as the ward's clients see them: an HTTP status and an OperationOutcome."""

from typing import Any


class FhirError(Exception):
    """A request that cannot be answered as asked."""

    def __init__(self, status: int, code: str, text: str, *, expression: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.expression = expression

    def resource(self) -> dict[str, Any]:
        return outcome(self.code, self.text, expression=self.expression)


def outcome(code: str, text: str, *, severity: str = "error", expression: str | None = None) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": severity, "code": code, "details": {"text": text}}
    if expression is not None:
        issue["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
