"""``POST /fhir-notify/[id]``: where hospital systems send the notifications of our subscriptions."""

import re
from functools import partial
from hmac import compare_digest
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from clinic.access.gate import bearer
from integrations.ehr.models import EhrSubscription, SubscriptionState
from integrations.ehr.notification import NotificationError
from integrations.ehr.notified import keep
from integrations.ehr.subscribe import digest
from integrations.fhir.authentication import refuse
from integrations.fhir.outcome import Refusal, answer
from twins.jobs.queue import send_task

TASK = "integrations.ehr.tasks.notified"
_NOBODY = digest("")


@csrf_exempt  # a server shows its secret, not a cookie
@bearer("hospital systems show the secret that their subscription was given")
def notify(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Keep the payload and answer at once; a worker brings in what it announces."""
    try:
        ours = _subscription(request, subscription_id)
    except Refusal as refusal:
        return answer(refusal)
    if request.method != "POST":
        return answer(Refusal(405, "not-supported", "Notifications are sent by POST.", Allow="POST"))
    if ours.state == SubscriptionState.OFF:
        return answer(Refusal(410, "deleted", "This subscription was ended; notify no more."))
    kind = request.content_type or ""
    if kind not in ("application/fhir+json", "application/json"):
        return answer(Refusal(415, "not-supported", f"Content-Type is {kind[:60]!r}; send application/fhir+json."))
    try:
        content = request.body
        with transaction.atomic():
            row = keep(ours, content, kind)
            transaction.on_commit(partial(send_task, TASK, row.pk))
    except RequestDataTooBig:
        return answer(Refusal(413, "too-long", "The notification is too long; send fewer events at once."))
    except NotificationError as error:
        return answer(Refusal(400, "invalid", str(error)))
    return HttpResponse(status=200)


def _subscription(request: HttpRequest, subscription_id: UUID) -> EhrSubscription:
    """The subscription whose secret the request shows; an unknown one is refused like a wrong secret.

    Raises
    ------
    Refusal
        401, or 429 after too many.
    """
    challenge = {"WWW_Authenticate": 'Bearer realm="notifications"'}
    shown = request.headers.get("Authorization", "")
    if not shown:
        raise Refusal(401, "login", "Send the secret of the subscription: Authorization: Bearer …", **challenge)
    match = re.fullmatch(r"[Bb]earer +([A-Za-z0-9\-_]{1,200})", shown)
    ours = EhrSubscription.objects.select_related("source").filter(pk=subscription_id).first()
    known = ours.secret_sha256 if ours is not None else _NOBODY
    right = compare_digest(digest(match[1]) if match else _NOBODY[::-1], known)
    if ours is None or not right:
        refuse(request, "ehr.notify")
        raise Refusal(401, "login", "The secret is not that of a subscription.", **challenge)
    return ours
