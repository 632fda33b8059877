"""Whatever is asked, the answer is a page or a refusal that names what cannot be used; never a fault."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integrations.fhir.ask import EVERYWHERE
from integrations.fhir.bundle import searchset
from integrations.fhir.outcome import Refusal
from integrations.fhir.registry import TYPES
from integrations.fhir.search import find, search
from tests.api.chart import chart

pytestmark = pytest.mark.django_db
BASE = "http://testserver/fhir/"
SEARCHED = sorted(name for name, served in TYPES.items() if served.searched)
NAMES = sorted({parameter.name for name in SEARCHED for parameter in (*EVERYWHERE, *TYPES[name].parameters)})
CONTROLS = [
    "_count",
    "_sort",
    "_summary",
    "_total",
    "_elements",
    "_include",
    "_revinclude",
    "_cursor",
    "_format",
    "_has",
]
PIECES = [
    *(
        "ward.p1",
        "Patient/ward.p1",
        "2026-01-05",
        "ge2026",
        "0001",
        "9999-12-31",
        "eq0001-01-01T00:00:00+14:00",
        "1e99",
    ),
    *(
        "http://loinc.org|2823-3",
        "|",
        "$",
        ",",
        "\\",
        "\\,",
        "%",
        "_",
        "'",
        '"',
        "Ünï",
        "true",
        "count",
        "Observation:*",
    ),
    *("5.4|http://unitsofmeasure.org|mmol/L", "ne5", "ap1e-9", "-1", "٣", "\ud7ff", "\x00", "🩺", " ", "a" * 300, "*"),
    *("2823-3$gt4", "Observation:patient", "urn:uuid:x", "http://x", "../..", "#a", "Patient/", "/1", "_history/1"),
]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), min_size=0, max_size=3).map("".join)
MODIFIERS = [
    *("", "", "", ":not", ":missing", ":exact", ":contains", ":text", ":identifier", ":Patient", ":iterate"),
    *(".name", ".identifier", ":Patient.name", ":patient:code", ":x:y:z", ":", "."),
]
modifiers = st.sampled_from(MODIFIERS)
pairs = st.tuples(st.builds(str.__add__, st.sampled_from([*NAMES, *CONTROLS]) | st.text(max_size=6), modifiers), texts)


def answered(ask: Callable[[], Any]) -> Any:
    """What is answered; None where it is refused as it should be."""
    try:
        return ask()
    except Refusal as refused:
        if refused.status in (400, 406) and refused.sentence:
            return None
        raise


@pytest.fixture
def filled(db: None) -> None:
    chart()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(SEARCHED), st.lists(pairs, min_size=1, max_size=3), st.booleans())
@example("Observation", [("date", "9999-12-31")], False)
@example("Patient", [("birthdate", "ne0001")], False)
@example("Observation", [("value-quantity", "ge1e99")], False)
def test_no_query_is_a_fault(filled: None, kind: str, query: list[tuple[str, str]], strict: bool) -> None:
    page = answered(lambda: search(kind, query, base=BASE, strict=strict))
    if page is not None:
        searchset(page, BASE)
        assert page.next_link is None or "_cursor=" in page.next_link


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(SEARCHED), st.lists(pairs, max_size=2))
def test_no_condition_is_a_fault(filled: None, kind: str, query: list[tuple[str, str]]) -> None:
    assert len(answered(lambda: find(kind, query)) or ()) <= 2
