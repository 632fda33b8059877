"""``manage.py person NAME --role … --team …``: who may log in, as what, and in which care teams."""

import getpass
import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from clinic.access.actor import key_of
from clinic.access.password import new_password
from clinic.administration.person import OF_PEOPLE, change, make, put_into_service, put_out_of_service
from clinic.administration.refusal import AdministrationError
from clinic.audit.event import SYSTEM
from clinic.patients.models import CareTeam


class Command(BaseCommand):
    help = "Make a person, or give an existing one other roles and care teams. Those given replace those held."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name")
        parser.add_argument("--role", action="append", default=[], choices=[role.value for role in OF_PEOPLE])
        parser.add_argument("--team", action="append", default=[], help="name of a care team (see manage.py care_team)")
        parser.add_argument(
            "--leave", action="store_true", help="may not log in any more; without --role and --team keeps both"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        teams = list(CareTeam.objects.filter(name__in=options["team"]))
        missing = sorted(set(options["team"]) - {team.name for team in teams})
        if missing:
            raise CommandError(f"no care team is called {missing[0]!r}; make it with manage.py care_team")
        known = get_user_model().objects.filter(username=options["name"]).first()
        if known is None and options["leave"]:
            raise CommandError(f"nobody is called {options['name']!r}")
        try:
            with transaction.atomic():
                person = self._made(teams, **options) if known is None else self._changed(known, teams, **options)
        except AdministrationError as error:
            raise CommandError(str(error)) from error
        roles = ", ".join(sorted(person.groups.values_list("name", flat=True))) or "no role"
        count = person.care_teams.count()
        self.stdout.write(f"{person} is {key_of(person)} in the audit trail: {roles}; {count} care teams.")

    def _made(self, teams: list[CareTeam], *, name: str, role: list[str], **_: Any) -> Any:
        """With a password asked for twice at a terminal; elsewhere one is made and printed once."""
        typed = _typed_password() if sys.stdin.isatty() else ""
        person = make(username=name, given="", family="", roles=role, teams=teams, by=None, actor=SYSTEM)
        password = new_password(person=person, by=SYSTEM, chosen=typed)
        if not typed:
            self.stdout.write(f"Password of {name}, shown only here: {password}")
        return person

    def _changed(self, person: Any, teams: list[CareTeam], *, role: list[str], leave: bool, **_: Any) -> Any:
        if not leave or role or teams:
            change(person=person, roles=role, teams=teams, by=None, actor=SYSTEM)
        (put_out_of_service if leave else put_into_service)(person=person, by=None, actor=SYSTEM)
        return person


def _typed_password() -> str:
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("The same again: "):
        raise CommandError("the two are not the same; nobody was made")
    try:
        validate_password(first)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return first
