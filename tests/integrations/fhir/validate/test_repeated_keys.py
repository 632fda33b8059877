"""Keys that stand twice in a JSON object are found where they are; odd white space and texts mislead no one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.readings.repeated_keys import keys_in, none_repeated, repeated
from tests.integrations.fhir.validate.clinical import patient
from tests.integrations.fhir.validate.found import found

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a":\\ \n{},é', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a":\\ b', max_size=4), inner, max_size=3)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"resourceType":"Patient","active":true,"active":false}', "Patient.active"),
        ('{"resourceType":"Patient","active" :true,"active"\n:false,"name":[{"text":":"}]}', "Patient.active"),
        ('{"resourceType":"Patient","name":[{"text":"a"},{"text":"b","text":"c"}]}', "Patient.name[1].text"),
        ('{"resourceType":"Patient","name":[{"text":"a"}],"name":[{"text":"b"}]}', "Patient.name"),
        ('{"resourceType":"Patient","active":true,"\\u0061ctive":false}', "Patient.active"),
        ('{"resourceType":"Patient","resourceType":"Patient"}', "Patient.resourceType"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_place(text: str, place: str) -> None:
    assert [(fault.code, fault.expression) for fault in found(patient(), text)] == [("structure", place)]


@pytest.mark.parametrize("said", [":", '":', '\\":', ': "a":', '{"a":1,"a":2}'])
def test_texts_that_look_like_keys_are_no_keys(said: str) -> None:
    resource = {**patient(), "name": [{"text": said}]}
    for indent in (None, 1):
        assert found(resource, json.dumps(resource, indent=indent)) == []
    assert found(resource, json.dumps(resource, separators=(" ,", " :"))) == []


@given(JSON)
def test_what_was_written_from_data_has_no_key_twice(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1), json.dumps(value, separators=(",", " : "))):
        assert list(repeated(text)) == []


@given(st.dictionaries(st.text(alphabet='a":\\ b', max_size=4), JSON, min_size=1, max_size=3), JSON)
def test_a_key_written_twice_is_never_counted_as_once(value: dict[str, Any], again: Any) -> None:
    key = next(iter(value))
    text = f"{{{json.dumps(key)}: {json.dumps(again)}, {json.dumps(value)[1:]}"
    assert not none_repeated(text, keys_in(json.loads(text)))
    assert ((), key) in list(repeated(text))
