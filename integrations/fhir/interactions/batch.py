"""A batch: entries that know nothing of each other, each done or refused alone."""

from collections.abc import Callable

from django.db import transaction

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.bundled import bundle_of
from integrations.fhir.interactions.entries import Step, entry_of, refused_entry
from integrations.fhir.outcome import Refusal


def batch(steps: list[Step], answer: Callable[[Ask], Answer]) -> Answer:
    """Do each step in a savepoint of its own; what is refused is said in its entry."""
    entries = []
    whole = Answer(200, activity="fhir.batch")
    for step in steps:
        try:
            if step.refusal is not None:
                raise step.refusal
            with transaction.atomic():
                done = answer(step.ask)
        except Refusal as refusal:
            entries.append(refused_entry(refusal))
            continue
        entries.append(entry_of(step, done))
        whole.shown += done.shown
        whole.written += done.written
    whole.body = bundle_of("batch-response", entries)
    return whole
