"""The six digits of an authenticator app: right in their half minute or the ones beside it, and good once."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from cryptography.fernet import InvalidToken
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

_LAST = "last_counter"


def matching_counter(secret: str, code: str) -> int | None:
    """The time step whose code this is, or None."""
    digits = "".join(code.split())
    found = None
    for counter in yield_hotp_counters_from_time():
        if constant_time_compare(format_hotp_value(hotp_value(secret, counter)), digits):
            found = counter
    return found


@transaction.atomic
def use(user: AbstractBaseUser, code: str) -> Authenticator | None:
    """The person's app, if `code` is its code now and neither this one nor a later one was used before.

    The step is kept in the row and not in a cache, which every web process would have for itself.
    """
    app = Authenticator.objects.select_for_update().filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    if app is None:
        return None
    try:
        counter = matching_counter(decrypt(app.data["secret"]), code)
    except InvalidToken:  # sealed with a key of the site that is gone
        return None
    if counter is None or counter <= app.data.get(_LAST, 0):
        return None
    app.data[_LAST] = counter
    app.last_used_at = timezone.now()
    app.save(update_fields=["data", "last_used_at"])
    return app
