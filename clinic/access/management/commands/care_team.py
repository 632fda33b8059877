"""``manage.py care_team NAME --source …``: a care team, and the sources whose patients it takes in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from clinic.patients.models import CareTeam, Patient


class Command(BaseCommand):
    help = "Make a care team, or change which sources' patients it takes in. The sources given replace those it had."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--source", action="append", default=[], help="slug of a source, as given to manage.py pull"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        with transaction.atomic():
            team, made = CareTeam.objects.get_or_create(name=options["name"])
            team.sources = sorted(set(options["source"]))
            team.save(update_fields=["sources"])
            for source in team.sources:
                team.patients.add(*Patient.objects.filter(source_key__startswith=f"{source}/"))
            record(
                by=SYSTEM,
                action=Action.CREATE if made else Action.UPDATE,
                activity="care-team.change",
                entity_type="CareTeam",
                entity_id=team.pk,
                purpose="HOPERAT",
                detail={"sources": team.sources},
            )
        self.stdout.write(
            f"{team}: {team.patients.count()} patients, taken in from {', '.join(team.sources) or 'nowhere'}."
        )
