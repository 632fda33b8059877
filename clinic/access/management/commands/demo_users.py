"""``manage.py demo_users``: one login a role, with passwords of this installation's own."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from clinic.access.actor import key_of
from clinic.access.roles import Role
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from clinic.patients.models import CareTeam, Patient

PEOPLE = (
    ("clinician", "Cleo", "Ward", Role.CLINICIAN),
    ("pharmacist", "Phil", "Dose", Role.PHARMACIST),
    ("researcher", "Rae", "Search", Role.RESEARCHER),
    ("auditor", "Audie", "Trail", Role.AUDITOR),
    ("administrator", "Addie", "Minton", Role.ADMINISTRATOR),
    ("visitor", "Vic", "Elsewhere", Role.CLINICIAN),
)
"""The visitor is a clinician of another ward: the role without the care team."""
IN_THE_TEAM = ("clinician", "pharmacist")
TEAM = "Demo ward"


class Command(BaseCommand):
    help = "Make the demo's logins and its care team; the passwords are random and kept in VAR_DIR/demo_logins.json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", default="ward", help="slug of the source whose patients the team takes in")

    def handle(self, *_: Any, **options: Any) -> None:
        path = Path(settings.VAR_DIR) / "demo_logins.json"
        passwords = _passwords(path)
        first = get_user_model().objects.filter(username=PEOPLE[0][0]).first()
        # One password tells whether the database and the file belong together: to try all would take seconds.
        renew = first is None or not first.check_password(passwords[first.username])
        with transaction.atomic():
            for name, given, family, role in PEOPLE:
                _user(name, given, family, role, passwords[name], renew=renew)
            _team(options["source"])
        self.stdout.write("Demo logins:")
        for name, _given, _family, role in PEOPLE:
            where = " (not in the care team)" if role is Role.CLINICIAN and name not in IN_THE_TEAM else ""
            self.stdout.write(f"  {name:14} {passwords[name]}   {role}{where}")


def _passwords(path: Path) -> dict[str, str]:
    """The passwords made at the first start; the file can be read by its owner only."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = {}
    except ValueError as error:
        raise CommandError(f"{path} is not JSON ({error}); remove it, and the demo users with it") from error
    missing = [name for name, *_ in PEOPLE if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(12) for name in missing}
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1)
        fresh.replace(path)
    return dict(known)


def _user(name: str, given: str, family: str, role: Role, password: str, *, renew: bool) -> None:
    user, made = get_user_model().objects.get_or_create(
        username=name, defaults={"first_name": given, "last_name": family}
    )
    if not (made or renew) and user.groups.filter(name=role).exists():
        return
    user.set_password(password)
    user.save()
    user.groups.set([Group.objects.get(name=role)])
    record(
        by=SYSTEM,
        action=Action.CREATE if made else Action.UPDATE,
        activity="user.demo",
        entity_type="User",
        entity_id=key_of(user),
        purpose="",
        detail={"role": role.value},
    )


def _team(source: str) -> None:
    """The team takes in what the source will bring, and what it has brought already."""
    team, _ = CareTeam.objects.get_or_create(name=TEAM)
    if source not in team.sources:
        team.sources = [*team.sources, source]
        team.save()
    team.members.set(get_user_model().objects.filter(username__in=IN_THE_TEAM))
    team.patients.add(*Patient.objects.filter(source_key__startswith=f"{source}/"))
