"""Every stored resource is in the index, a few narrow rows each, and the index never rules out what would answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Q
from hypothesis import given
from hypothesis import strategies as st

from integrations.fhir import index, narrow
from integrations.fhir.interval import BEFORE_ALL, EVER, Interval, satisfies
from integrations.fhir.models import Term
from integrations.fhir.parameters import Moment
from integrations.fhir.registry import TYPES
from integrations.fhir.search import find
from integrations.readings.models import Resource
from tests.integrations import resources
from tests.integrations.readings.conftest import source, take_in

__all__ = ["source", "take_in"]

hours = st.integers(0, 30).map(lambda number: datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=number))


@st.composite
def intervals(draw: Callable[[Any], Any]) -> Interval:
    low, high = sorted((draw(hours), draw(hours)))
    return Interval(
        draw(st.sampled_from([low, low, BEFORE_ALL])), draw(st.sampled_from([high, EVER])) + timedelta(0)
    ) if high < EVER and low < high else Interval(low, low + timedelta(seconds=1))  # fmt: skip


def holds(condition: Q, low: datetime, high: datetime) -> bool:
    """A condition on the bounds, as the database would judge it."""
    compare = {
        "gt": lambda ours, theirs: ours > theirs,
        "lt": lambda ours, theirs: ours < theirs,
        "isnull": lambda ours, null: (ours is None) is null,
    }
    values = {"low": low, "high": high}
    return all(
        compare[lookup](values[name], value)
        for (name, _, lookup), value in ((path.partition("__"), value) for path, value in condition.children)
    )


@given(
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"]),
    intervals(),
    st.lists(intervals(), min_size=1, max_size=3),
)
def test_bounds_rule_out_nothing_that_answers(prefix: str, asked: Interval, found: list[Interval]) -> None:
    if any(satisfies(prefix, asked, one) for one in found):
        low, high = min(one.low for one in found), max(one.high for one in found)
        assert holds(narrow._by_time(Moment(prefix, asked)), low, high)


@pytest.mark.django_db
def test_what_comes_in_is_found_at_once(take_in: Callable[..., Any]) -> None:
    named = {"identifier": [{"system": "urn:x", "value": "7"}]}
    category = [resources.concept("urn:cat", "laboratory")]
    take_in(resources.patient(), {**resources.observation(category=category), **named})
    for pairs in (
        [("identifier", "urn:x|7")],
        [("code", "20578-1"), ("patient", "ward.p1"), ("date", "2026-03-02")],
        [("category", "laboratory")],
    ):
        assert [one.id for one in find("Observation", pairs)] == ["ward.o1"]
    row = Resource.objects.get(resource_type="Observation")
    assert Term.objects.filter(resource=row).count() == 4, "type, code, category and identifier"


@pytest.mark.django_db
def test_a_plain_observation_costs_few_rows(take_in: Callable[..., Any]) -> None:
    take_in(resources.patient(), *(resources.observation(f"o{number}") for number in range(60)))
    rows = Term.objects.filter(resource__resource_type="Observation").count()
    assert rows == 60 * 2


@pytest.mark.django_db
@pytest.mark.parametrize("options", [{}, {"anew": True}])
def test_reindexing_enters_what_is_not_there_and_doubles_nothing(
    take_in: Callable[..., Any], options: dict[str, bool]
) -> None:
    take_in(resources.patient(), *(resources.observation(f"o{number}") for number in range(120)))
    terms = set(Term.objects.values_list("key", "resource_id", "subject", "low"))
    Term.objects.filter(resource__resource_id__in=["o3", "o4"]).delete()
    out = StringIO()
    call_command("reindex_fhir", stdout=out, **options)
    assert "121" in out.getvalue()
    assert set(Term.objects.values_list("key", "resource_id", "subject", "low")) == terms


@pytest.mark.django_db
def test_only_the_version_in_force_is_found_by_its_values(take_in: Callable[..., Any]) -> None:
    take_in(resources.patient(), resources.observation(code="2160-0", unit="mg/dL", value=1.1))
    take_in(resources.observation(version=2))
    assert find("Observation", [("code", "2160-0")]) == []
    assert len(find("Observation", [("code", "20578-1")])) == 1


def test_a_key_fits_the_column() -> None:
    for value in ("", "x", "é" * 100):
        assert 0 <= index.key("Observation", "code", value) < 2**63
    assert index.key("Observation", "code", "x") != index.key("Observation", "category", "x")


def test_every_type_declares_what_it_needs() -> None:
    for served in TYPES.values():
        names = [parameter.name for parameter in served.parameters]
        assert len(names) == len(set(names)), served.name
        for parameter in served.parameters:
            assert parameter.documentation, (served.name, parameter.name)
            assert set(parameter.targets) <= set(TYPES), (served.name, parameter.name)
            for name in parameter.under:
                assert next(one for one in served.parameters if one.name == name).indexed


@pytest.mark.django_db
def test_a_text_that_is_no_resource_enters_nothing(take_in: Callable[..., Any]) -> None:
    take_in(resources.patient())
    row = Resource.objects.get()
    Term.objects.all().delete()
    for text in ("", "[]", "{", json.dumps({"resourceType": "Patient", "name": 7, "birthDate": 7})):
        row.text = text
        index.store([row])
    assert Term.objects.count() == 1
