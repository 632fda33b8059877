"""A sentence of the engine is plain English, and what stands in its slots is found in it again."""

from enum import StrEnum

import pytest

from twins.quantities import sentence
from twins.quantities.sentence import ANY, NOTHING, Sentence, names, ours


@pytest.fixture(autouse=True)
def of_the_tests_alone(monkeypatch):
    monkeypatch.setattr(sentence, "_DEFINED", {})


@pytest.fixture
def first():
    return Sentence(", first {amount:g} mg")


@pytest.fixture
def scheme(first):
    way = names("by mouth", "into a vein")
    return Sentence("{amount:g} mg {way} every {hours:g} h{first}", way=way, first=(first, NOTHING))


def test_a_call_fills_the_slots_as_a_format_would(scheme):
    assert scheme(amount=1000.0, way="by mouth", hours=12.0, first="") == "1000 mg by mouth every 12 h"


def test_what_was_filled_in_is_read_again(scheme, first):
    text = scheme(amount=1000.0, way="into a vein", hours=12.0, first=first(amount=2000.0))
    assert scheme.read(text) == {"amount": "1000", "way": "into a vein", "hours": "12", "first": ", first 2000 mg"}


@pytest.mark.parametrize(
    "text",
    [
        "many mg by mouth every 12 h",
        "1000 mg under the skin every 12 h",
        "1000 mg by mouth every 12 h, second 2000 mg",
        "1000 mg by mouth every 12 h.",
    ],
)
def test_a_text_that_is_another_sentence_is_not_read(scheme, text):
    assert scheme.read(text) is None


@pytest.mark.parametrize("number", [0.05, -3.0, 1e-07, 2.5e16, float("inf"), float("nan")])
def test_any_number_that_a_format_writes_is_read(number):
    level = Sentence("Level of {value:g} mg/L")
    assert level.read(level(value=number)) == {"value": f"{number:g}"}


def test_a_slot_without_a_format_holds_any_text_but_none():
    left_out = Sentence("{what} is left out: {reason}", what=ANY)
    text = left_out(what="The dose", reason="drawn from the line: 2 h late,\nsays the ward")
    assert left_out.read(text) == {"what": "The dose", "reason": "drawn from the line: 2 h late,\nsays the ward"}
    assert left_out.read("The dose is left out: ") is None


def test_a_part_may_begin_with_a_capital_inside_its_sentence():
    low = Sentence("{name} is low.", name=names("body weight"))
    assert low.read("Body weight is low.") == {"name": "Body weight"}


def test_a_slot_that_comes_twice_holds_the_same():
    twice = Sentence("{a:g} and {a:g}")
    assert twice.read("2 and 2") == {"a": "2"}
    assert twice.read("2 and 3") is None


def test_a_catalogue_has_the_slots_without_their_formats(scheme):
    assert scheme.message == "{amount} mg {way} every {hours} h{first}"


def test_names_are_texts_or_the_values_of_an_enumeration():
    class Colour(StrEnum):
        RED = "signal red"

    assert [name() for name in names("blue", Colour)] == ["blue", "signal red"]


def test_a_note_that_is_made_known_stays_as_it_stands():
    assert ours("All limits are house settings.") == "All limits are house settings."
