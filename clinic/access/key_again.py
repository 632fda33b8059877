"""A passkey that confirms who one is, before something that counts: each time a challenge of its own, good once.

The challenge waits apart from those of the login and of a new key, so that no page takes another's away. The key itself
must ask for a finger, a face or a PIN: one that was left in the machine signs nothing by a touch.
"""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from fido2.webauthn import UserVerificationRequirement

from clinic.access import passkey
from clinic.access.gate import page
from clinic.access.roles import Permission

STALE_AFTER_S = 120
_WAITING = "access_key_challenge"


@page(Permission.ACCOUNT_OWN)
@never_cache
@require_POST
def challenge(request: HttpRequest) -> HttpResponse:
    """What the browser asks one's keys now, as JSON; asked for when the button is pressed."""
    person: Any = request.user
    if not has_key(person):
        return JsonResponse({"problem": _("You have no key that could confirm it.")}, status=409)
    asked, state = auth.get_server().authenticate_begin(
        credentials=auth.get_credentials(person), user_verification=UserVerificationRequirement.REQUIRED
    )
    request.session[_WAITING] = {"state": state, "at": time.time()}
    return HttpResponse(passkey.written(dict(asked)), content_type="application/json")


def has_key(person: AbstractBaseUser) -> bool:
    return Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.WEBAUTHN).exists()


def use(request: HttpRequest, person: AbstractBaseUser, answer: str) -> Authenticator | None:
    """The person's key that signed this session's challenge, which is used up; None where none did or it is stale."""
    waiting = request.session.pop(_WAITING, None)
    if waiting is None or not 0 <= time.time() - waiting["at"] < STALE_AFTER_S:
        return None
    try:
        credential = passkey.read(answer)
        auth.parse_authentication_response(credential)
        held = auth.get_credentials(person)
        proved = auth.get_server().authenticate_complete(waiting["state"], held, credential)
    except passkey.BROKEN:
        return None
    key = auth.get_authenticator_by_credential_id(person, proved.credential_id)
    if key is not None:
        key.last_used_at = timezone.now()
        key.save(update_fields=["last_used_at"])
    return key
