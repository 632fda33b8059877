"""References are renamed and nothing else is touched: the quick way against the plain one, on texts made to confuse."""

import json
import re
from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.fhir.splice import Splicer

_PLAIN = re.compile(r'(?<!\\)"reference"(\s*:\s*)("(?:[^"\\]|\\.)*")')
"""A key and its text, one after the other."""
QUICK = settings(max_examples=300, deadline=None, derandomize=True)
FRAGMENTS = (
    *('"reference"', "reference", '"', "\\", '\\"', ":", " : ", "\n", ",", "{", "}", "[", "]", '""', "\\\\"),
    *(
        '"Patient/1"',
        '"Patient/1/_history/2"',
        '"#c"',
        '"http://there.test/fhir/Patient/7"',
        '"urn:uuid:1"',
        '"\\u0050"',
    ),
)
words = st.sampled_from(
    ["reference", "Patient/1", "Observation/o.1", 'a "reference": "Patient/2" in words', "Specimen/5", "#1", "ä\\", ""]
)
values = st.recursive(
    words | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def splicer() -> Splicer:
    return Splicer(
        "ward", "http://there.test/fhir", frozenset({"Patient", "Observation"}), lambda _slug, _id: "Patient"
    )


def plainly(text: str) -> str:
    by = splicer()

    def rename(match: re.Match[str]) -> str:
        old = json.loads(match[2])
        new = by.reference(old)
        return match[0] if new == old else f'"reference"{match[1]}{json.dumps(new)}'

    return _PLAIN.sub(rename, text)


@QUICK
@given(values, st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]), st.booleans())
def test_a_resource_is_renamed_as_the_plain_way_renames_it(value: object, signs: tuple[str, str], ascii_: bool) -> None:
    text = json.dumps(value, separators=signs, ensure_ascii=ascii_)
    assert splicer()._named_here(text) == plainly(text)


@QUICK
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14))
def test_any_text_of_keys_quotes_and_backslashes_is_renamed_alike(fragments: list[str]) -> None:
    text = "".join(fragments)
    assert outcome(lambda: splicer()._named_here(text)) == outcome(lambda: plainly(text))


def outcome(do: object) -> str:
    try:
        return str(do())  # type: ignore[operator]
    except json.JSONDecodeError:
        return "no text of JSON"


@QUICK
@given(st.lists(st.sampled_from(["Patient/1", "Patient/2", "Specimen/1"]), min_size=1, max_size=8))
def test_one_that_remembers_answers_as_one_that_does_not(references: list[str]) -> None:
    text = json.dumps([{"reference": one} for one in references])
    assert splicer()._named_here(text) == plainly(text)


def test_only_the_names_of_references_change_digits_and_spaces_stay() -> None:
    text = '{"a": 6.30, "subject" : {"reference"\n:  "Patient/1" }, "note": "\\"reference\\": \\"Patient/1\\""}'
    named = splicer()._named_here(text)
    assert named == text.replace(':  "Patient/1" }', ':  "Patient/ward.1" }')
    assert msgspec.json.decode(named)["subject"]["reference"] == "Patient/ward.1"


def test_a_key_with_escaped_letters_is_the_key() -> None:
    others = r'"title": "r\u0065ferenze", "note": "\"r\u0065ference\" ", "resourceType": "Observation"'
    text = r'{"subject": {"r\u0065ferenc\u0065" : "Patient/1"}, ' + others + "}"
    body = splicer().resource(text, "ward.o1", "1", datetime(2026, 3, 1, tzinfo=UTC))
    assert json.loads(body)["subject"] == {"reference": "Patient/ward.1"}
    assert (json.loads(body)["title"], json.loads(body)["note"]) == ("referenze", '"reference" ')
