"""What a write gives back, as the caller prefers."""

import msgspec

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.resources.served import Served


def returned(ask: Ask, served: Served) -> bytes:
    """The resource, nothing (``return=minimal``), or an OperationOutcome that says that it was written."""
    match ask.returns:
        case "minimal":
            return b""
        case "OperationOutcome":
            return said(f"{served.resource_type}/{served.id} is at version {served.version}.")
        case _:
            return served.body


def said(sentence: str) -> bytes:
    """An OperationOutcome for what went well."""
    issue = {"severity": "information", "code": "informational", "details": {"text": sentence}}
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})
