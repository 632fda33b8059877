"""Pages inside a frame of a hospital system: the clinicians' pages, and only of the systems that the setting names."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clinic.access.gate import Door, rule_of
from clinic.access.roles import Permission

FRAMED = frozenset(
    {
        Permission.WORKLIST_VIEW,
        Permission.PATIENT_VIEW,
        Permission.COMPARISON_VIEW,
        Permission.COMPARISON_ASK,
        Permission.COMPARISON_SIGN,
        Permission.DATA_QUESTION,
        Permission.GLASS_BREAK,
        Permission.FORMULARY_VIEW,
    }
)
"""Pages under these permissions may be framed; those of administrators and the consent page never."""
_SIGN_IN = ("login", "second-factor")


def framing(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let the origins of `EHR_FRAME_ANCESTORS` frame such pages; without the setting nobody frames anything."""

    def frame(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.EHR_FRAME_ANCESTORS and _may_be_framed(request):
            response._csp_replace = {"frame-ancestors": settings.EHR_FRAME_ANCESTORS}  # type: ignore[attr-defined]
            # The older header knows no list of origins, and a browser that has both goes by the policy.
            response.xframe_options_exempt = True  # type: ignore[attr-defined]
        return response

    return frame


def _may_be_framed(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None:
        return False
    rule = rule_of(match.func)
    if rule is None:
        return False
    return match.url_name in _SIGN_IN or (rule.door is Door.PAGE and rule.permission in FRAMED)
