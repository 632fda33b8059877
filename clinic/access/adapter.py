"""What allauth asks this site: which steps a login has, who may sign up (nobody), how secrets are kept."""

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """People are made by administrators, so that nobody gives themselves a login."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the parent's signature
        return False

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]


class FactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are unreadable in the database and in its backups."""

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()


def _box() -> MultiFernet:
    """Sealed with the site's secret key; those that it replaced still open what they sealed."""
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(key: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"patient-twin second factors").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
