"""What of the browser pages may use: keys for signing in and the clipboard for a note, and no sensor or device."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_OURS = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
_NOBODYS = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "display-capture"),
    *("encrypted-media", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts"),
    *("magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial"),
    *("storage-access", "usb", "window-management", "xr-spatial-tracking"),
)
# Bluetooth and sharing are left out: Chromium knows neither name, and says so in the console of every page.
POLICY = ", ".join([*(f"{name}=(self)" for name in _OURS), *(f"{name}=()" for name in _NOBODYS)])
"""The header Permissions-Policy: https://www.w3.org/TR/permissions-policy/."""


def features(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say it with every answer: what slips into a page gets nothing of the ward's machine either."""

    def say(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Permissions-Policy"] = POLICY
        return response

    return say
