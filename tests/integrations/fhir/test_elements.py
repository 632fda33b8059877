"""What is taken from elements of every shape; malformed ones yield nothing and never fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.fhir.elements import Token, at, intervals, literal, texts, tokens, where, words
from integrations.fhir.measure import measures
from integrations.fhir.registry import TYPES

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["coding", "code", "system", "value", "start", "end", "event", "repeat", "reference", "text", "low"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("final", [Token(None, "final")]),
        (True, [Token(None, "true")]),
        ({"system": "s", "code": "c"}, [Token("s", "c")]),
        ({"code": "c"}, [Token("", "c")]),
        ({"coding": [{"system": "s", "code": "c"}, {"code": "d"}]}, [Token("s", "c"), Token("", "d")]),
        ({"system": "s", "value": "v", "type": {"coding": []}}, [Token("s", "v")]),
        ({"system": "phone", "value": "1"}, [Token("phone", "1")]),
        ({"text": "only words"}, []),
        ({"coding": ["odd", None]}, []),
        (7, []),
    ],
)
def test_tokens(found: Any, expected: list[Token]) -> None:
    assert list(tokens(found)) == expected


def test_paths_go_through_lists() -> None:
    resource = {"a": [{"b": [1, 2]}, {"b": 3}, {"c": 4}, "odd"], "d": None}
    assert list(at("a.b")(resource)) == [1, 2, 3]
    assert list(at("d", "a.c", "e.f")(resource)) == [4]
    telecom = where(at("telecom"), "system", "email")
    assert list(telecom({"telecom": [{"system": "email", "value": "x"}, {"system": "fax"}, 1]})) == [
        {"system": "email", "value": "x"}
    ]


@given(anything)
def test_nothing_a_source_sends_makes_the_reading_fail(found: Any) -> None:
    for read in (tokens, words, texts, intervals, measures):
        list(read(found))  # type: ignore[operator]
    literal(found)


@given(st.sampled_from(sorted(TYPES)), anything)
def test_no_parameter_fails_on_an_odd_resource(name: str, value: Any) -> None:
    for parameter in TYPES[name].parameters:
        for path in ("code", "subject", "period", "component", "name", "identifier", "valueQuantity"):
            if parameter.values is not None and TYPES[name].versions:
                list(parameter.values({path: value}))
