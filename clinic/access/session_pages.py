"""What a page asks about its own session before that ends."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from clinic.access.actor import actor_of
from clinic.access.gate import public
from clinic.access.home import home
from clinic.access.idle import renew, seconds_left
from clinic.access.stranger import ask_to_sign_in


@public("how many seconds the caller's own session lasts, which is 0 for a stranger")
@never_cache
@require_safe
def session_left(request: HttpRequest) -> HttpResponse:
    """Asked by open pages by themselves, with the header that keeps no session alive."""
    return JsonResponse({"seconds": seconds_left(request)})


@public("a person says that they are still there; a stranger gets the login form")
@never_cache
@require_POST
def session_stay(request: HttpRequest) -> HttpResponse:
    """Start the idle limit anew."""
    if not request.user.is_authenticated:
        return ask_to_sign_in(request)
    renew(request, at_once=True)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"seconds": seconds_left(request)})
    return redirect(home(actor_of(request.user, request).roles))
