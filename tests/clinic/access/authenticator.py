"""An authenticator app: the codes that it shows."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PERIOD_S = 30


def give_app(user: User) -> Authenticator:
    """An authenticator app that this person has set up already."""
    return TOTP.activate(user, SECRET).instance


def code(*, secret: str = SECRET, steps: int = 0) -> str:
    """The code now, or so many half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S + steps))


def wrong_code(*, secret: str = SECRET) -> str:
    """Six digits that are no code of the next or the last minutes."""
    near = {code(secret=secret, steps=steps) for steps in range(-3, 4)}
    return next(digits for digits in (f"{number:06}" for number in range(10)) if digits not in near)
