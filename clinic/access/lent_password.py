"""A password that somebody else set is changed before anything else is opened."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from clinic.access.models import LentPassword

_MARK = "access_lent_password"


def lend(person: AbstractBaseUser) -> None:
    """Remember that somebody else knows the person's password."""
    LentPassword.objects.get_or_create(person_id=person.pk)


def is_own(person: AbstractBaseUser) -> None:
    """The person chose their password themselves."""
    LentPassword.objects.filter(person_id=person.pk).delete()


def mark(request: HttpRequest, person: AbstractBaseUser) -> None:
    """Called at the login, so that no page has to look it up; a password set later ends every session anyway."""
    if LentPassword.objects.filter(person_id=person.pk).exists():
        request.session[_MARK] = True


def unmark(request: HttpRequest) -> None:
    request.session.pop(_MARK, None)


def must_be_changed(request: HttpRequest) -> bool:
    """Whether this session was opened with a password that somebody else set."""
    return request.session.get(_MARK) is True


def lead_to_change(request: HttpRequest) -> HttpResponse:
    """To the page that changes it; a program is told."""
    where = reverse("account-password")
    if getattr(request, "htmx", False):
        response = HttpResponse(status=403)
        response["HX-Redirect"] = where
        return response
    return redirect(where)
