"""The e-mail address of a person, which an administrator sets: where the link of a forgotten password goes."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.access.actor import key_of
from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.administration import people_pages, posted
from clinic.administration.refusal import AdministrationError, OwnRightsError, check
from clinic.audit.event import Actor, record
from clinic.audit.models import Action


def set_address(*, person: AbstractBaseUser, address: str, by: AbstractBaseUser, actor: Actor) -> None:
    """Set it, or take it away where it is empty; the trail says that it was, not what it is.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        It is no address, or the administrator's own.
    """
    check(by, Permission.PERSON_MANAGE)
    if person.pk == by.pk:
        raise OwnRightsError(_("Nobody changes their own account here; another administrator must."))
    try:
        if address:
            validate_email(address)
    except ValidationError as error:
        raise AdministrationError(_("This is no e-mail address.")) from error
    with transaction.atomic():
        locked: Any = get_user_model().objects.select_for_update(no_key=True).get(pk=person.pk)
        if locked.email == address:
            return
        detail = {"had": bool(locked.email), "has": bool(address)}
        locked.email = address
        locked.save(update_fields=["email"])
        record(
            by=actor,
            action=Action.UPDATE,
            activity="person.email",
            entity_type="User",
            entity_id=key_of(locked),
            purpose="HOPERAT",
            detail=detail,
        )


@page(Permission.PERSON_MANAGE)
@require_POST
def mail_address(request: HttpRequest, pk: int) -> HttpResponse:
    """What is sent becomes the address of the person."""
    found: Any = get_object_or_404(get_user_model(), pk=posted.key(pk))
    try:
        set_address(
            person=found,
            address=request.POST.get("address", "").replace("\x00", "").strip()[:254],
            by=request.user,  # type: ignore[arg-type]
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except AdministrationError as error:
        return people_pages.shown(request, found, problem=str(error))
    return redirect("person", found.pk)
