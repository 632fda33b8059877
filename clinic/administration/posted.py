"""What the administrator's forms send, read as rows; what is no row is left out."""

from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from clinic.administration.refusal import AdministrationError
from clinic.patients.models import CareTeam

_LONGEST_KEY = 10**18
_Row = TypeVar("_Row", bound=Model)


def key(pk: int) -> int:
    """No key is longer than 18 digits, and a longer one is no number for SQLite."""
    return pk if pk < _LONGEST_KEY else 0


def teams(request: HttpRequest, name: str = "team") -> list[CareTeam]:
    return _rows(CareTeam, request.POST.getlist(name))


def people(request: HttpRequest, name: str) -> list[Any]:
    return _rows(get_user_model(), request.POST.getlist(name))


def moment(request: HttpRequest, name: str, what: str) -> datetime | None:
    """A time on the ward's clock; None where none is given.

    Raises
    ------
    AdministrationError
        It is no time; `what` names it.
    """
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise AdministrationError(_("%(what)s is no time; write it as 2026-11-22T14:05.") % {"what": what})
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _rows(model: type[_Row], texts: list[str]) -> list[_Row]:
    keys = [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) <= 18]
    return list(model._default_manager.filter(pk__in=keys))
