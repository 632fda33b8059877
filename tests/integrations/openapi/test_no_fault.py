"""schemathesis asks every described operation for what its description allows and forbids: no answer is a fault.

The examples are few for each operation and always the same, so that every run asks the same. A body of
10 MB is measured by what is done with it, not by the clock: no statement of the database writes, and few read.
"""

import json
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integrations.fhir.authentication import CallerRate
from integrations.fhir.registry import TYPES
from integrations.readings.models import Reading, Resource
from tests.api.ward_data import level, patient

pytestmark = pytest.mark.django_db
EXAMPLES = 4
JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
_few = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def _as_often_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CallerRate, "allow_request", lambda *_: True)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_no_operation_answers_with_a_fault(document: dict[str, Any], token: str, method: str) -> None:
    level(patient(1), 1)
    schema = schemathesis.openapi.from_dict(document)
    schema.app = WSGIHandler()
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.method.upper() != method:
            continue

        @_few
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code < 500 or case.path == "/readyz", (case.as_curl_command(), answer.text)

        ask()
    assert asked > 0


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="|,$\\:.()'\"%;*&=#\x00\ud800\u202e<>{}[]eE+-0123456789", max_size=40),
    st.sampled_from(
        [
            "9" * 400, "-1e999999", "NaN", "1e-400", "0000-00-00", "9999-12-31T23:59:60Z", "2026-02-30", "ge", "\\",
            "a|b|c|d", "||", "Patient/", "../../etc/passwd", "' OR 1=1 --", "%00", "http://[", "urn:uuid:", "$", "$$$",
            "2026-01-01T00:00:00+99:99", "\U0010ffff", "*", "_", ".", "true,false," * 30,
        ]
    ),
)  # fmt: skip
NAMES = st.sampled_from(
    sorted(
        {one.name for served in TYPES.values() for one in served.parameters}
        | {
            "_id",
            "_lastUpdated",
            "_sort",
            "_count",
            "_include",
            "_revinclude",
            "_has",
            "_elements",
            "_cursor",
            "_total",
        }
        | {"_has:Observation:patient:code", "patient.name", "subject:Patient.birthdate", "_summary", "code:text"}
    )
)
SUFFIXES = st.sampled_from(["", "", "", ":missing", ":not", ":exact", ":contains", ":identifier", ":Patient", ":x"])


@pytest.mark.parametrize("resource_type", sorted(name for name, served in TYPES.items() if served.searched))
def test_hostile_search_values_are_answered_or_refused(caller: Client, resource_type: str) -> None:
    level(patient(1), 1)

    @settings(_few, max_examples=40)
    @given(pairs=st.lists(st.tuples(NAMES, SUFFIXES, HOSTILE), min_size=1, max_size=4))
    def search(pairs: list[tuple[str, str, str]]) -> None:
        query = {f"{name}{suffix}": text.encode("utf-8", "surrogatepass") for name, suffix, text in pairs}
        answer = caller.get(f"/fhir/{resource_type}", query)
        assert answer.status_code in (200, 400, 404, 406), (query, answer.content)
        assert answer.json()["resourceType"] in ("Bundle", "OperationOutcome")

    search()


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceType", "id", "entry", "request", "method", "url", "resource", "type", "code", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_any_json_is_written_or_refused(caller: Client) -> None:
    @settings(_few, max_examples=120)
    @given(data=JSONS, kind=st.sampled_from(["Observation", "Patient", "Group", "Task", ""]))
    def write(data: Any, kind: str) -> None:
        if isinstance(data, dict):
            data["resourceType"] = kind or "Bundle"
            if not kind:
                data.setdefault("type", "transaction")
        answer = caller.post(f"/fhir/{kind}".rstrip("/"), json.dumps(data), content_type=JSON)
        assert answer.status_code in (200, 201, 400, 404, 412, 422), (data, answer.content)

    write()


LARGE = 10 * 1024 * 1024 + 1


@pytest.mark.parametrize(
    ("address", "kind", "body"),
    [
        ("/fhir/Observation", JSON, b'{"resourceType": "Observation", "x": "' + b"x" * LARGE + b'"}'),
        ("/fhir", JSON, b'{"resourceType": "Bundle", "type": "batch", "x": "' + b"x" * LARGE + b'"}'),
        ("/fhir/Observation/_search", FORM, b"code=" + b"x" * LARGE),
        ("/oauth/token", FORM, b"grant_type=" + b"x" * LARGE),
    ],
)
def test_ten_megabytes_are_refused_before_anything_is_done_with_them(
    caller: Client, address: str, kind: str, body: bytes
) -> None:
    kept = Reading.objects.count(), Resource.objects.count()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = caller.post(address, body, content_type=kind)
    assert answer.status_code in (400, 413), answer.content
    assert (Reading.objects.count(), Resource.objects.count()) == kept
    assert len(asked) <= 12, "the token, its budget and the audit event; nothing that depends on the body"
    assert sum(len(one["sql"]) for one in asked) < 20_000, "the body goes to no statement"


@pytest.mark.parametrize("depth", [100, 3_000, 300_000])
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
def test_deep_nesting_is_refused(caller: Client, depth: int, opening: str, closing: str) -> None:
    nested = opening * depth + "1" + closing * depth
    for address, text in (
        ("/fhir/Observation", f'{{"resourceType": "Observation", "extension": {nested}}}'),
        ("/fhir", f'{{"resourceType": "Bundle", "type": "batch", "entry": {nested}}}'),
        ("/fhir", f'{{"resourceType": "Bundle", "type": "batch", "entry": [{{"resource": {nested}}}]}}'),
    ):
        answer = caller.post(address, text, content_type=JSON)
        if answer.status_code == 200:  # a batch, whose entry is what is refused
            (entry,) = answer.json()["entry"]
            assert entry["response"]["status"].startswith("400"), answer.content[:300]
        else:
            assert answer.status_code in (400, 422), (address, answer.content[:300])
