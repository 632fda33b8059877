"""Add a source, change where it is and how it lets us in, switch it off and on: what the administrator's page does.

Each is one audit event, with what was before and after; of a secret it says that it was replaced, never what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access.permissions import has
from clinic.access.roles import Permission
from clinic.access.sealing import seal
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from integrations.ehr.access import AccessError
from integrations.ehr.address import AddressError, base_url, origin
from integrations.ehr.configured import SECRETS, Credentials, credentials_of
from integrations.ehr.models import SetSource, SourceKind
from integrations.ehr.source import SourceError, check_name
from integrations.readings.models import Source

PLAIN = ("kind", "url", "client_id", "key_id", "token_url", "scope", "file_hosts")
_LONGEST = {"url": 500, "client_id": 200, "key_id": 200, "token_url": 500, "scope": 1000, "file_hosts": 500}
_LONGEST_SECRET = 20_000
_ADDRESS_OF_THE_FORM = "new"


class SetSourceError(ValueError):
    """What cannot be set so; the sentence says why and what to do, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed. `token` and `client_key` empty: those that are kept already go on."""

    kind: str = SourceKind.CHART
    url: str = ""
    client_id: str = ""
    key_id: str = ""
    token_url: str = ""
    scope: str = ""
    file_hosts: str = ""
    token: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)

    @classmethod
    def posted(cls, data: Mapping[str, str]) -> "Wanted":
        return cls(**{one.name: str(data.get(one.name, "")).replace("\x00", "").strip() for one in fields(cls)})


def add(*, slug: str, wanted: Wanted, by: AbstractBaseUser, actor: Actor) -> SetSource:
    """A new source, which is pulled from now on.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    SetSourceError
        The name is taken or none, or what was typed lets nobody in.
    """
    _allowed(by)
    try:
        name = check_name(slug.strip())
    except SourceError as error:
        raise SetSourceError(str(error)) from error
    if name == _ADDRESS_OF_THE_FORM:
        raise SetSourceError(_("A source cannot be called “new”; choose another name."))
    if name in settings.EHR_SOURCES:
        raise SetSourceError(_("The settings of the server name this source already; it is changed there."))
    known = Source.objects.filter(slug=name).first()
    there = _origin(wanted.url)  # nowhere for what is no address, which is said below
    if known is not None and there is not None and _origin(known.address) != there:
        raise SetSourceError(_("Data came from a source of this name at another address; choose another name."))
    made = SetSource(slug=name)
    _fill(made, wanted)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            _write(made, actor, "source.add", Action.CREATE, after=_state(made))
    except IntegrityError as error:
        raise SetSourceError(_("A source of this name is set already; change that one.")) from error
    return made


def change(*, source: SetSource, wanted: Wanted, by: AbstractBaseUser, actor: Actor) -> bool:
    """Set these in place of what was; whether that changed anything. Raises as `add` does.

    A secret goes to the server that it was given for alone: another address asks for it anew.
    """
    _allowed(by)
    with transaction.atomic():
        locked = SetSource.objects.select_for_update(no_key=True).get(pk=source.pk)
        if not locked.url:
            raise SetSourceError(_("The settings of the server name this source; it is changed there."))
        before = _state(locked)
        if _origin(wanted.url) != _origin(locked.url):
            locked.sealed_token = locked.sealed_key = ""
        _fill(locked, wanted)
        after = _state(locked)
        replaced = [name for name in ("token", "client_key") if getattr(wanted, name)]
        if before == after and not replaced:
            return False
        locked.save()
        _write(locked, actor, "source.change", Action.UPDATE, before=before, after=after, replaced=replaced)
    return True


def switch(*, slug: str, on: bool, by: AbstractBaseUser, actor: Actor) -> None:
    """Off: nothing is asked of it and nothing sent to it, by the clock or by a command. On again: it goes on there.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    """
    _allowed(by)
    with transaction.atomic():
        row, _made = SetSource.objects.select_for_update(no_key=True).get_or_create(slug=slug)
        if row.is_on == on:
            return
        row.is_on = on
        row.save(update_fields=["is_on"])
        _write(row, actor, "source.switch", Action.UPDATE, before={"on": not on}, after={"on": on})


def _fill(row: SetSource, wanted: Wanted) -> None:
    for name, longest in _LONGEST.items():
        if len(getattr(wanted, name)) > longest:
            raise SetSourceError(_("%(name)s is longer than %(longest)d letters.") % {"name": name, "longest": longest})
    if wanted.kind not in SourceKind.values:
        raise SetSourceError(_("Choose what kind of system it is."))
    if max(len(wanted.token), len(wanted.client_key)) > _LONGEST_SECRET:
        raise SetSourceError(_("The secret is too long to be one."))
    for name in PLAIN:
        setattr(row, name, getattr(wanted, name))
    if wanted.client_id:
        row.sealed_token = ""
    else:
        row.sealed_key = ""
    for sealed, secret in (("sealed_token", wanted.token), ("sealed_key", wanted.client_key)):
        if secret:
            setattr(row, sealed, seal(secret, SECRETS))
            row.secret_since = timezone.now()
    if not (row.sealed_token or row.sealed_key):
        row.secret_since = None
    try:
        row.url = base_url(row.url)
        _credentials(row, wanted).access(row.url)
    except (AccessError, AddressError) as error:
        raise SetSourceError(str(error)) from error


def _credentials(row: SetSource, wanted: Wanted) -> Credentials:
    """What would be shown to the server: both secrets where both were typed, so that the contradiction is named."""
    kept = credentials_of(row)
    return Credentials(
        token=wanted.token or kept.token,
        client_id=row.client_id,
        client_key=wanted.client_key or kept.client_key,
        key_id=row.key_id,
        token_url=row.token_url,
        scope=row.scope,
    )


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        return origin(base_url(address))
    except AddressError:
        return None


def _allowed(by: AbstractBaseUser) -> None:
    if not has(by, Permission.SOURCE_MANAGE):
        raise PermissionDenied(f"Your roles do not include {Permission.SOURCE_MANAGE}.")


def _state(row: SetSource) -> dict[str, Any]:
    state = {name: getattr(row, name) for name in PLAIN}
    return state | {"on": row.is_on, "token": bool(row.sealed_token), "client_key": bool(row.sealed_key)}


def _write(row: SetSource, actor: Actor, activity: str, action: Action, **detail: Any) -> None:
    record(
        by=actor,
        action=action,
        activity=activity,
        entity_type="Source",
        entity_id=row.slug,
        purpose="HOPERAT",
        detail=detail,
    )
