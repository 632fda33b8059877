"""A batch: entries that know nothing of each other, each done or refused alone."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.bundled import response_of
from integrations.fhir.interactions.entries import Step, entry_of, refused_entry
from integrations.fhir.outcome import Refusal

MOST_REFUSALS_KEPT = 200
"""Entries of one batch that were refused and that the audit trail names; of more it says how many."""
LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes after which a batch reads no more: every entry may ask for a whole page."""


def batch(steps: list[Step], answer: Callable[[Ask], Answer]) -> Answer:
    """Do each step in a savepoint of its own; what is refused is said in its entry."""
    entries = []
    refused: list[list[Any]] = []
    whole = Answer(200, activity="fhir.batch")
    answered = 0
    for step in steps:
        try:
            if step.refusal is not None:
                raise step.refusal
            if answered > LARGEST_ANSWER and (step.ask.called or step.ask.method in ("GET", "HEAD")):
                raise Refusal(400, "too-costly", "the answer is long enough; ask for this in another Bundle")
            with transaction.atomic():
                done = answer(step.ask)
        except Refusal as refusal:
            entries.append(refused_entry(refusal))
            refused.append([step.position, step.ask.method, _place(step), refusal.status])
            continue
        answered += len(done.body)
        entries.append(entry_of(step, done))
        whole.shown += done.shown
        whole.written += done.written
        whole.about += done.about
    if refused:
        whole.detail = {"refused": refused[:MOST_REFUSALS_KEPT], "refusals": len(refused)}
    whole.body = response_of("batch-response", entries)
    return whole


def _place(step: Step) -> str:
    """What the entry was about, without its query, which may name a person."""
    if step.refusal is not None:
        return ""
    return f"{step.ask.resource_type}/{step.ask.identifier}"[:100].strip("/")
