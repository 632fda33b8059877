"""A client as an administrator describes it, with every mistake in words."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.smart.key_sets import KeySetError, check_key_set
from integrations.smart.models import Kind, Proof, Purpose
from integrations.smart.outside import OutsideError, check_address
from integrations.smart.registration import Asked
from integrations.smart.scopes import Context, parse

_APPS_SCOPE = "launch launch/patient openid fhirUser offline_access patient/*.rs"
_FIELDS = ("name", "kind", "proof", "redirect_uris", "scope", "jwks_url", "jwks", "purpose", "introspects")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class RegistrationError(ValueError):
    """`mistakes`: every one, with the field and the remedy."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class RegistrationForm:
    """What is in the fields, as text."""

    name: str = ""
    kind: str = Kind.CONFIDENTIAL.value
    proof: str = Proof.SECRET.value
    redirect_uris: str = ""
    scope: str = _APPS_SCOPE
    jwks_url: str = ""
    jwks: str = ""
    purpose: str = Purpose.TREATMENT.value
    introspects: str = ""

    @classmethod
    def posted(cls, data: Mapping[str, str]) -> "RegistrationForm":
        return cls(**{field: data.get(field, "").replace("\x00", "").strip() for field in _FIELDS})

    def asked(self) -> Asked:
        """The client that the fields describe.

        Raises
        ------
        RegistrationError
            With every mistake.
        """
        mistakes: list[str] = []
        if not 1 <= len(self.name) <= 100:
            mistakes.append(_("name: give one of up to 100 characters; people read it when they allow the app"))
        if self.kind not in Kind.values or self.proof not in Proof.values or self.purpose not in Purpose.values:
            raise RegistrationError([*mistakes, _("kind, proof, purpose: choose one of those in the list")])
        kind, proof = Kind(self.kind), Proof(self.proof)
        if (kind is Kind.PUBLIC) != (proof is Proof.NOTHING):
            mistakes.append(_("proof: a public app proves nothing but its code, and every other client proves itself"))
        addresses = tuple(self.redirect_uris.split())
        mistakes += self._wrong_addresses(kind, addresses)
        scope, wrong = self._scope(kind)
        jwks, faults = self._keys(proof)
        mistakes += wrong + faults
        if mistakes:
            raise RegistrationError(mistakes)
        return Asked(
            name=self.name,
            kind=kind,
            proof=proof,
            redirect_uris=addresses,
            scope=scope,
            jwks_url=self.jwks_url,
            jwks=jwks,
            purpose=Purpose(self.purpose),
            introspects=bool(self.introspects) and kind is not Kind.PUBLIC,
        )

    def _wrong_addresses(self, kind: Kind, addresses: tuple[str, ...]) -> list[str]:
        if kind is Kind.BACKEND:
            return [_("redirect addresses: a system without people has none; leave them out")] if addresses else []
        if not addresses or len(addresses) > 20:
            return [_("redirect addresses: give 1 to 20, one a line")]
        return [why % {"address": one[:200]} for one in addresses if (why := _fault(one))]

    def _scope(self, kind: Kind) -> tuple[str, list[str]]:
        scopes = parse(self.scope)
        mistakes = []
        if scopes.unknown:
            mistakes.append(_("scopes: %(scopes)s is no scope of SMART") % {"scopes": " ".join(scopes.unknown)[:300]})
        fitting = scopes.only(*((Context.SYSTEM,) if kind is Kind.BACKEND else (Context.PATIENT, Context.USER)))
        if fitting != scopes.only(*Context) or (kind is Kind.BACKEND and scopes.named):
            mistakes.append(_("scopes: system/ is for systems without people, and all others are for apps of people"))
        if not scopes:
            mistakes.append(_("scopes: give at least one, such as patient/Observation.rs or system/*.rs"))
        return str(scopes), mistakes

    def _keys(self, proof: Proof) -> tuple[dict[str, object] | None, list[str]]:
        if proof is not Proof.KEY:
            return None, [
                _("keys: only a client that proves itself by a key has them")
            ] if self.jwks_url + self.jwks else []
        if bool(self.jwks_url) == bool(self.jwks):
            return None, [_("keys: give the address of the key set, or the key set itself")]
        try:
            if self.jwks_url:
                if len(self.jwks_url) > 500:
                    return None, [_("key set address: give one of up to 500 characters")]
                check_address(self.jwks_url)
                return None, []
            return check_key_set(json.loads(self.jwks)), []
        except (OutsideError, KeySetError) as error:
            return None, [_("keys: %(problem)s") % {"problem": error}]
        except (ValueError, RecursionError) as error:
            return None, [_("keys: this is no JSON (%(error)s)") % {"error": error}]


def _fault(address: str) -> str:
    """What is wrong with a redirect address, as a sentence with a gap for it, or nothing."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return _("redirect addresses: %(address)r is no address")
    if (
        len(address) > 1000
        or not address.isascii()
        or not address.isprintable()
        or set(address) & set("'\";,\\<>`{}|^")
    ):
        return _("redirect addresses: %(address)r has signs that no address has; write them as %%..")
    if "#" in address or "*" in address or parts.username is not None or parts.password is not None:
        return _("redirect addresses: %(address)r holds a fragment, a wildcard or a user; give the plain address")
    if parts.scheme == "https" and host:
        return ""
    if parts.scheme == "http" and host:
        lab = host in _LOOPBACK or settings.SMART_PRIVATE_ADDRESSES
        if lab:
            return ""
        return _("redirect addresses: %(address)r begins with http; use https, or this very machine (http://127.0.0.1)")
    if re.fullmatch(r"[a-z][a-z0-9+\-]*(\.[a-z0-9+\-]+)+", parts.scheme):
        return ""  # a scheme of the app's own, named after a domain (RFC 8252, section 7.1)
    return _(
        "redirect addresses: %(address)r has no scheme that is used here: https, or one of the app's own such as "
        "com.example.app"
    )
