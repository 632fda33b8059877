"""People who log in, and how the tests do it for them."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

PASSWORD = "correct horse battery"


def person(name: str = "cleo", *roles: str) -> User:
    """A person with a password, by default a clinician."""
    user = User.objects.create_user(name, password=PASSWORD)
    user.groups.set(Group.objects.filter(name__in=roles or ("clinician",)))
    return user


def log_in(client: Client, name: str = "cleo", password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login", {"username": name, "password": password, **more})


def is_in(client: Client) -> bool:
    """Whether the client's session opens a page."""
    return client.get("/account").status_code == 200
