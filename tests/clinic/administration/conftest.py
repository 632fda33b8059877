"""Passwords are hashed quickly here: the tests are not about the hash."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _passwords_are_hashed_quickly(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
