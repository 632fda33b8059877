"""An e-mail to the reviewers of an emergency access, by keys alone, where a server takes e-mail.

The opening's row remembers until it was sent: a worker writes, outside any transaction, and where it cannot, the sweep
has it tried again. Nobody who opens a patient waits for it, and nothing of the opening depends on it.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.roles import GRANTS, Permission, Role
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from clinic.patients.models import Opening

AGAIN = timedelta(minutes=5)
"""So long after a try the next may come, be it that the server refused it or that the worker died over it."""
REVIEWERS = tuple(role for role in Role if Permission.GLASS_REVIEW in GRANTS[role])
log = logging.getLogger(__name__)


def is_sent() -> bool:
    """Whether e-mail is sent at all here."""
    return bool(settings.EMAIL_HOST and settings.PUBLIC_URL)


def due(now: datetime) -> list[int]:
    """The openings whose reviewers are to be written to, and that nobody has reviewed meanwhile."""
    if not is_sent():
        return []
    waiting = Opening.objects.filter(tell_at__lte=now, reviewed__isnull=True)
    return list(waiting.order_by("tell_at").values_list("pk", flat=True)[:100])


def tell(pk: int, now: datetime | None = None) -> bool:
    """Write to everybody who may review the opening; False where it is not due, or could not be sent and stays due."""
    at = now or timezone.now()
    if not is_sent():
        return False
    # Taken for a while by a single statement: two workers write once, and none holds the database while a server waits.
    if not Opening.objects.filter(pk=pk, tell_at__lte=at, reviewed__isnull=True).update(tell_at=at + AGAIN):
        return False
    opening = Opening.objects.select_related("person").get(pk=pk)
    addresses = _addresses(opening)
    if not addresses:
        log.warning("nobody was told of emergency access %s: no reviewer has an e-mail address", pk)
        return False
    try:
        with translation.override(settings.SITE_LANGUAGE or settings.LANGUAGE_CODE):
            send_mail(_subject(opening), _text(opening), None, addresses)
    except OSError as error:  # as every refusal of a mail server is
        log.warning("reviewers were not told of emergency access %s, and will be later: %s", pk, error)
        return False
    with transaction.atomic():
        Opening.objects.filter(pk=pk).update(tell_at=None)
        record(
            by=SYSTEM,
            action=Action.EXECUTE,
            activity="glass.tell",
            subject_key=opening.patient_id,
            entity_type="Opening",
            entity_id=pk,
            purpose="HOPERAT",
            detail={"reviewers": len(addresses)},
        )
    return True


def _addresses(opening: Opening) -> list[str]:
    """Of those in service who may review it, each once; nobody reviews their own."""
    people = get_user_model().objects.filter(is_active=True, groups__name__in=REVIEWERS)
    return sorted(set(people.exclude(pk=opening.person_id).exclude(email="").values_list("email", flat=True)))


def _subject(opening: Opening) -> str:
    return _("Emergency access %(number)d waits for review") % {"number": opening.pk}


def _text(opening: Opening) -> str:
    content = {
        "number": opening.pk,
        "person": key_of(opening.person),
        "begun": opening.begun,
        "until": opening.until,
        "against_restriction": opening.against_restriction,
        "link": f"{settings.PUBLIC_URL}{reverse('break-glass-review', args=[opening.pk])}",
    }
    return render_to_string("access/glass_mail.txt", content)
