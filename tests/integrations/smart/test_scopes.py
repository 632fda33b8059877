"""Scopes: the grammar, what each covers, and that narrowing never widens."""

import importlib
import itertools
import pkgutil

import pytest
from fhirclient import models
from fhirclient.models.resource import Resource
from hypothesis import given
from hypothesis import strategies as st

from integrations.smart.resource_types import R4_TYPES
from integrations.smart.scopes import INTERACTIONS, NAMED, Context, Scope, Scopes, intersect, parse

TYPES = ["Patient", "Observation", "AuditEvent"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("patient/Observation.rs", "patient/Observation.rs"),
        ("user/*.cruds", "user/*.cruds"),
        ("system/Patient.c", "system/Patient.c"),
        ("patient/Observation.read", "patient/Observation.rs"),
        ("patient/Observation.write", "patient/Observation.cud"),
        ("system/*.*", "system/*.cruds"),
        ("patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"),
        (
            "patient/Observation.rs?code=http://loinc.org|20578-1&category=laboratory",
            "patient/Observation.rs?category=laboratory&code=http://loinc.org|20578-1",
        ),
        ("launch/patient openid fhirUser", "launch/patient openid fhirUser"),
        ("patient/Observation.rs patient/Observation.r", "patient/Observation.rs"),
        ("patient/Observation.r patient/*.rs", "patient/*.rs"),
        ("user/Observation.r patient/Observation.r", "user/Observation.r patient/Observation.r"),
    ],
)
def test_a_scope_is_read_and_written_as_smart_2(text: str, written: str) -> None:
    scopes = parse(text)
    assert (str(scopes), scopes.unknown) == (written, ())
    assert parse(str(scopes)) == scopes


@pytest.mark.parametrize(
    "text",
    [
        *("patient/Observation.", "patient/Observation", "patient/Observation.sr", "patient/Observation.rsx"),
        *("patient/Nonsense.rs", "patient/observation.rs", "Patient/Observation.rs", "group/Observation.rs"),
        *("patient/Observation.rs?", "patient/Observation.rs?category", "patient/Observation.rs?category="),
        *("patient/*.rs?category=laboratory", "patient/Observation.rs?a=b&&c=d", "patient/Observation.rs?=x"),
        *("read", "system/*", "*/*.rs", "launch/encounter", "patient/Observation.unknownAction", "patient/**.rs"),
    ],
)
def test_what_is_no_scope_of_smart_is_unknown_and_allows_nothing(text: str) -> None:
    scopes = parse(text)
    assert (scopes.unknown, bool(scopes)) == ((text,), False)
    assert str(scopes) == ""


@pytest.mark.parametrize("resource_type", TYPES)
@pytest.mark.parametrize("interaction", INTERACTIONS)
@pytest.mark.parametrize("letters", ["c", "r", "rs", "cud", "cruds", "u", "ds"])
@pytest.mark.parametrize("named", ["Observation", "*"])
def test_every_scope_covers_exactly_its_type_and_letters(
    named: str, letters: str, interaction: str, resource_type: str
) -> None:
    scopes = parse(f"user/{named}.{letters}")
    expected = interaction in letters and named in ("*", resource_type)
    assert scopes.covers(resource_type, interaction) is expected


@pytest.mark.parametrize(
    ("asked", "allowed", "met"),
    [
        ("patient/*.rs", "patient/Observation.rs patient/Patient.r", "patient/Observation.rs patient/Patient.r"),
        ("patient/Observation.cruds", "patient/*.rs", "patient/Observation.rs"),
        ("patient/Observation.rs", "user/Observation.rs system/*.cruds", ""),
        ("patient/Observation.c", "patient/Observation.rs", ""),
        ("patient/Observation.rs", "patient/Observation.rs?category=lab", "patient/Observation.rs?category=lab"),
        (
            "patient/Observation.rs?category=lab",
            "patient/Observation.rs?code=1",
            "patient/Observation.rs?category=lab&code=1",
        ),
        ("openid launch offline_access", "openid launch/patient", "openid"),
        ("patient/Condition.rs", "patient/Observation.rs", ""),
    ],
)
def test_the_intersection_is_what_both_allow(asked: str, allowed: str, met: str) -> None:
    assert str(intersect(parse(asked), parse(allowed))) == met


def test_the_words_are_plain_sentences() -> None:
    sentences = {text: scope.words for text in _SPOKEN for scope in parse(text).clinical}
    assert sentences == _SPOKEN


_SPOKEN = {
    "patient/Observation.rs": "Read and search measurements and results (Observation) of the chosen patient",
    "user/*.cruds": "Read, search, add, change and delete every kind of record of the patients of your care teams",
    "system/Group.r": "Read Group of every patient",
    "patient/Observation.r?category=http://x|laboratory": (
        "Read measurements and results (Observation) of the chosen patient, only where category is laboratory"
    ),
}


def test_the_types_are_those_of_r4_as_another_project_lists_them() -> None:
    names = [module.name for module in pkgutil.iter_modules(models.__path__) if not module.name.endswith("_tests")]
    modules = [importlib.import_module(f"fhirclient.models.{name}") for name in names if name.islower()]
    classes = {item for module in modules for item in vars(module).values() if isinstance(item, type)}
    listed = {item.resource_type for item in classes if issubclass(item, Resource)}
    assert listed - {"Resource", "DomainResource"} == R4_TYPES


texts = st.builds(
    lambda context, name, letters, query: (
        f"{context}/{name}.{letters}" + (f"?{query}" if query and name != "*" else "")
    ),
    st.sampled_from(list(Context)),
    st.sampled_from([*TYPES, "*"]),
    st.sampled_from(
        ["".join(some) for n in range(1, 6) for some in itertools.combinations(INTERACTIONS, n)]
        + ["read", "write", "*"]
    ),
    st.sampled_from(["", "", "category=lab", "code=a%7Cb", "category=lab&code=a,b", "status=final"]),
)
scope_texts = st.lists(st.one_of(texts, st.sampled_from(list(NAMED))), max_size=6).map(" ".join)


def allows(scopes: Scopes) -> set[tuple[str, str, str, frozenset[tuple[str, str]]]]:
    """Every cell: context, type, letter, under which restriction."""
    return {
        (scope.context, name, letter, frozenset(scope.query))
        for scope in scopes.clinical
        for name in TYPES
        for letter in INTERACTIONS
        if scope.covers(name, letter)
    }


def within(cell: tuple[str, str, str, frozenset[tuple[str, str]]], scopes: Scopes) -> bool:
    return any(cell[:3] == other[:3] and other[3] <= cell[3] for other in allows(scopes))


@given(scope_texts)
def test_reading_what_was_written_gives_the_same(text: str) -> None:
    scopes = parse(text)
    assert scopes.unknown == ()
    assert parse(str(scopes)) == scopes


@given(scope_texts, scope_texts)
def test_narrowing_never_widens_and_keeps_what_both_allow(one: str, two: str) -> None:
    mine, theirs = parse(one), parse(two)
    met = intersect(mine, theirs)
    assert mine.holds(met)
    assert theirs.holds(met)
    assert all(within(cell, mine) and within(cell, theirs) for cell in allows(met))
    both = {cell for cell in allows(mine) if within(cell, theirs)}
    assert all(within(cell, met) for cell in both)
    assert intersect(met, mine) == met
    assert allows(intersect(theirs, mine)) == allows(met)


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    scopes = parse(text)
    assert all(isinstance(scope, Scope) for scope in scopes.clinical)
    assert len(scopes.unknown) + len(scopes.named) + len(scopes.clinical) <= len(text.split())
