"""Headers that every answer carries, whatever its status."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

pytestmark = pytest.mark.django_db
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
USED = {"clipboard-write", "publickey-credentials-create", "publickey-credentials-get"}
"""Features of the browser that our scripts ask for."""


def directives(header: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize(
    "address", ["/", "/login", "/studies", "/nowhere", "/healthz", "/readyz", "/fhir/metadata", "/fhir/Patient"]
)
def test_every_answer_is_guarded(client: Client, address: str, signed_in: bool) -> None:
    if signed_in:
        user = User.objects.create_user("cleo")
        user.groups.set([Group.objects.get(name="clinician")])
        client.force_login(user)
    answer = client.get(address)
    policy = directives(answer["Content-Security-Policy"])
    assert {name: policy[name] for name in POLICY} == POLICY
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    features = dict(part.strip().split("=") for part in answer["Permissions-Policy"].split(","))
    assert {features[name] for name in ("camera", "microphone", "geolocation", "payment", "usb")} == {"()"}
    assert {name for name, allowed in features.items() if allowed != "()"} == USED
    assert len(answer["X-Request-Id"]) == 36
    if signed_in:
        assert "no-store" in answer["Cache-Control"]


def test_the_number_of_a_request_is_ours_and_new_each_time(client: Client) -> None:
    first = client.get("/healthz", headers={"X-Request-Id": "mine"})["X-Request-Id"]
    assert first != "mine"
    assert client.get("/healthz")["X-Request-Id"] != first
