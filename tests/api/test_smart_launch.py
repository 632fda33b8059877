"""SMART's Python client and hasty systems at a real server: launch, code, token, patient; one assertion, one token."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation

from clinic.site.processes import Processes, web
from tests import migrated
from tests.api.test_real_clients import _wait
from tests.integrations.smart import steps
from tests.story.site import free_port

PASSWORD = "correct horse battery"
BACK = "http://127.0.0.1:9/back"
FILL = f"""
import sys
import django
django.setup()
from django.core.management import call_command
from django.contrib.auth.models import Group, User
from clinic.patients.models import CareTeam
from integrations.smart.models import Kind, Proof
from integrations.smart.registration import Asked, register
from tests.api.ward_data import level, patient
from tests.integrations.smart.steps import ADMINISTRATOR
who = patient(1)
level(who, 1)
cleo = User.objects.create_user("cleo", password={PASSWORD!r}, first_name="Cleo")
cleo.groups.set([Group.objects.get(name="clinician")])
team = CareTeam.objects.create(name="Ward 3")
team.members.add(cleo)
team.patients.add(who)
patient(2)
scope = "launch launch/patient openid fhirUser profile offline_access patient/*.rs user/*.rs"
app = Asked(name="Growth chart", kind=Kind.PUBLIC, proof=Proof.NOTHING, redirect_uris=({BACK!r},), scope=scope)
keys = __import__("json").loads(sys.argv[1])
system = Asked(name="Reports", kind=Kind.BACKEND, proof=Proof.KEY, redirect_uris=(), scope="system/*.rs", jwks=keys)
for asked in (app, system):
    sys.stdout.write(register(asked=asked, by=ADMINISTRATOR)[0].application.client_id + "\\n")
call_command("integration_token", "hospital")
"""


@dataclass(frozen=True)
class Server:
    address: str
    app: str
    system: str
    hospital_token: str

    @property
    def base(self) -> str:
        return f"{self.address}/fhir"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("smart-server")
    migrated.into(folder)
    environment = {**os.environ, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"}
    keys = httpx.Response(200, json=steps.KEYS).text
    done = subprocess.run(
        [sys.executable, "-c", FILL, keys], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    port = free_port()
    with Processes(folder / "logs") as processes:
        processes.start("web", web(port), environment=environment)
        _wait(f"http://127.0.0.1:{port}/healthz", folder / "logs" / "web.log")
        yield Server(f"http://127.0.0.1:{port}", *done.stdout.split())


@pytest.fixture(autouse=True)
def _no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, trust_env=False, timeout=30) as client:
        page = client.get("/login").text
        form = {"csrfmiddlewaretoken": _csrf(page), "username": "cleo", "password": PASSWORD}
        assert client.post("/login", data=form).status_code == 302
        yield client


def _csrf(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found[1]


def allowed(browser: httpx.Client, address: str) -> str:
    """Open the page an app sends a person to, choose the only patient there is, press Allow; where it leads."""
    page = browser.get(address)
    assert page.status_code == 200, (page.status_code, page.headers.get("Location"), page.text)
    form = {
        "csrfmiddlewaretoken": _csrf(page.text),
        "scope": [unescape(one) for one in re.findall(r'name="scope" value="([^"]+)"', page.text)],
        "patient": re.findall(r'name="patient" value="([^"]+)"', page.text),
        "answer": "allow",
    }
    answer = browser.post(address, data=form)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def smart_app(server: Server, **settings: str) -> FHIRClient:
    client = FHIRClient(
        settings={"app_id": server.app, "api_base": server.base, "redirect_uri": BACK, **settings},
    )
    client.prepare()
    assert not client.ready
    return client


def test_fhirclient_is_launched_by_itself_with_its_own_default_scopes(server: Server, browser: httpx.Client) -> None:
    client = smart_app(server)
    location = allowed(browser, client.authorize_url)
    assert location.startswith(BACK)
    client.handle_callback(location)
    assert client.ready
    assert client.patient_id == "ward.p1"


def test_fhirclient_reads_the_patient_it_was_launched_for(server: Server, browser: httpx.Client) -> None:
    client = smart_app(server)
    client.handle_callback(allowed(browser, client.authorize_url))
    assert client.patient.name[0].given[0] == "Anna"
    levels = list(Observation.where({"patient": "ward.p1"}).perform_resources_iter(client.server))
    assert levels[0].valueQuantity.unit == "mg/L"


def test_fhirclient_refreshes_its_token(server: Server, browser: httpx.Client) -> None:
    client = smart_app(server, scope="patient/*.read offline_access openid fhirUser")
    client.handle_callback(allowed(browser, client.authorize_url))
    first = client.server.auth.access_token
    assert client.reauthorize()
    assert client.server.auth.access_token not in (None, first)
    assert client.patient_id == "ward.p1"


def test_fhirclient_is_launched_by_the_hospital_system(server: Server, browser: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {server.hospital_token}"}
    opened = httpx.post(
        f"{server.address}/oauth/launch", json={"patient": "ward.p1"}, headers=headers, trust_env=False
    ).json()
    client = smart_app(server, launch_token=opened["launch"], scope="patient/*.read openid fhirUser")
    assert "launch=" in urlsplit(client.authorize_url).query
    client.handle_callback(allowed(browser, client.authorize_url))
    assert client.patient_id == "ward.p1"


def test_of_those_that_bring_one_assertion_at_once_one_gets_a_token(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = steps.signed_for(server.system, f"{server.address}/oauth/token")
    form = steps.assertion_form(text)

    def bring(_number: int) -> int:
        return httpx.post(f"{server.address}/oauth/token", data=form, trust_env=False, timeout=30).status_code

    with ThreadPoolExecutor(8) as several:
        answers = list(several.map(bring, range(8)))
    assert sorted(answers) == [200] + [401] * 7


def test_of_those_that_bring_one_code_at_once_at_most_one_keeps_a_token(server: Server, browser: httpx.Client) -> None:
    query = {
        "response_type": "code",
        "client_id": server.app,
        "redirect_uri": BACK,
        "scope": "patient/*.rs",
        "state": "s",
        "aud": server.base,
        "code_challenge": steps.challenge(),
        "code_challenge_method": "S256",
    }
    location = allowed(browser, f"{server.address}/oauth/authorize?{httpx.QueryParams(query)}")
    form = {
        "grant_type": "authorization_code",
        "code": httpx.URL(location).params["code"],
        "redirect_uri": BACK,
        "code_verifier": steps.VERIFIER,
        "client_id": server.app,
    }

    def bring(_number: int) -> httpx.Response:
        return httpx.post(f"{server.address}/oauth/token", data=form, trust_env=False, timeout=30)

    with ThreadPoolExecutor(6) as several:
        answers = list(several.map(bring, range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    (given,) = [answer.json() for answer in answers if answer.status_code == 200]
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    read = httpx.get(f"{server.base}/Patient/ward.p1", headers=headers, trust_env=False)
    assert read.status_code == 401, "a code that came twice is worth nothing to anybody"
