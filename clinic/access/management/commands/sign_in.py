"""``manage.py sign_in NAME …``: how a person who exists already signs in: single sign-on, lost second factors."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from clinic.access import factors, sessions
from clinic.access.actor import key_of
from clinic.access.binding import AlreadyBoundError, bind, unbind
from clinic.access.password import new_password
from clinic.access.single_sign_on import provider_id
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action


class Command(BaseCommand):
    help = "Bind a person to the hospital's single sign-on, or take away lost second factors and end all sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name")
        parser.add_argument("--subject", help="subject id (sub) that the single sign-on gives this person")
        parser.add_argument("--email", help="address by which OIDC_MATCH_EMAIL finds this person at the first login")
        parser.add_argument("--unbind", action="store_true", help="the single sign-on lets this person in no more")
        parser.add_argument("--forget-factors", action="store_true", help="remove apps, keys and recovery codes")
        parser.add_argument("--new-password", action="store_true", help="print one, to be changed at the first login")
        parser.add_argument("--end-sessions", action="store_true", help="log this person out everywhere")

    def handle(self, *_: Any, **options: Any) -> None:
        person = get_user_model().objects.filter(username=options["name"]).first()
        if person is None:
            raise CommandError(f"nobody is called {options['name']!r}; make them with manage.py person")
        if (options["subject"] or options["unbind"]) and not settings.OIDC:
            raise CommandError("this site has no single sign-on; set OIDC_ISSUER and what goes with it first")
        with transaction.atomic():
            said = [done for done in (step(person, options) for step in _STEPS) if done]
        if not said:
            raise CommandError("nothing was asked; see manage.py sign_in --help")
        self.stdout.write(f"{person}: {'; '.join(said)}.")


def _unbound(person: Any, options: dict[str, Any]) -> str:
    if not options["unbind"]:
        return ""
    gone = unbind(person=person, provider=provider_id(), by=SYSTEM)
    return "unbound from the single sign-on" if gone else "was bound to no single sign-on"


def _bound(person: Any, options: dict[str, Any]) -> str:
    if not options["subject"]:
        return ""
    try:
        bind(person=person, provider=provider_id(), subject=options["subject"], by=SYSTEM)
    except AlreadyBoundError as error:
        raise CommandError(str(error)) from error
    return "bound to the single sign-on"


def _addressed(person: Any, options: dict[str, Any]) -> str:
    if not options["email"]:
        return ""
    try:
        validate_email(options["email"])
    except ValidationError as error:
        raise CommandError(f"--email is {options['email']!r}; {' '.join(error.messages)}") from error
    person.email = options["email"]
    person.save(update_fields=["email"])
    record(
        by=SYSTEM,
        action=Action.UPDATE,
        activity="person.email",
        entity_type="User",
        entity_id=key_of(person),
        purpose="HOPERAT",
    )
    return "has the address"


def _forgotten(person: Any, options: dict[str, Any]) -> str:
    if not options["forget_factors"]:
        return ""
    return f"{factors.forget(person=person, by=SYSTEM)} second factors removed"


def _ended(person: Any, options: dict[str, Any]) -> str:
    if not options["end_sessions"]:
        return ""
    return f"{sessions.end_others(person=person, here=None, by=SYSTEM)} sessions ended"


def _lent(person: Any, options: dict[str, Any]) -> str:
    if not options["new_password"]:
        return ""
    return f"the password, shown only here, is {new_password(person=person, by=SYSTEM)}"


_STEPS = (_unbound, _bound, _addressed, _forgotten, _ended, _lent)
