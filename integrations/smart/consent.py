"""An app's question for a person: read from its address, and refused to the app where that is safe."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.models import Application
from oauthlib.common import add_params_to_uri

from integrations.smart.bridge import QueryCore, fhir_base, issuer
from integrations.smart.scope_words import named
from integrations.smart.scopes import Context, Scopes, parse

_LONGEST_STATE = 2000
_OF_THE_LIBRARY = (
    gettext_noop("Invalid client_id parameter value."),
    gettext_noop("Missing client_id parameter."),
    gettext_noop("Mismatching redirect URI."),
    gettext_noop("Invalid redirect URI."),
    gettext_noop("Missing redirect URI."),
)
"""What oauthlib says where a question is broken."""
_CHALLENGE_LENGTH = 43
"""Characters of a SHA-256 digest in base64url."""


class BrokenQuestion(Exception):
    """Not to be sent back: client or address are not known, so only the person is told."""


class RefusedQuestion(Exception):
    """Sent back to the app: `address` carries the error code, the description and the app's state."""

    def __init__(self, address: str, error: str) -> None:
        super().__init__(error)
        self.address = address
        self.error = error


@dataclass(frozen=True, slots=True)
class Question:
    """What a registered app asks, with scopes cut down to those it is registered for."""

    application: Application
    scopes: Scopes
    credentials: dict[str, Any]
    launch: str
    issuer: str
    core: QueryCore = field(repr=False)

    @property
    def redirect_uri(self) -> str:
        return str(self.credentials["redirect_uri"])

    @property
    def wants_patient(self) -> bool:
        """Whether it is about one patient: by the launch, or by a scope that reaches only one."""
        return (
            bool(self.launch)
            or "launch/patient" in self.scopes.named
            or any(scope.context is Context.PATIENT for scope in self.scopes.clinical)
        )

    @property
    def origin(self) -> str:
        """What the page's policy must let a form lead to: the app's origin, or its own scheme."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """Each scope that a person may leave out, and what it means."""
        optional = [name for name in self.scopes.named if name in ("offline_access", "online_access")]
        told = [(str(scope), scope.words) for scope in self.scopes.clinical]
        return told + [(name, named(name)) for name in optional]

    @property
    def granted_anyway(self) -> list[str]:
        """What the other scopes mean, which the sign-in needs."""
        kept = ("openid", "fhirUser", "profile", "launch")
        return [named(name) for name in self.scopes.named if name in kept]

    def refuse(self, error: str, description: str) -> RefusedQuestion:
        return _refused(self.redirect_uri, self.credentials.get("state"), self.issuer, error, description)


def read(request: HttpRequest) -> Question:
    """The question that the address of `request` holds.

    Raises
    ------
    BrokenQuestion
        The client is not known or the redirect address is not registered.
    RefusedQuestion
        Everything else that is wrong.
    """
    if any("\x00" in value for _name, values in request.GET.lists() for value in values):
        raise BrokenQuestion(_("The address of the question has a NUL character."))
    core = QueryCore.made()
    try:
        scopes, credentials = core.validate_authorization_request(request)
    except FatalClientError as error:
        raise BrokenQuestion(_(error.oauthlib_error.description or error.oauthlib_error.error)) from error
    except OAuthToolkitError as error:
        fault = error.oauthlib_error
        raise _refused(
            fault.redirect_uri or request.GET.get("redirect_uri", ""),
            request.GET.get("state"),
            issuer(request),
            fault.error,
            fault.description or "",
        ) from error
    question = Question(
        application=Application.objects.get(client_id=credentials["client_id"]),
        scopes=parse(" ".join(scopes)),
        credentials=credentials,
        launch=request.GET.get("launch", ""),
        issuer=issuer(request),
        core=core,
    )
    _check(question, request)
    return question


def _check(question: Question, request: HttpRequest) -> None:
    state = question.credentials.get("state") or ""
    if not state or len(state) > _LONGEST_STATE:
        raise question.refuse("invalid_request", "state is missing or too long; send a random one")
    challenge = question.credentials.get("code_challenge") or ""
    if question.credentials.get("code_challenge_method") != "S256" or len(challenge) != _CHALLENGE_LENGTH:
        raise question.refuse("invalid_request", "send code_challenge with code_challenge_method S256")
    audience = request.GET.get("aud", "")
    base = fhir_base(question.issuer)
    if audience not in (base, base + "/"):
        raise question.refuse("invalid_request", f"aud is not this server; send aud={base}")
    if "launch" in question.scopes.named and not question.launch:
        raise question.refuse("invalid_request", "scope launch is asked without the parameter launch")


def _refused(address: str, state: str | None, base: str, error: str, description: str) -> RefusedQuestion:
    told = "".join(one if " " <= one <= "~" and one not in '"\\' else "'" for one in description)
    said = [("error", error), ("error_description", told), ("iss", base)]
    return RefusedQuestion(add_params_to_uri(address, said + ([("state", state)] if state else [])), error)
