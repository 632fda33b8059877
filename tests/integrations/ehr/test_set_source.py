"""An administrator adds sources, replaces their secrets and switches them; no secret is shown, stored or recorded."""

import json
from typing import Any

import pytest
from django.test import Client

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from integrations.ehr import tasks
from integrations.ehr.access import AccessError, StaticToken
from integrations.ehr.backend_services import BackendServices
from integrations.ehr.configured import access_to, address_of, set_on_page
from integrations.ehr.models import SetSource
from integrations.readings.models import Source
from integrations.readings.ours import source_of_ours
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
URL = "https://lab.test/fhir"
SECRET = "do-not-tell-anybody"


@pytest.fixture
def addie(client: Client) -> Client:
    client.force_login(patient_records.person("addie", Role.ADMINISTRATOR, team=None))
    return client


def add(client: Client, **changes: str) -> Any:
    return client.post(
        "/administration/sources/new", {"slug": "lab", "kind": "laboratory", "url": URL, "token": SECRET, **changes}
    )


def change(client: Client, **changes: str) -> Any:
    return client.post("/administration/sources/lab", {"kind": "laboratory", "url": URL, **changes})


def token() -> str:
    access = access_to("lab", URL)
    assert isinstance(access, StaticToken)
    return access.token(None)  # type: ignore[arg-type]


def test_an_added_source_is_pulled_with_its_secret_which_nobody_reads(addie: Client, monkeypatch: Any) -> None:
    assert add(addie).status_code == 302
    assert (address_of("lab"), token(), set_on_page()) == (URL, SECRET, ("lab",))
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(tasks, "send_task", lambda name, source: asked.append((name, source)) or True)
    assert tasks.pull_set() == 1
    assert asked == [("integrations.ehr.tasks.pull_named", "lab")]
    pages = [addie.get(path).content.decode() for path in ("/administration/sources", "/administration/sources/lab")]
    assert all(URL in page for page in pages)
    told = [*pages, json.dumps(list(SetSource.objects.values()), default=str)]
    told += [json.dumps(event.detail) for event in AuditEvent.objects.all()]
    assert not any(SECRET in text for text in told)
    event = AuditEvent.objects.get(activity="source.add")
    assert (event.entity_type, event.entity_id) == ("Source", "lab")
    assert event.detail["after"]["token"] is True


def test_a_secret_is_replaced_and_an_empty_field_keeps_it(addie: Client) -> None:
    add(addie)
    assert "Nothing was changed." in change(addie).content.decode()
    assert token() == SECRET
    page = change(addie, token="the-next-one").content.decode()
    assert "Changed." in page
    assert "the-next-one" not in page
    assert token() == "the-next-one"
    event = AuditEvent.objects.get(activity="source.change")
    assert event.detail["replaced"] == ["token"]
    assert "the-next-one" not in json.dumps(event.detail)


def test_a_secret_does_not_follow_its_source_to_another_server(addie: Client) -> None:
    add(addie)
    change(addie, url="https://elsewhere.test/fhir")
    access = access_to("lab", "https://elsewhere.test/fhir")
    assert isinstance(access, StaticToken)
    assert access.token(None) == ""  # type: ignore[arg-type]
    with pytest.raises(AccessError, match="correct one of them"):
        access_to("lab", URL)


def test_a_client_of_backend_services_is_set_by_its_key(addie: Client) -> None:
    from joserfc.jwk import ECKey

    pem = ECKey.generate_key("P-384").as_pem(private=True).decode()
    assert add(addie, token="", client_id="twin", client_key="no key").status_code == 422
    assert add(addie, token="", client_id="twin", client_key=pem, key_id="2026-11").status_code == 302
    assert isinstance(access_to("lab", URL), BackendServices)
    assert "PRIVATE KEY" not in addie.get("/administration/sources/lab").content.decode()


def test_switched_off_nothing_is_asked_of_it_until_it_is_on_again(addie: Client, settings: Any) -> None:
    add(addie)
    assert addie.post("/administration/sources/lab/switch", {"off": "1"}).status_code == 302
    assert (address_of("lab"), set_on_page()) == ("", ())
    with pytest.raises(AccessError, match="switched off"):
        access_to("lab", URL)
    assert "switched off" in addie.get("/administration/sources").content.decode()
    addie.post("/administration/sources/lab/switch", {"on": "1"})
    assert token() == SECRET
    assert [event.detail["after"]["on"] for event in AuditEvent.objects.filter(activity="source.switch")] == [
        False,
        True,
    ]


def test_a_source_of_the_settings_is_switched_here_and_changed_there(addie: Client, settings: Any) -> None:
    blank = dict.fromkeys(("client_id", "client_key", "key_id", "token_url", "scope", "file_hosts"), "")
    settings.EHR_SOURCES = {"main": blank | {"url": "https://main.test/fhir", "token": SECRET}}
    assert add(addie, slug="main").status_code == 422
    assert addie.get("/administration/sources/main").status_code == 404
    addie.post("/administration/sources/main/switch", {"off": "1"})
    assert address_of("main") == ""
    addie.post("/administration/sources/main/switch", {"on": "1"})
    assert address_of("main") == "https://main.test/fhir"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slug": "Two words"}, "small letters"),
        ({"slug": "new"}, "cannot be called"),
        ({"slug": "door"}, "this product itself"),
        ({"url": "ftp://lab.test"}, "not an http or https address"),
        ({"url": "https://name:word@lab.test/fhir"}, "user name or password"),
        ({"client_id": "twin"}, "keep one"),
        ({"token": "", "client_id": "twin"}, "without its private key"),
        ({"kind": "oracle"}, "what kind of system"),
        ({"scope": "x" * 1001}, "longer than 1000"),
    ],
)
def test_what_lets_nobody_in_is_not_kept_and_what_was_typed_stays_but_the_secret(
    addie: Client, changes: dict[str, str], said: str
) -> None:
    source_of_ours("door")
    answer = add(addie, **changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert SECRET not in page
    assert not SetSource.objects.exists()


def test_a_name_under_which_data_came_from_elsewhere_is_not_taken_over(addie: Client) -> None:
    Source.objects.create(slug="lab", address="https://old.test/fhir")
    assert "at another address" in add(addie).content.decode()
    Source.objects.update(address="/srv/files/of-the-lab")  # read from a folder by a command
    assert "at another address" in add(addie).content.decode()
    assert add(addie, slug="lab2").status_code == 302
    assert "is set already" in add(addie, slug="lab2").content.decode()


def test_others_set_and_switch_nothing(client: Client) -> None:
    client.force_login(patient_records.person("phil", Role.PHARMACIST))
    assert add(client).status_code == 403
    assert client.post("/administration/sources/lab/switch", {"off": "1"}).status_code == 403
    assert not SetSource.objects.exists()


def test_what_is_no_source_is_not_switched(addie: Client) -> None:
    assert addie.post("/administration/sources/nothing/switch", {"off": "1"}).status_code == 404
    assert not SetSource.objects.exists()
