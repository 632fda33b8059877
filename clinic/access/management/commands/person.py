"""``manage.py person NAME --role … --team …``: who may sign in, as what, and in which care teams."""

import getpass
import secrets
import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from clinic.access.actor import key_of
from clinic.access.lent_password import lend
from clinic.access.roles import Role
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from clinic.patients.models import CareTeam


class Command(BaseCommand):
    help = "Make a person, or give an existing one other roles and care teams. Those given replace those held."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name")
        parser.add_argument("--role", action="append", default=[], choices=[role.value for role in Role])
        parser.add_argument("--team", action="append", default=[], help="name of a care team (see manage.py care_team)")
        parser.add_argument("--leave", action="store_true", help="may not log in any more")

    def handle(self, *_: Any, **options: Any) -> None:
        teams = list(CareTeam.objects.filter(name__in=options["team"]))
        missing = sorted(set(options["team"]) - {team.name for team in teams})
        if missing:
            raise CommandError(f"no care team is called {missing[0]!r}; make it with manage.py care_team")
        people = get_user_model()
        known = people.objects.filter(username=options["name"]).first()
        if known is None and options["leave"]:
            raise CommandError(f"nobody is called {options['name']!r}")
        password = None if known else self._password(options["name"])
        with transaction.atomic():
            person = known or people.objects.create_user(options["name"], password=password)
            if known is None:
                lend(person)
            person.is_active = not options["leave"]
            person.save(update_fields=["is_active"])
            person.groups.set(Group.objects.filter(name__in=options["role"]))
            person.care_teams.set(teams)
            record(
                by=SYSTEM,
                action=Action.UPDATE if known else Action.CREATE,
                activity="person.change",
                entity_type="User",
                entity_id=key_of(person),
                purpose="HOPERAT",
                detail={
                    "roles": sorted(options["role"]),
                    "teams": [team.pk for team in teams],
                    "left": options["leave"],
                },
            )
        roles = ", ".join(sorted(options["role"])) or "no role"
        self.stdout.write(f"{person} is {key_of(person)} in the audit trail: {roles}; {len(teams)} care teams.")

    def _password(self, name: str) -> str:
        """Asked for twice at a terminal; elsewhere one is made and printed once."""
        if not sys.stdin.isatty():
            made = secrets.token_urlsafe(15)
            self.stdout.write(f"Password of {name}, shown only here: {made}")
            return made
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("The same again: "):
            raise CommandError("the two are not the same; nobody was made")
        try:
            validate_password(first)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return first
