"""``manage.py care_team NAME --source …``: a care team, and the sources whose patients it takes in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.administration.refusal import AdministrationError
from clinic.administration.team import change, make
from clinic.audit.event import SYSTEM
from clinic.patients.models import CareTeam


class Command(BaseCommand):
    help = "Make a care team, or change which sources' patients it takes in. The sources given replace those it had."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--source", action="append", default=[], help="slug of a source, as given to manage.py pull"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        asked: dict[str, Any] = {"name": options["name"], "sources": options["source"], "by": None, "actor": SYSTEM}
        known = CareTeam.objects.filter(name=options["name"]).first()
        try:
            if known is None:
                team = make(**asked)
            else:
                change(team=known, members=known.members.all(), **asked)
                team = CareTeam.objects.get(pk=known.pk)
        except AdministrationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{team}: {team.patients.count()} patients, taken in from {', '.join(team.sources) or 'nowhere'}."
        )
