"""Who has no valid token of the integration role learns nothing."""

import base64
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from clinic.audit.models import AuditEvent, Outcome
from integrations.fhir.authentication import REFUSALS_A_MINUTE, CallerRate
from tests.api.ward_data import patient

pytestmark = pytest.mark.django_db
ADDRESSES = [
    "/fhir/Patient",
    "/fhir/Patient/ward.p1",
    "/fhir/Patient/none",
    "/fhir/Nonsense",
    "/fhir",
    "/fhir/",
    "/fhir/a/b/c",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_without_a_token_every_address_is_401_before_anything_is_looked_up(
    client: Client, address: str, method: str
) -> None:
    patient(1)
    answer = getattr(client, method)(address, headers={"Accept": "application/fhir+xml"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"].startswith("application/fhir+json")
    assert answer.json()["issue"][0]["code"] == "login"
    assert b"ward.p1" not in answer.content
    assert not AuditEvent.objects.exists(), "a stranger who shows no credential does not make the table grow"


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer", "bearer \x7f", "Bearer a b"])
def test_a_wrong_token_is_refused_and_recorded_without_the_token(client: Client, header: str) -> None:
    answer = client.get("/fhir/Patient", headers={"Authorization": header})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    event = AuditEvent.objects.get()
    assert (event.actor, event.outcome, event.activity) == ("stranger", Outcome.REFUSED, "fhir.token")
    assert "wrong" not in str(event.detail)


def test_a_token_in_the_address_is_no_token(client: Client, token: str) -> None:
    assert client.get("/fhir/Patient", {"access_token": token}).status_code == 401


def test_an_expired_token_is_refused(client: Client, expired: str) -> None:
    assert client.get("/fhir/Patient", headers={"Authorization": f"Bearer {expired}"}).status_code == 401


def test_a_session_of_a_person_is_no_token(client: Client) -> None:
    user = User.objects.create_user("cleo")
    user.groups.set(Group.objects.all())
    client.force_login(user)
    assert client.get("/fhir/Patient").status_code == 401


def test_a_user_put_out_of_service_is_refused(caller: Client) -> None:
    User.objects.filter(username="lab").update(is_active=False)
    assert caller.get("/fhir/Patient").status_code == 401


def test_a_user_without_the_role_is_refused_and_recorded(caller: Client) -> None:
    lab = User.objects.get(username="lab")
    lab.groups.set([Group.objects.get(name="clinician")])
    answer = caller.get("/fhir/Patient")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.actor, event.outcome) == (f"user-{lab.pk}", Outcome.REFUSED)


def test_a_token_of_another_scope_is_refused(caller: Client) -> None:
    AccessToken.objects.update(scope="system/Observation.r system/Condition.cu openid")
    assert caller.get("/fhir/Patient").status_code == 403
    assert caller.get("/fhir/Observation").status_code == 403, "read does not cover search"
    assert caller.get("/fhir/Observation/none").status_code == 404
    assert AuditEvent.objects.filter(outcome=Outcome.REFUSED).count() == 2


def test_a_flood_of_wrong_tokens_is_cut_off_and_leaves_a_bounded_trail(client: Client) -> None:
    answers = [
        client.get("/fhir/Patient", headers={"Authorization": f"Bearer guess{number}"}).status_code
        for number in range(REFUSALS_A_MINUTE + 5)
    ]
    assert answers == [401] * REFUSALS_A_MINUTE + [429] * 5
    assert AuditEvent.objects.count() == REFUSALS_A_MINUTE


def test_a_valid_token_passes_however_many_wrong_ones_its_address_sent(client: Client, caller: Client) -> None:
    wrong = {"Authorization": "Bearer guess"}
    for _ in range(REFUSALS_A_MINUTE + 5):
        client.get("/fhir/Patient", headers=wrong)
    assert caller.get("/fhir/Patient").status_code == 200
    refused = client.get("/fhir/Patient", headers=wrong)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert AuditEvent.objects.filter(outcome=Outcome.REFUSED).count() == REFUSALS_A_MINUTE


def test_a_user_without_the_role_leaves_a_bounded_trail_too(caller: Client) -> None:
    User.objects.get(username="lab").groups.clear()
    answers = [caller.get("/fhir/Patient").status_code for _ in range(REFUSALS_A_MINUTE + 5)]
    assert answers == [403] * REFUSALS_A_MINUTE + [429] * 5
    assert AuditEvent.objects.filter(outcome=Outcome.REFUSED).count() == REFUSALS_A_MINUTE


def test_too_many_requests_get_429_with_the_time_to_wait(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CallerRate, "rate", "2/min")
    assert [caller.get("/fhir/Patient").status_code for _ in range(3)] == [200, 200, 429]
    answer = caller.get("/fhir/Patient")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer.json()["issue"][0]["code"] == "throttled"


def test_client_credentials_get_a_short_token_that_opens_the_door() -> None:
    client = Client(enforce_csrf_checks=True)
    out = StringIO()
    call_command("integration_token", "lab", credentials=True, stdout=out)
    words = dict(line.split() for line in out.getvalue().splitlines())
    form = {"grant_type": "client_credentials", **words}
    issued = client.post("/oauth/token", form)
    assert issued.status_code == 200, issued.content
    assert issued["Cache-Control"] == "no-store"
    assert issued.json()["expires_in"] == 300
    assert "refresh_token" not in issued.json()
    bearer = {"Authorization": f"Bearer {issued.json()['access_token']}"}
    assert client.get("/fhir/Patient", headers=bearer).status_code == 200
    assert AuditEvent.objects.filter(activity="oauth.token", outcome=Outcome.SUCCESS).count() == 1
    revoked = client.post("/oauth/revoke", {**words, "token": issued.json()["access_token"]})
    assert revoked.status_code == 200
    assert client.get("/fhir/Patient", headers=bearer).status_code == 401


def _credentials(name: str) -> dict[str, str]:
    out = StringIO()
    call_command("integration_token", name, credentials=True, stdout=out)
    return {"grant_type": "client_credentials", **dict(line.split() for line in out.getvalue().splitlines())}


def test_wrong_secrets_and_tokens_of_others_keep_no_client_from_its_token(client: Client) -> None:
    lab, pharmacy = _credentials("lab"), _credentials("pharmacy")
    for number in range(REFUSALS_A_MINUTE + 5):
        client.get("/fhir/Patient", headers={"Authorization": "Bearer guess"})
        client.post("/oauth/token", {**lab, "client_id": f"nobody{number}"})
        client.post("/oauth/token", {**pharmacy, "client_secret": "wrong"})
    assert client.post("/oauth/token", lab).status_code == 200
    basic = base64.b64encode(f"{lab['client_id']}:{lab['client_secret']}".encode()).decode()
    grant = {"grant_type": "client_credentials"}
    assert client.post("/oauth/token", grant, headers={"Authorization": f"Basic {basic}"}).status_code == 200
    slow = client.post("/oauth/token", pharmacy)
    assert (slow.status_code, slow.json()["error"], slow["Retry-After"]) == (429, "slow_down", "60")


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic /w==", "Basic bm9ib2R5Ong="])
def test_clients_that_nobody_knows_leave_a_bounded_trail_together(client: Client, header: str) -> None:
    for number in range(REFUSALS_A_MINUTE + 5):
        form = {"grant_type": "client_credentials", "client_id": f"nobody{number}", "client_secret": "x"}
        last = client.post("/oauth/token", form, headers={"Authorization": header})
    assert last.status_code == 429
    assert AuditEvent.objects.count() == REFUSALS_A_MINUTE


@pytest.mark.parametrize("grant", ["client_credentials", "password", "authorization_code", "refresh_token", ""])
def test_wrong_client_credentials_get_no_token(client: Client, grant: str) -> None:
    answer = client.post("/oauth/token", {"grant_type": grant, "client_id": "x", "client_secret": "y"})
    assert answer.status_code in (400, 401)
    assert not AccessToken.objects.exists()
    assert AuditEvent.objects.get().outcome == Outcome.REFUSED


def test_no_other_address_of_oauth_is_there(client: Client) -> None:
    for address in ("/oauth/applications/", "/oauth/device-authorization", "/oauth/userinfo", "/o/token"):
        assert client.get(address).status_code == 404


def test_a_persons_account_is_never_made_a_service_user() -> None:
    User.objects.create_user("cleo", password="a long enough password")
    plain = User.objects.create_user("robot")
    plain.groups.set([Group.objects.get(name="clinician")])
    for name in ("cleo", "robot"):
        with pytest.raises(CommandError, match="not a service user"):
            call_command("integration_token", name)
    assert not AccessToken.objects.exists()


def test_a_token_lasts_as_long_as_was_asked_and_no_longer_than_a_week() -> None:
    call_command("integration_token", "lab", minutes=5, stdout=StringIO())
    left = AccessToken.objects.get().expires - timezone.now()
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    for minutes in (0, 7 * 24 * 60 + 1):
        with pytest.raises(CommandError, match="--minutes"):
            call_command("integration_token", "lab", minutes=minutes)
