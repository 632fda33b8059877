"""Register a client, give it a new secret, and put it out of service: each with its audit event."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from oauth2_provider.models import AccessToken, Application, RefreshToken

from clinic.access.permissions import granted
from clinic.access.roles import Permission, Role
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from integrations.smart.models import Kind, Proof, Purpose, SmartClient


@dataclass(frozen=True, slots=True)
class Asked:
    """A client as the form describes it, already judged (`integrations.smart.registration_form`)."""

    name: str
    kind: Kind
    proof: Proof
    redirect_uris: tuple[str, ...]
    scope: str
    jwks_url: str = ""
    jwks: dict[str, Any] | None = None
    purpose: Purpose = Purpose.TREATMENT
    introspects: bool = False


@transaction.atomic
def register(*, asked: Asked, by: Actor) -> tuple[SmartClient, str]:
    """The client, and its secret where it has one: it is kept hashed, and can be read only now."""
    _check(by)
    secret = secrets.token_urlsafe(48) if asked.proof is Proof.SECRET else ""
    backend = asked.kind is Kind.BACKEND
    application = Application(
        name=asked.name,
        redirect_uris=" ".join(asked.redirect_uris),
        client_type=Application.CLIENT_PUBLIC if asked.proof is Proof.NOTHING else Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=(
            Application.GRANT_CLIENT_CREDENTIALS if backend else Application.GRANT_AUTHORIZATION_CODE
        ),
        algorithm=Application.NO_ALGORITHM if backend else Application.RS256_ALGORITHM,
        client_secret=secret or secrets.token_urlsafe(48),  # one that nobody knows
    )
    application.user = _service_user(application.client_id) if backend else None
    application.save()
    client = SmartClient.objects.create(
        application=application,
        kind=asked.kind,
        proof=asked.proof,
        jwks_url=asked.jwks_url,
        jwks=asked.jwks,
        scope=asked.scope,
        purpose=asked.purpose,
        introspects=asked.introspects,
    )
    _record(client, Action.CREATE, "client.register", by, scope=asked.scope, kind=asked.kind.value)
    return client, secret


@transaction.atomic
def rotate_secret(*, client: SmartClient, by: Actor) -> str:
    """A new secret; the earlier one is void from now on. Tokens that were issued stay."""
    _check(by)
    secret = secrets.token_urlsafe(48)
    client.application.client_secret = secret  # hashed when it is saved
    client.application.save()
    _record(client, Action.UPDATE, "client.secret", by)
    return secret


@transaction.atomic
def disable(*, client: SmartClient, by: Actor) -> None:
    """Out of service at once, with every token that it holds. What it did stays in the trail."""
    _check(by)
    if client.disabled is not None:
        return
    client.disabled = timezone.now()
    client.save(update_fields=["disabled"])
    now = timezone.now()
    RefreshToken.objects.filter(application=client.application, revoked=None).update(revoked=now, updated=now)
    AccessToken.objects.filter(application=client.application).delete()
    _record(client, Action.DELETE, "client.disable", by)


def _check(by: Actor) -> None:
    if Permission.CLIENT_MANAGE not in granted(by.roles):
        raise PermissionDenied(_("Registering clients takes the administrator role."))


def _service_user(client_id: str) -> Any:
    """A user who cannot log in, with the integration role alone, as whom the system acts."""
    user = get_user_model().objects.create_user(f"client-{client_id}")
    user.set_unusable_password()
    user.save()
    user.groups.set([Group.objects.get(name=Role.INTEGRATION)])
    return user


def _record(client: SmartClient, action: Action, activity: str, by: Actor, **detail: str) -> None:
    record(
        by=by,
        action=action,
        activity=activity,
        entity_type="SmartClient",
        entity_id=client.pk,
        purpose="",
        detail={"client": client.application.client_id, **detail},
    )
