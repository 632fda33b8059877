"""A key confirms a signature as a password does: one's own, to a challenge just asked for, with the person verified."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

from clinic.access import key_again
from clinic.audit.models import AuditEvent, Outcome
from clinic.decisions.models import Decision
from tests.clinic.access.security_key import SecurityKey
from tests.clinic.decisions.conftest import signed

pytestmark = pytest.mark.django_db
CHALLENGE = "/account/key/challenge"
REASON = "Below the target."


@pytest.fixture
def cleo(user: Any) -> User:
    """A clinician who has a key and neither a password nor an app."""
    user.set_unusable_password()
    user.save()
    return user  # type: ignore[no-any-return]


@pytest.fixture
def key(cleo: User) -> SecurityKey:
    made = SecurityKey()
    made.give(cleo)
    return made


def sign(client: Client, comparison: Any, answer: str) -> Any:
    data = {"plan": "1", "reason": REASON, "digest": comparison.digest, "again_key": answer}
    return client.post(f"/comparisons/{comparison.pk}/sign", data)


def test_a_person_with_a_key_alone_signs_with_it(client: Client, comparison: Any, cleo: User, key: SecurityKey) -> None:
    client.force_login(cleo)
    page = client.get(f"/comparisons/{comparison.pk}").content.decode()
    assert "Confirm with your key" in page
    assert 'name="again"' not in page, "a password that nobody has is not asked for"
    asked = client.post(CHALLENGE)
    assert asked.json()["publicKey"]["userVerification"] == "required"
    assert sign(client, comparison, key.proof(asked.content)).status_code == 302
    assert Decision.objects.get().decided_by_id == cleo.pk
    event = AuditEvent.objects.get(activity="login.confirm")
    assert (event.outcome, event.detail) == (Outcome.SUCCESS, {"method": "webauthn"})
    assert Authenticator.objects.get().last_used_at is not None


def test_the_second_signature_is_confirmed_with_a_key_too(
    client: Client,
    comparison: Any,
    cleo: User,
    key: SecurityKey,
    other: Any,
    settings: Any,
) -> None:
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})
    first = signed(comparison, other)
    client.force_login(cleo)
    proof = key.proof(client.post(CHALLENGE).content)
    answer = client.post(f"/decisions/{first.pk}/second", {"digest": comparison.digest, "again_key": proof})
    assert answer.status_code == 302
    assert Decision.objects.get().answer.agreed is True


def test_an_answer_signs_once(client: Client, comparison: Any, cleo: User, key: SecurityKey, settings: Any) -> None:
    settings.REAUTHENTICATION_MINUTES = 0
    client.force_login(cleo)
    proof = key.proof(client.post(CHALLENGE).content)
    assert sign(client, comparison, proof).status_code == 302
    again = {"decision": str(Decision.objects.get().pk), "plan": "2", "reason": REASON, "digest": comparison.digest}
    answer = client.post(f"/comparisons/{comparison.pk}/amend", {**again, "again_key": proof})
    assert answer.status_code == 403
    assert "Your key did not confirm it." in answer.content.decode()
    assert Decision.objects.count() == 1


def test_a_stale_challenge_signs_nothing(
    client: Client, comparison: Any, cleo: User, key: SecurityKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(cleo)
    proof = key.proof(client.post(CHALLENGE).content)
    now = time.time()
    monkeypatch.setattr(key_again, "time", SimpleNamespace(time=lambda: now + key_again.STALE_AFTER_S + 1))
    assert sign(client, comparison, proof).status_code == 403
    assert not Decision.objects.exists()


def test_a_challenge_of_another_session_or_none_signs_nothing(
    client: Client, comparison: Any, cleo: User, key: SecurityKey
) -> None:
    elsewhere = Client()
    elsewhere.force_login(cleo)
    proof = key.proof(elsewhere.post(CHALLENGE).content)
    client.force_login(cleo)
    assert sign(client, comparison, proof).status_code == 403, "none was asked for here"
    client.post(CHALLENGE)
    assert sign(client, comparison, proof).status_code == 403, "another was asked for here"
    assert not Decision.objects.exists()


def test_somebody_elses_key_signs_nothing_though_it_is_known_here(
    client: Client,
    comparison: Any,
    cleo: User,
    key: SecurityKey,
    other: Any,
) -> None:
    theirs = SecurityKey()
    theirs.give(other)
    client.force_login(cleo)
    assert sign(client, comparison, theirs.proof(client.post(CHALLENGE).content)).status_code == 403
    assert not Decision.objects.exists()


@pytest.mark.parametrize("answer", ["{}", "[]", "no json", '{"response": {}}'])
def test_what_no_browser_sends_is_refused_and_counted(
    client: Client, comparison: Any, cleo: User, key: SecurityKey, answer: str
) -> None:
    client.force_login(cleo)
    for _ in range(5):
        client.post(CHALLENGE)
        assert sign(client, comparison, answer).status_code == 403
    assert sign(client, comparison, key.proof(client.post(CHALLENGE).content)).status_code == 429
    assert not Decision.objects.exists()


def test_a_touch_of_a_key_that_verified_nobody_is_no_signature(
    client: Client, comparison: Any, cleo: User, key: SecurityKey
) -> None:
    client.force_login(cleo)
    proof = key.proof(client.post(CHALLENGE).content, verified=False)
    assert sign(client, comparison, proof).status_code == 403
    assert not Decision.objects.exists()


def test_a_key_made_for_an_imitation_of_the_site_signs_nothing(client: Client, comparison: Any, cleo: User) -> None:
    lured = SecurityKey("testserver.example")
    lured.give(cleo)
    client.force_login(cleo)
    assert sign(client, comparison, lured.proof(client.post(CHALLENGE).content)).status_code == 403


def test_who_has_no_key_is_offered_none(client: Client, comparison: Any, other: Any) -> None:
    client.force_login(other)
    assert client.post(CHALLENGE).status_code == 409
    page = client.get(f"/comparisons/{comparison.pk}").content.decode()
    assert 'name="again"' in page
    assert "your key" not in page


def test_strangers_get_no_challenge(client: Client, key: SecurityKey) -> None:
    assert client.post(CHALLENGE).status_code == 401
