"""What form a caller takes an answer in, and what form a body has: JSON of FHIR R4, under the names that it goes by."""

import re

from django.http import HttpRequest
from rest_framework.request import Request

from integrations.fhir.outcome import Refusal

JSON_TYPES = ("application/fhir+json", "application/json", "application/json+fhir", "text/json")
_VERSION = "4.0"
"""What the media type parameter ``fhirVersion`` may say: https://hl7.org/fhir/R4/versioning.html#mt-version."""


def judge_accept(request: Request, served: tuple[str, ...] = JSON_TYPES) -> None:
    """Raise 406 for one who takes none of what is `served`; an unknown or missing preference is no refusal.

    ``_format`` in the address counts instead of the Accept header, for clients that cannot set one:
    https://hl7.org/fhir/R4/http.html#parameters.
    """
    wanted = request.query_params.get("_format")
    if wanted is not None:
        if not is_json(wanted):
            raise Refusal(
                406, "not-supported", f"_format is {wanted[:60]!r}; only application/fhir+json is served",
                expression="http._format",
            )  # fmt: skip
        return
    kinds = [kind for kind in request.headers.get("Accept", "").split(",") if kind.strip()]
    if kinds and not any(_is_taken(kind, served) for kind in kinds):
        raise Refusal(406, "not-supported", f"Only {served[0]} of FHIR 4.0 is served; accept it.")


def is_json(text: str) -> bool:
    """Whether a ``_format`` means what is served; a ``+`` may have come unescaped, as a blank."""
    name, options = _parts(text)
    return name.replace(" ", "+") in ("json", *JSON_TYPES) and _is_r4(options)


def body(request: Request, *kinds: str) -> bytes:
    """The bytes of the body; 415 unless it is of one of `kinds`, or JSON of R4."""
    wanted = kinds or JSON_TYPES
    name, options = _parts(request.content_type or "")
    if name not in wanted or not _is_r4(options):
        sent = request.content_type or ""
        raise Refusal(415, "not-supported", f"Content-Type is {sent[:60]!r}; send {wanted[0]}.")
    plain: HttpRequest = request._request
    return bytes(plain.body)


def _is_taken(kind: str, served: tuple[str, ...]) -> bool:
    name, options = _parts(kind)
    is_refused = any(re.fullmatch(r"q=0(\.0*)?", option) for option in options)
    return not is_refused and name in (*served, "*/*", "application/*") and _is_r4(options)


def _is_r4(options: list[str]) -> bool:
    pairs = (option.partition("=") for option in options)
    versions = [value.strip().strip('"') for name, _, value in pairs if name.strip() == "fhirversion"]
    return all(version == _VERSION or version.startswith(f"{_VERSION}.") for version in versions)


def _parts(text: str) -> tuple[str, list[str]]:
    """The name of a media type and its parameters, in small letters."""
    name, *options = (part.strip() for part in text.lower().split(";"))
    return name, options
