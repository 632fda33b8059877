"""``manage.py integration_token NAME``: a bearer token for a hospital system."""

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

from clinic.access.actor import key_of
from clinic.access.roles import Role
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action

MOST_MINUTES = 7 * 24 * 60
SCOPE = "system/*.rs"


class Command(BaseCommand):
    help = "Print a bearer token of the service user NAME, who is made in the integration role if there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the hospital system")
        parser.add_argument("--minutes", type=int, default=60, help=f"how long it lasts, 1 to {MOST_MINUTES}")
        parser.add_argument("--scope", default=SCOPE, help=f"what it may do, as SMART's scopes; by default {SCOPE}")
        parser.add_argument(
            "--credentials",
            action="store_true",
            help="print a client id and a new client secret for /oauth/token instead; an earlier secret is void then",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if not 1 <= options["minutes"] <= MOST_MINUTES:
            raise CommandError(f"--minutes is {options['minutes']}; give 1 to {MOST_MINUTES}")
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
                detail={"minutes": 0 if options["credentials"] else options["minutes"], "scope": options["scope"]},
            )
            if options["credentials"]:
                lines = _new_secret(application)
            else:
                lines = [_token(application, options["minutes"], options["scope"])]
        for line in lines:
            self.stdout.write(line)


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
    AccessToken.objects.create(
        application=application, token=text, scope=scope, expires=timezone.now() + timedelta(minutes=minutes)
    )
    return text


def _new_secret(application: Any) -> list[str]:
    secret = secrets.token_urlsafe(48)
    application.client_secret = secret  # hashed when it is saved
    application.save()
    return [f"client_id {application.client_id}", f"client_secret {secret}"]
