"""Which ways the person has to say once more who they are; asked only where a page asks for it."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django import template
from django.contrib.auth.models import AbstractBaseUser

register = template.Library()


@dataclass(frozen=True, slots=True)
class OwnWays:
    """`typed`: by a password or an app's code; also where there is no way at all, so that the page asks for one."""

    typed: bool
    key: bool


@register.simple_tag
def own_ways(person: AbstractBaseUser) -> OwnWays:
    kinds = set(Authenticator.objects.filter(user_id=person.pk).values_list("type", flat=True))
    key = Authenticator.Type.WEBAUTHN in kinds
    return OwnWays(typed=person.has_usable_password() or Authenticator.Type.TOTP in kinds or not key, key=key)
