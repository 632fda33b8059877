"""``manage.py chart list|retry``: decisions on their way into charts, and another try for those given up."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from integrations.ehr.models import ChartDelivery, WorkState
from integrations.ehr.write_back import TASK
from twins.jobs.queue import send_task


class Command(BaseCommand):
    help = "List what was to be sent into charts and is not there yet, or try again what was given up."
    requires_system_checks = ()  # they load every page, which takes longer than the command

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", "retry"])
        parser.add_argument("--all", action="store_true", help="also list what arrived")

    def handle(self, **options: Any) -> None:
        if options["verb"] == "retry":
            self._retry()
        rows = ChartDelivery.objects.select_related("source").order_by("pk")
        if not options["all"]:
            rows = rows.exclude(state=WorkState.DONE)
        for row in rows:
            said = row.location or row.answer
            self.stdout.write(
                f"{row.pk}  {row.source.slug}  {row.resource_type}  decision {row.decision_id}  {row.state} after "
                f"{row.attempts} tries{f': {said}' if said else ''}"
            )
        self.stdout.write(f"{rows.count()} listed.")

    def _retry(self) -> None:
        given_up = list(ChartDelivery.objects.filter(state=WorkState.FAILED).values_list("pk", flat=True))
        if not given_up:
            return
        ChartDelivery.objects.filter(pk__in=given_up, state=WorkState.FAILED).update(
            state=WorkState.QUEUED, attempts=0, next_try=timezone.now()
        )
        record(
            by=SYSTEM, action=Action.EXECUTE, activity="chart.retry", purpose="HOPERAT", detail={"deliveries": given_up}
        )
        for pk in given_up:
            send_task(TASK, pk)
        self.stdout.write(f"{len(given_up)} tried again.")
