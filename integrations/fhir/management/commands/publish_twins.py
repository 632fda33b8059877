"""``manage.py publish_twins``: twins, comparisons and decisions from before they were published by themselves."""

from typing import Any

from django.core.management.base import BaseCommand

from clinic.decisions.models import Decision
from integrations.fhir.publish.publish import (
    publish_comparison,
    publish_decision,
    publish_replaced,
    publish_task,
    publish_twin,
)
from twins.records.models import Comparison, TwinVersion


class Command(BaseCommand):
    help = (
        "Publish what the twins computed before it was published by itself. What is published already is left as it "
        "is, so the command can be stopped and started again."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        count = 0
        versions = TwinVersion.objects.select_related("subject").order_by("subject", "drug", "model_id", "number")
        for version in versions.iterator(chunk_size=50):
            count += publish_twin(version, afterwards=True)
        comparisons = Comparison.objects.select_related("twin_version__subject").order_by("created_at")
        for comparison in comparisons.iterator(chunk_size=20):
            count += publish_comparison(comparison, afterwards=True)
        decisions = Decision.objects.select_related("comparison__twin_version__subject", "decided_by")
        for decision in decisions.order_by("decided_at").iterator(chunk_size=20):
            if decision.needs_second:
                count += publish_task(decision, afterwards=True)
            count += publish_decision(decision, afterwards=True)
            if decision.final_at is not None:
                count += publish_replaced(decision)
        self.stdout.write(f"{count} resources were published.")
