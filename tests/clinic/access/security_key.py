"""A security key in software: what a browser sends when a person touches it."""

import json
import os
from hashlib import sha256

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.contrib.auth.models import User
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

SITE = "testserver"
PRESENT, VERIFIED, HOLDS = 0x01, 0x04, 0x40


class SecurityKey:
    def __init__(self, site: str = SITE) -> None:
        self.site = site
        self.number = os.urandom(16)
        self._secret = ec.generate_private_key(ec.SECP256R1())

    def give(self, person: User, name: str = "blue stick") -> Authenticator:
        """This key as one that the person has added already."""
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.number, ES256.from_cryptography_key(self._secret.public_key())
        )
        data = AuthenticatorData.create(self._site_digest(), PRESENT | VERIFIED | HOLDS, 0, credential)
        made = AttestationObject.create("none", data, {})
        said = self._said("webauthn.create", os.urandom(32))
        response = {"clientDataJSON": websafe_encode(said), "attestationObject": websafe_encode(made)}
        return WebAuthn.add(person, name, self._sent(response)).instance

    def proof(self, options: str | bytes, *, verified: bool = True) -> str:
        """The browser's answer to these request options, as the page sends it."""
        challenge = json.loads(options)["publicKey"]["challenge"]
        data = AuthenticatorData.create(self._site_digest(), PRESENT | (VERIFIED if verified else 0), 1)
        said = CollectedClientData.create("webauthn.get", challenge, f"https://{self.site}")
        signature = self._secret.sign(bytes(data) + sha256(said).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": websafe_encode(said),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": None,
        }
        return json.dumps(self._sent(response))

    def _site_digest(self) -> bytes:
        return sha256(self.site.encode()).digest()

    def _said(self, kind: str, challenge: bytes) -> CollectedClientData:
        return CollectedClientData.create(kind, challenge, f"https://{self.site}")

    def _sent(self, response: dict) -> dict:
        number = websafe_encode(self.number)
        return {
            "id": number,
            "rawId": number,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": response,
        }
