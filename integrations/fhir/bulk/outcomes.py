"""Sentences as OperationOutcomes, one a line."""

from collections.abc import Iterable

import msgspec


def outcome_lines(sentences: Iterable[str]) -> list[bytes]:
    return [
        msgspec.json.encode(
            {
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "warning", "code": "not-supported", "details": {"text": sentence}}],
            }
        )
        for sentence in sentences
    ]
