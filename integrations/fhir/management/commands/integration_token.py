"""``manage.py integration_token NAME``: a bearer token for a hospital system."""

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, set_token_value

from clinic.access.actor import key_of
from clinic.access.roles import Role
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from integrations.smart.scopes import Context, parse

MOST_MINUTES = 7 * 24 * 60
SCOPE = "system/*.rs"


class Command(BaseCommand):
    help = "Print a bearer token of the service user NAME, who is made in the integration role if there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the hospital system")
        parser.add_argument("--minutes", type=int, default=60, help=f"how long it lasts, 1 to {MOST_MINUTES}")
        parser.add_argument("--scope", default=SCOPE, help=f"what the token may do, by default {SCOPE}")
        parser.add_argument(
            "--credentials",
            action="store_true",
            help="print a client id and a new client secret for /oauth/token instead; an earlier secret is void then",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if not 1 <= options["minutes"] <= MOST_MINUTES:
            raise CommandError(f"--minutes is {options['minutes']}; give 1 to {MOST_MINUTES}")
        scope = _scope(options["scope"])
        with transaction.atomic():
            user = _service_user(options["name"])
            application, _made = Application.objects.get_or_create(
                user=user,
                name=options["name"],
                defaults={
                    "client_type": Application.CLIENT_CONFIDENTIAL,
                    "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
                },
            )
            kind = "credentials" if options["credentials"] else "token"
            record(
                by=SYSTEM,
                action=Action.CREATE,
                activity=f"integration.{kind}",
                entity_type="User",
                entity_id=key_of(user),
                purpose="",
                detail={"minutes": 0 if options["credentials"] else options["minutes"], "scope": scope},
            )
            if options["credentials"]:
                lines = _new_secret(application)
            else:
                lines = [_token(application, options["minutes"], scope)]
        for line in lines:
            self.stdout.write(line)


def _scope(text: str) -> str:
    """The scope as SMART 2 writes it; only scopes of systems."""
    scopes = parse(text)
    if scopes.unknown or scopes.named or not scopes or scopes != scopes.only(Context.SYSTEM):
        raise CommandError(f"--scope is {text!r}; give scopes such as {SCOPE} or system/Observation.cruds")
    return str(scopes)


def _service_user(name: str) -> Any:
    """A user who cannot log in, with the integration role alone; a person's account is never made into one."""
    user, made = get_user_model().objects.get_or_create(username=name)
    if made:
        user.set_unusable_password()
        user.save()
        user.groups.set([Group.objects.get(name=Role.INTEGRATION)])
        return user
    if user.has_usable_password() or set(user.groups.values_list("name", flat=True)) != {Role.INTEGRATION.value}:
        raise CommandError(f"{name} is somebody's login, not a service user; choose another name")
    if not user.is_active:
        raise CommandError(f"{name} was put out of service; choose another name, or make it active again")
    return user


def _token(application: Any, minutes: int, scope: str) -> str:
    text = secrets.token_urlsafe(32)
    token = AccessToken(application=application, scope=scope, expires=timezone.now() + timedelta(minutes=minutes))
    set_token_value(token, text)  # kept as a digest alone
    token.save()
    return text


def _new_secret(application: Any) -> list[str]:
    secret = secrets.token_urlsafe(48)
    application.client_secret = secret  # hashed when it is saved
    application.save()
    return [f"client_id {application.client_id}", f"client_secret {secret}"]
