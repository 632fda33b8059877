"""Every form of scope by every way to read: what is seen is what the rule lets through, and nothing else."""

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from oauth2_provider.models import AccessToken

from integrations.fhir.registry import OPERATIONS
from tests.api.cells.chart import chart, client_of
from tests.api.cells.rule import PATIENTS, TOKENS, Thing, Token

pytestmark = pytest.mark.django_db
JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"


def seen(body: Any) -> set[str]:
    """Type/id/version of every resource of the chart in an answer, however deep."""
    found = set()
    if isinstance(body, dict):
        if body.get("resourceType") in ("Patient", "Observation") and "id" in body:
            found.add(f"{body['resourceType']}/{body['id']}/{body['meta']['versionId']}")
        for value in body.values():
            found |= seen(value)
    elif isinstance(body, list):
        for value in body:
            found |= seen(value)
    return found


def names(things: Iterable[Thing]) -> set[str]:
    return {thing.name for thing in things}


class Cells:
    """One token against the chart."""

    def __init__(self, token: Token, client: Client, things: list[Thing]) -> None:
        self.token, self.client, self.things = token, client, things
        self.current = [thing for thing in things if thing.is_current]

    def observations(self, letter: str = "s") -> list[Thing]:
        return [one for one in self.current if one.kind == "Observation" and self.token.lets(one, letter)]

    def patients(self) -> list[Thing]:
        return [one for one in self.current if one.kind == "Patient" and self.token.lets_along(one)]

    def expect(self, answer: Any, covered: bool, things: Iterable[Thing]) -> None:
        """403 where no scope covers it; else exactly those things."""
        where = f"{self.token.text}: {answer.request['PATH_INFO']}?{answer.request['QUERY_STRING']}"
        if not covered:
            assert answer.status_code == 403, (where, answer.content)
            assert seen(answer.json()) == set(), where
            return
        assert answer.status_code == 200, (where, answer.content)
        assert seen(answer.json()) == names(things), where
        self.says_nothing_of_others(answer, where)

    def says_nothing_of_others(self, answer: Any, where: str) -> None:
        """Names of patients whom no scope reaches are in no answer."""
        for one in self.things:
            if one.kind == "Patient" and not any(self.token.lets(one, letter) for letter in "rs"):
                assert f"Marker{one.id[-1]}" not in answer.content.decode(), where


@pytest.fixture
def cells(request: Any, browser: Client, cleo: User) -> Cells:
    things = chart()
    return Cells(request.param, client_of(request.param, browser, cleo), things)


every_token = pytest.mark.parametrize("cells", TOKENS, ids=lambda token: token.text, indirect=True)


@every_token
def test_each_way_to_read(cells: Cells) -> None:
    _read(cells)
    _history(cells)
    _search(cells)
    _along(cells)
    _bundles(cells)
    _operations(cells)


def _read(cells: Cells) -> None:
    for thing in cells.things:
        covered, lets = cells.token.covers(thing.kind, "r"), cells.token.lets(thing, "r")
        expected = 200 if lets else 404 if covered else 403
        address = f"/fhir/{thing.kind}/{thing.id}"
        if thing.is_current:
            assert cells.client.get(address).status_code == expected, (cells.token.text, thing)
        version = cells.client.get(f"{address}/_history/{thing.version}")
        assert version.status_code == expected, (cells.token.text, "vread", thing)


def _history(cells: Cells) -> None:
    token = cells.token
    for kind in ("Observation", "Patient"):
        covered = token.covers(kind, "r")
        versions = [one for one in cells.things if one.kind == kind and token.lets(one, "r")]
        cells.expect(cells.client.get(f"/fhir/{kind}/_history?_count=2"), covered, _newest(versions)[:2])
        cells.expect(cells.client.get(f"/fhir/{kind}/_history"), covered, versions)
        for thing in cells.current:
            if thing.kind != kind:
                continue
            answer = cells.client.get(f"/fhir/{kind}/{thing.id}/_history")
            if covered and not token.lets(thing, "r"):
                assert answer.status_code == 404, (token.text, thing)
            else:
                cells.expect(answer, covered, [one for one in versions if one.id == thing.id])


def _newest(versions: list[Thing]) -> list[Thing]:
    """As they were stored: by update, then by number; the patients' updates lie in 2026-01-05."""
    placed = list(enumerate(versions))

    def key(pair: tuple[int, Thing]) -> tuple[str, int]:
        number, one = pair
        day = "5" if one.kind == "Patient" else one.version
        return day, number

    return [one for _, one in sorted(placed, key=key, reverse=True)]


def _search(cells: Cells) -> None:
    client, token = cells.client, cells.token
    found = cells.observations()
    covered = token.covers("Observation", "s")
    cells.expect(client.get("/fhir/Observation?_count=200"), covered, found)
    cells.expect(client.post("/fhir/Observation/_search", "_count=200", content_type=FORM), covered, found)
    cells.expect(client.get("/fhir/Observation?_sort=-date"), covered, found)
    amended = [one for one in found if one.status == "amended"]
    cells.expect(client.get("/fhir/Observation?status=amended"), covered, amended)
    if covered:
        total = client.get("/fhir/Observation?_summary=count").json()["total"]
        assert total == len(found), (token.text, "the number tells too")
    for number, name in enumerate(PATIENTS, 1):
        theirs = [one for one in found if one.patient == name]
        cells.expect(client.get(f"/fhir/Observation?patient={name}"), covered, theirs)
        cells.expect(client.get(f"/fhir/Patient/{name}/Observation"), covered, theirs)
        cells.expect(client.get(f"/fhir/Observation?_id=ward.lab{number}"), covered, [
            one for one in theirs if one.id == f"ward.lab{number}"
        ])  # fmt: skip
    people = [one for one in cells.current if one.kind == "Patient" and token.lets(one, "s")]
    cells.expect(client.get("/fhir/Patient"), token.covers("Patient", "s"), people)


def _along(cells: Cells) -> None:
    """Include, reverse include, chain and reverse chain."""
    client, token = cells.client, cells.token
    found, people = cells.observations(), cells.patients()
    of_found = [one for one in people if one.id in {thing.patient for thing in found}]
    covered = token.covers("Observation", "s")
    cells.expect(client.get("/fhir/Observation?_include=Observation:patient"), covered, [*found, *of_found])
    cells.expect(client.get("/fhir/Observation?_include=Observation:*"), covered, [*found, *of_found])
    may_search = token.covers("Patient", "s")
    searched = [one for one in cells.current if one.kind == "Patient" and token.lets(one, "s")]
    beside = [one for one in cells.current if one.kind == "Observation" and token.lets_along(one)]
    back = [one for one in beside if one.patient in {thing.id for thing in searched}]
    cells.expect(client.get("/fhir/Patient?_revinclude=Observation:patient&_count=200"), may_search, [*searched, *back])
    for number, name in enumerate(PATIENTS, 1):
        chained = [one for one in found if one.patient == name and name in {person.id for person in people}]
        for chain in (f"patient.identifier=MRN-{number}", f"subject:Patient.family=marker{number}"):
            cells.expect(client.get(f"/fhir/Observation?{chain}"), covered, chained)
    amended = {one.patient for one in beside if one.status == "amended"}
    having = [one for one in searched if one.id in amended]
    cells.expect(client.get("/fhir/Patient?_has:Observation:patient:status=amended"), may_search, having)
    labs = {one.patient for one in beside if one.category == "laboratory" and one.status == "final"}
    query = "_has:Observation:patient:_id=ward.lab1,ward.lab2,ward.lab3"
    cells.expect(client.get(f"/fhir/Patient?{query}"), may_search, [one for one in searched if one.id in labs])


def _bundles(cells: Cells) -> None:
    """Entries of a batch are each as if alone; of a transaction one that is refused refuses all."""
    token = cells.token
    reads = list(cells.current)
    urls = [f"{one.kind}/{one.id}" for one in reads] + ["Observation?_count=200"]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    answer = _post(cells.client, "batch", entries)
    assert answer.status_code == 200
    answered = answer.json()["entry"]
    for one, entry in zip(reads, answered, strict=False):
        lets, covered = token.lets(one, "r"), token.covers(one.kind, "r")
        assert entry["response"]["status"][:3] == ("200" if lets else "404" if covered else "403"), (token.text, one)
        assert seen(entry) == ({one.name} if lets else set())
    assert seen(answered[-1]) == names(cells.observations())
    for one in reads[:6]:
        request = {"request": {"method": "GET", "url": f"{one.kind}/{one.id}"}}
        status = _post(cells.client, "transaction", [request]).status_code
        assert status == (200 if token.lets(one, "r") else 404 if token.covers(one.kind, "r") else 403)


def _post(client: Client, kind: str, entries: list[dict[str, Any]]) -> Any:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    return client.post("/fhir", json.dumps(bundle), content_type=JSON)


def _operations(cells: Cells) -> None:
    """Whatever operations are registered: none says anything of a patient whom the token does not reach."""
    for operation in OPERATIONS.values():
        for name in PATIENTS:
            for kind in operation.types:
                for place in (kind, f"{kind}/{name}"):
                    answer = cells.client.get(f"/fhir/{place}/${operation.name}?patient={name}")
                    where = f"{cells.token.text}: {place}/${operation.name}"
                    assert answer.status_code < 500, where
                    cells.says_nothing_of_others(answer, where)


ADDRESSES = (
    "Patient/ward.p1", "Patient/ward.none", "Observation/ward.lab1/_history/1", "Observation/_history",
    "Observation/ward.moved1/_history", "Observation?patient=ward.p1", "Patient/ward.p1/Observation",
    "Patient?_has:Observation:patient:status=final", "Observation?patient.name=x", "$everything", "nowhere/at/all/x",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_expired_and_a_foreign_token_learn_nothing(browser: Client, cleo: User, address: str, settings: Any) -> None:
    chart()
    expired = client_of(TOKENS[0], browser, cleo)
    AccessToken.objects.update(expires="2026-01-01T00:00:00Z")
    foreign = Client(headers={"Authorization": "Bearer eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJodHRwczovL290aGVyIn0.c2ln"})
    nobody = Client()
    for client in (expired, foreign, nobody):
        answer = client.get(f"/fhir/{address}")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert not re.search(r"Marker\d|ward\.", answer.content.decode())
        assert client.post("/fhir", "{}", content_type=JSON).status_code == 401
        assert client.delete("/fhir/Observation/x").status_code == 401
