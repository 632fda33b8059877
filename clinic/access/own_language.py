"""The language that a person chose for the pages: kept with the account, so that it is spoken wherever they log in."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from clinic.access.actor import key_of
from clinic.access.models import ChosenLanguage
from clinic.audit.event import Actor, record
from clinic.audit.models import Action


class People(ModelBackend):
    """Finds who is signed in together with their language, so that no page asks for it apart."""

    def get_user(self, user_id: int) -> User | None:
        person = User.objects.select_related("chosen_language").filter(pk=user_id).first()
        return person if person is not None and self.user_can_authenticate(person) else None


def of(person: AbstractBaseUser | AnonymousUser) -> str:
    """The code of the language; empty where nobody is signed in, or chose none that is spoken here."""
    row = getattr(person, "chosen_language", None)
    return row.code if row is not None and row.code in dict(settings.LANGUAGES) else ""


@transaction.atomic
def keep(*, person: AbstractBaseUser, code: str, by: Actor) -> None:
    """From now on speak to the person in the language of this code, one of ``LANGUAGES``."""
    if of(person) == code:
        return
    ChosenLanguage.objects.update_or_create(person_id=person.pk, defaults={"code": code})
    record(
        by=by,
        action=Action.UPDATE,
        activity="account.language",
        entity_type="User",
        entity_id=key_of(person),
        purpose="",
        detail={"language": code},
    )


def speak(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer who is signed in as the account says; `clinic.site.language`, around this, puts the language back."""

    def answer(request: HttpRequest) -> HttpResponse:
        chosen = of(request.user)
        if chosen:
            translation.activate(chosen)
        return get_response(request)

    return answer
