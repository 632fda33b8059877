"""``manage.py replay COMPARISON``: compute a stored comparison again and say whether the numbers agree."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action, Outcome
from twins.records.models import Comparison
from twins.records.replay import ReplayError, replay


class Command(BaseCommand):
    help = "Recompute a comparison from its stored course, model version and seed. Exit code 0 only if it agrees."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("comparison", type=UUID, metavar="COMPARISON", help="id of the comparison")

    def handle(self, *, comparison: UUID, **_: Any) -> None:
        stored = Comparison.objects.select_related("twin_version").filter(pk=comparison).first()
        if stored is None:
            raise CommandError(f"no comparison has the id {comparison}")
        try:
            report = replay(stored)
        except ReplayError as error:
            raise CommandError(str(error)) from error
        record(
            by=SYSTEM,
            action=Action.EXECUTE,
            activity="comparison.replay",
            outcome=Outcome.SUCCESS if report.ok else Outcome.FAILED,
            subject_key=stored.twin_version.subject_id,
            entity_type="Comparison",
            entity_id=stored.pk,
            entity_version=stored.digest,
            purpose="HOPERAT",
            detail={"agreement": report.agreement.name},
        )
        if not report.ok:
            raise CommandError(report.sentence)
        self.stdout.write(report.sentence)
