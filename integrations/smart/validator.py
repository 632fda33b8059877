"""What django-oauth-toolkit asks us: who a client is, what it may have, and what its tokens carry."""

import hashlib
from typing import Any

from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from clinic.access.actor import key_of
from integrations.smart.authorization import holds, launch_context, redeem, withdraw
from integrations.smart.bridge import fhir_base, issuer_of, token_url
from integrations.smart.client_assertion import AssertionRefused, verify
from integrations.smart.models import Authorization, Proof, SmartClient
from integrations.smart.scopes import Context, Scopes, intersect, parse

SYSTEM_SCOPE = "system/*.rs"
"""What a service user of ``manage.py integration_token`` may have, who has no registration."""
_PEOPLE = (Context.PATIENT, Context.USER)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def registration(application: Application) -> SmartClient | None:
    """The client's registration; None for a service user of ``manage.py integration_token``."""
    return SmartClient.objects.filter(pk=application.pk).first()


def proof_of(application: Application) -> Proof:
    found = registration(application)
    return Proof(found.proof) if found is not None else Proof.SECRET


def allowed(application: Application) -> Scopes:
    """The most that the client may be granted."""
    found = registration(application)
    return parse(found.scope if found is not None else SYSTEM_SCOPE)


class SmartValidator(OAuth2Validator):  # type: ignore[misc]
    """SMART App Launch and Backend Services on django-oauth-toolkit. Codes and tokens are kept as digests alone."""

    # Who the client is.

    def _load_application(self, client_id: str, request: Any) -> Any:
        application = super()._load_application(client_id, request)
        if application is not None:
            found = registration(application)
            if found is not None and found.disabled is not None:
                request.client = None
                return None
        return application

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        if _parameter(request, "client_assertion") or _parameter(request, "client_assertion_type"):
            return True
        return bool(super().client_authentication_required(request, *args, **kwargs))

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        assertion = _parameter(request, "client_assertion")
        kind = _parameter(request, "client_assertion_type")
        if assertion or kind:
            named = _parameter(request, "client_id")
            url = token_url(issuer_of(request))
            try:
                client = verify(assertion=assertion, kind=kind, client_id=named, token_url=url)
            except AssertionRefused as refused:
                raise errors.InvalidClientError(description=_printable(str(refused)), request=request) from refused
            request.client = client.application
            request.client_id = client.application.client_id
            return True
        if not super().authenticate_client(request, *args, **kwargs):
            return False
        return proof_of(request.client) is Proof.SECRET

    def authenticate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        known = super().authenticate_client_id(client_id, request, *args, **kwargs)
        return bool(known) and proof_of(request.client) is Proof.NOTHING

    # What it may ask for.

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *_: Any, **__: Any) -> bool:
        """Exactly one of those registered, character for character."""
        return redirect_uri in request.client.redirect_uris.split()

    def get_default_redirect_uri(self, client_id: str, request: Any, *_: Any, **__: Any) -> str:
        raise errors.MissingRedirectURIError(request=request)

    def get_default_scopes(self, client_id: str, request: Any, *_: Any, **__: Any) -> list[str]:
        """A system with a secret gets what it may have; everybody else says what they ask for."""
        if request.grant_type == "client_credentials" and proof_of(request.client) is Proof.SECRET:
            return str(allowed(request.client)).split()
        raise errors.InvalidScopeError(description="scope is missing; say what you ask for", request=request)

    def validate_scopes(self, client_id: str, scopes: list[str], client: Any, request: Any, *_: Any, **__: Any) -> bool:
        """Grant what is both asked and registered; a system that asks for what does not exist is told so."""
        asked = parse(" ".join(scopes))
        system = request.grant_type == "client_credentials"
        if system and (asked.unknown or asked.named):
            wrong = " ".join((*asked.unknown, *asked.named))[:200]
            raise errors.InvalidScopeError(
                description=_printable(f"{wrong} is no scope of a system; ask for system/Type.rs"), request=request
            )
        granted = intersect(asked, allowed(client)).only(*((Context.SYSTEM,) if system else _PEOPLE))
        if not granted:
            return False
        request.scopes = str(granted).split()
        return True

    def is_within_original_scope(self, request_scopes: list[str], refresh_token: str, request: Any, *_: Any) -> bool:
        """Whether a refresh asks for no more than was granted; what it asks is written as SMART 2."""
        asked, granted = parse(" ".join(request_scopes)), parse(request.authorization.scope)
        if asked.unknown or not asked or not granted.holds(asked):
            return False
        request_scopes[:] = str(asked).split()
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *_: Any, **__: Any) -> list[str]:
        return request.authorization.scope.split()  # type: ignore[no-any-return]

    def validate_silent_authorization(self, request: Any) -> bool:
        return False

    def validate_silent_login(self, request: Any) -> bool:
        return False

    # Codes, which are kept as digests.

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Any, *_: Any, **__: Any) -> None:
        request.resource = []  # every token here is for this server, whatever `resource` asks
        self._create_authorization_code(request, {**code, "code": digest(code["code"])})
        request.approval.code_digest = digest(code["code"])
        request.approval.scope = " ".join(request.scopes)
        request.approval.save(force_insert=True)

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(super().confirm_redirect_uri(client_id, digest(code), redirect_uri, client, *args, **kwargs))

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        super().invalidate_authorization_code(client_id, digest(code), request, *args, **kwargs)

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        return super().get_code_challenge(digest(code), request)  # type: ignore[no-any-return]

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        return super().get_code_challenge_method(digest(code), request)  # type: ignore[no-any-return]

    def get_authorization_code_scopes(self, client_id: str, code: str, redirect_uri: str, request: Any) -> list[str]:
        return super().get_authorization_code_scopes(client_id, digest(code), redirect_uri, request)  # type: ignore[no-any-return]

    def get_authorization_code_nonce(self, client_id: str, code: str, redirect_uri: str, request: Any) -> str | None:
        return super().get_authorization_code_nonce(client_id, digest(code), redirect_uri, request)  # type: ignore[no-any-return]

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Once: whoever comes second, be it thief or owner, ends the whole authorization."""
        authorization = Authorization.objects.filter(code_digest=digest(code), application=client).first()
        if authorization is None:
            return False
        if not redeem(authorization):
            withdraw(authorization)
            return False
        if not super().validate_code(client_id, digest(code), client, request, *args, **kwargs):
            return False
        request.authorization = authorization
        return holds(authorization)

    # Tokens.

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        checksum = hashlib.sha256(refresh_token.encode("utf-8", "replace")).hexdigest()
        # Of two that come at once the second waits here, and then sees that the token is used up.
        rows = list(RefreshToken.objects.select_for_update().filter(token_checksum=checksum))
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        authorization = Authorization.objects.filter(family=rows[0].token_family).select_related("user").first()
        if authorization is None or not holds(authorization):
            return False
        request.authorization = authorization
        return True

    def refresh_id_token(self, request: Any) -> bool:
        return False

    def _check_and_set_request_resource(self, request: Any) -> None:
        request.resource = []

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        authorization: Authorization | None = getattr(request, "authorization", None)
        if authorization is not None and not {"offline_access", "online_access"} & set(authorization.scope.split()):
            token.pop("refresh_token", None)
        super()._save_bearer_token(token, request, *args, **kwargs)
        if authorization is not None:
            token.update(launch_context(authorization))

    def _create_access_token(self, expires: Any, request: Any, token: Any, source_refresh_token: Any = None) -> Any:
        access = super()._create_access_token(expires, request, token, source_refresh_token)
        authorization: Authorization | None = getattr(request, "authorization", None)
        if authorization is not None:
            authorization.tokens.create(access_token=access)
        return access

    def _create_refresh_token(self, request: Any, code: str, access: AccessToken, previous: Any) -> Any:
        refresh = super()._create_refresh_token(request, code, access, previous)
        refresh.token_family = request.authorization.family
        RefreshToken.objects.filter(pk=refresh.pk).update(token_family=refresh.token_family, updated=timezone.now())
        return refresh

    # Who signed in.

    oidc_claim_scope = {"sub": "openid", "fhirUser": "fhirUser", "profile": "profile", "name": "profile"}  # noqa: RUF012

    def get_oidc_issuer_endpoint(self, request: Any) -> str:
        return issuer_of(request)

    def get_claim_dict(self, request: Any) -> dict[str, Any]:
        practitioner = fhir_user(fhir_base(issuer_of(request)), request.user)
        claims = {"sub": key_of(request.user), "fhirUser": practitioner, "profile": practitioner}
        name = request.user.get_full_name()
        return claims | ({"name": name} if name else {})


def fhir_user(base: str, user: Any) -> str:
    """The address of the Practitioner that a person is: by the opaque key, never by name."""
    return f"{base}/Practitioner/{key_of(user)}"


def _parameter(request: Any, name: str) -> str:
    return getattr(request, name, None) or ""


def _printable(sentence: str) -> str:
    """Without what RFC 6749 does not allow in an error description."""
    return "".join(one if " " <= one <= "~" and one not in '"\\' else "'" for one in sentence)
