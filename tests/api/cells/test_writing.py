"""Every form of scope by every way to write: what is stored afterwards is what the rule allows, and nothing else."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.readings.models import Resource
from tests.api.cells.chart import a_writer, chart, client_of, observation, stored, written
from tests.api.cells.rule import PATIENTS, TOKENS, Thing, Token

pytestmark = pytest.mark.django_db
JSON = "application/fhir+json"
PATCH = "application/json-patch+json"


class Writing:
    """One token against what was written at the door."""

    def __init__(self, token: Token, client: Client, writer: Client, mine: list[Thing]) -> None:
        self.token, self.client, self.mine = token, client, mine
        self._writer = writer

    def restore(self, thing: Thing) -> None:
        """Write it as it was at first."""
        text = json.dumps(observation(thing))
        assert self._writer.put(f"/fhir/Observation/{thing.id}", text, content_type=JSON).status_code == 200

    def status(self, method: str, address: str, body: Any = None, **headers: str) -> int:
        kind = PATCH if method == "patch" else JSON
        send = getattr(self.client, method)
        content = {"data": json.dumps(body), "content_type": kind} if body is not None else {}
        return int(send(f"/fhir/{address}", headers=headers, **content).status_code)

    def in_batch(self, method: str, address: str, body: Any = None) -> int:
        entry: dict[str, Any] = {"request": {"method": method, "url": address}}
        if body is not None:
            entry["resource"] = body
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        answer = self.client.post("/fhir", json.dumps(bundle), content_type=JSON)
        assert answer.status_code == 200, answer.content
        return int(answer.json()["entry"][0]["response"]["status"][:3])

    def in_transaction(self, method: str, address: str, body: Any) -> int:
        entry = {"request": {"method": method, "url": address}, "resource": body}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        return int(self.client.post("/fhir", json.dumps(bundle), content_type=JSON).status_code)


@pytest.fixture
def writing(request: Any, browser: Client, cleo: User) -> Writing:
    things = chart()
    writer = a_writer()
    mine = written(things, writer)
    return Writing(request.param, client_of(request.param, browser, cleo), writer, mine)


@pytest.mark.parametrize("writing", TOKENS, ids=lambda token: token.text, indirect=True)
def test_each_way_to_write(writing: Writing) -> None:
    _create(writing)
    _update(writing)
    _patch(writing)
    _delete(writing)


def _bare(thing: Thing) -> dict[str, Any]:
    return {name: value for name, value in observation(thing).items() if name != "id"}


def _create(writing: Writing) -> None:
    token = writing.token
    for name in PATIENTS:
        for category in ("laboratory", "vital-signs"):
            new = Thing("Observation", "", name, category=category, status="preliminary")
            before = Resource.objects.count()
            expected = 201 if token.lets(new, "c") else 403
            where = (token.text, name, category)
            assert writing.status("post", "Observation", _bare(new)) == expected, where
            assert writing.in_batch("POST", "Observation", _bare(new)) == expected, where
            assert writing.in_transaction("POST", "Observation", _bare(new)) == (200 if expected == 201 else 403), where
            assert Resource.objects.count() == before + (3 if expected == 201 else 0), where
    new = Thing("Observation", "", PATIENTS[0], category="laboratory", status="registered")
    conditional = writing.status("post", "Observation", _bare(new), **{"If-None-Exist": "status=registered"})
    may = token.lets(new, "c") and token.covers("Observation", "s")
    assert conditional == (201 if may else 403), (token.text, "a condition is a search")


def _update(writing: Writing) -> None:
    token = writing.token
    for thing in writing.mine:
        others = [one for one in PATIENTS if one != thing.patient]
        turned = "laboratory" if thing.category == "vital-signs" else "vital-signs"
        for changed in (
            replace(thing, status="amended"),
            replace(thing, patient=others[0], status="amended"),
            replace(thing, category=turned, status="amended"),
        ):
            there = stored(thing)
            may = token.lets(thing, "u") and token.lets(changed, "u")
            address, where = f"Observation/{thing.id}", (token.text, thing, changed)
            for send in (
                lambda a, b: writing.status("put", a, b),
                lambda a, b: writing.in_batch("PUT", a, b),
                lambda a, b: writing.in_transaction("PUT", a, b),
            ):
                assert send(address, observation(changed)) == (200 if may else 403), where
                assert (stored(thing).version != there.version) is may, where
            if may:
                writing.restore(thing)


def _patch(writing: Writing) -> None:
    token = writing.token
    for thing in writing.mine:
        there = stored(thing)
        steps = [{"op": "replace", "path": "/status", "value": "corrected"}]
        covered, lets = token.covers("Observation", "u"), token.lets(thing, "u")
        expected = 200 if lets else 404 if covered else 403
        assert writing.status("patch", f"Observation/{thing.id}", steps) == expected, (token.text, thing)
        assert (stored(thing).version != there.version) is lets, (token.text, thing)
        if lets:
            writing.restore(thing)


def _delete(writing: Writing) -> None:
    token = writing.token
    for thing in writing.mine:
        covered, lets = token.covers("Observation", "d"), token.lets(thing, "d")
        where = (token.text, thing)
        assert writing.status("delete", f"Observation/{thing.id}") == (204 if covered else 403), where
        assert stored(thing).deleted is lets, (*where, "204 says that it is not there for this caller")
