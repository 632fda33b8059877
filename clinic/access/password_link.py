"""The link by which a person sets a new password: made for them, good once, and sent to their address if need be."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from clinic.access import own_language
from clinic.access.actor import key_of
from clinic.access.roles import Role
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action


def path_for(person: AbstractBaseUser) -> str:
    """The path of the link: good once, for ``PASSWORD_RESET_TIMEOUT``, and until the person logs in."""
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse("set-password", kwargs={"uidb64": uid, "token": default_token_generator.make_token(person)})


def send(username: str, site: str) -> bool:
    """E-mail the link to the person; False where nobody of this name has a password and an address here."""
    people = get_user_model()
    person: Any = people.objects.filter(username=people.normalize_username(username), is_active=True).first()
    if (
        person is None
        or not person.email
        or not person.has_usable_password()
        or person.groups.filter(name=Role.INTEGRATION).exists()
    ):
        return False
    content = {
        "link": f"{site}{path_for(person)}",
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        "username": person.get_username(),
    }
    # A worker speaks no page's language: the letter is in its reader's.
    spoken = own_language.of(person) or settings.SITE_LANGUAGE or settings.LANGUAGE_CODE
    with transaction.atomic(), translation.override(spoken):
        record(
            by=SYSTEM,
            action=Action.EXECUTE,
            activity="password.send-link",
            entity_type="User",
            entity_id=key_of(person),
            purpose="",
        )
        send_mail(
            _("A new password for Patient Twin"),
            render_to_string("access/password_mail.txt", content),
            None,
            [person.email],
        )
    return True
