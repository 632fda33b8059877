"""Apps that run in a browser: their pages may call the FHIR and token addresses from their registered origin.

Never with cookies: such an app shows its token, as every other caller does.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from integrations.smart.models import Kind, SmartClient

_CALLED = ("/fhir/", "/oauth/token", "/oauth/revoke")
_SENT = "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer"
_SHOWN = (
    "Content-Location, ETag, Expires, Last-Modified, Location, Retry-After, WWW-Authenticate, X-Progress, X-Request-Id"
)
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_KEPT_S = 600


def cross_origin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a browser's question beforehand, and let it hand the answer to a page of a registered origin."""

    def answer(request: HttpRequest) -> HttpResponse:
        origin = request.headers.get("Origin", "")
        if not origin or not request.path.startswith(_CALLED) or not _is_registered(origin):
            return get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = _METHODS
            response["Access-Control-Allow-Headers"] = _SENT
            response["Access-Control-Max-Age"] = str(_KEPT_S)
        else:
            response = get_response(request)
            response["Access-Control-Expose-Headers"] = _SHOWN
        response["Access-Control-Allow-Origin"] = origin
        patch_vary_headers(response, ["Origin"])
        return response

    return answer


def _is_registered(origin: str) -> bool:
    """Whether an app in service that runs in browsers comes back to an address of this origin."""
    if not origin.startswith(("https://", "http://")) or len(origin) > 300:
        return False
    near = SmartClient.objects.filter(
        kind=Kind.PUBLIC, disabled=None, application__redirect_uris__contains=origin
    ).values_list("application__redirect_uris", flat=True)
    return any(_origin(address) == origin for addresses in near for address in addresses.split())


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
