"""The headers of a subscription: which may be asked for, and how their values are kept so that nobody reads them."""

import json
import re
from collections.abc import Mapping

from clinic.access import sealing
from integrations.fhir.outcome import Refusal

ALLOWED = ("Authorization", "X-API-Key", "X-Correlation-Id")
"""Headers that a subscription may ask for; what else an HTTP request says is ours to say."""
_WHAT = "subscription headers"
_BY_SMALL_NAME = {name.lower(): name for name in ALLOWED}
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?")
"""A field value of RFC 9110, 5.5, without bytes beyond ASCII; no line break can enter."""


class SealedHeadersError(RuntimeError):
    """Headers that neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS opens."""


def allowed(name: str, where: str) -> str:
    """The header's name as it is sent.

    Raises
    ------
    Refusal
        422 for any that is not in `ALLOWED`.
    """
    found = _BY_SMALL_NAME.get(name.strip().lower())
    if found is None:
        raise Refusal(
            422, "not-supported", f"the header {name.strip()[:60]!r} is not sent; a subscription may ask for "
            f"{', '.join(ALLOWED)}", expression=where,
        )  # fmt: skip
    return found


def check_value(name: str, value: str, where: str) -> None:
    """Raise 422 for a value that is empty, too long or no header; the value is not repeated."""
    if not _VALUE.fullmatch(value):
        raise Refusal(
            422, "value", f"the value of the header {name} is empty, too long or holds other than visible ASCII; "
            "send it again", expression=where,
        )  # fmt: skip


def seal(headers: Mapping[str, str]) -> str:
    """Encrypted, as it is stored; empty for none."""
    return sealing.seal(json.dumps(dict(headers)), _WHAT) if headers else ""


def unseal(sealed: str) -> dict[str, str]:
    """What was sealed.

    Raises
    ------
    SealedHeadersError
    """
    if not sealed:
        return {}
    try:
        return dict(json.loads(sealing.unseal(sealed, _WHAT)))
    except sealing.SealError as error:
        raise SealedHeadersError(
            "The headers cannot be read, because this site's secret key changed; the subscription must be sent again."
        ) from error
