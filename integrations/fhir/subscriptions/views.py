"""The page of subscriptions: who is told, how far, and what could not be told."""

from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from integrations.fhir.subscriptions.models import DeadLetter, State, Subscriber, Why
from integrations.fhir.subscriptions.retry import retry

_PAGE_LENGTH = 50
_MOST_NUMBER = 10**18


@page(Permission.SUBSCRIPTION_VIEW)
@require_safe
def subscriptions(request: HttpRequest) -> HttpResponse:
    """All subscriptions, those in trouble first, and the dead letters that wait; nothing of any patient."""
    found = Subscriber.objects.select_related("application").annotate(
        waiting=Count("events", filter=Q(events__number=None) | Q(events__number__gt=F("delivered"))),
    )
    shown = sorted(found, key=lambda one: (_RANK[one.state, one.why_off == Why.DEAD_LETTER], -one.pk))
    letters = DeadLetter.objects.filter(retried=None, subscriber__why_off=Why.DEAD_LETTER)
    content = {
        "section": "subscriptions",
        "subscriptions": Paginator(shown, _PAGE_LENGTH).get_page(request.GET.get("page")),
        "letters": letters.select_related("subscriber__application")[:_PAGE_LENGTH],
        "waiting": letters.count(),
        "told": {"yes": _("It is tried again."), "no": _("It was tried again already, or its owner ended it.")}.get(
            request.GET.get("tried", ""), ""
        ),
    }
    return render(request, "subscriptions/subscriptions.html", content)


@page(Permission.SUBSCRIPTION_RETRY)
@require_POST
def retry_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Try one dead letter again, and with it all that its subscription missed."""
    letter = get_object_or_404(DeadLetter, pk=pk if pk < _MOST_NUMBER else 0)
    done = retry(letter=letter, by=request.actor)  # type: ignore[attr-defined]
    return redirect(f"{reverse('subscriptions')}?tried={'yes' if done else 'no'}")


_RANK = {(state, dead): (0 if dead else 4) for state in State.values for dead in (True, False)} | {
    (State.ERROR.value, False): 1,
    (State.REQUESTED.value, False): 2,
    (State.ACTIVE.value, False): 3,
}
"""What needs somebody comes first."""
