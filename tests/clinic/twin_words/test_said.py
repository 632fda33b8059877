"""What the twins say is said in the reader's language from the English text alone, and the catalogue is whole."""

from string import Formatter

import pytest
from django.utils import translation
from django.utils.translation import pgettext

from clinic.twin_words.gather import CONTEXT, sentences
from clinic.twin_words.said import said, said_each
from twins.quantities.sentence import Listed, Sentence, Whichever

NAME = "Goti 2018"
"""Stands for a text that is the same in every language."""


@pytest.fixture
def german():
    with translation.override("de"):
        yield


def filled(sentence: Sentence) -> tuple[str, str]:
    """The sentence with something in each slot, in English and as it should be in German."""
    english, german = {}, {}
    for _, name, spec, _ in Formatter().parse(sentence.text):
        if not name:
            continue
        part = sentence.parts.get(name)
        if isinstance(part, tuple):
            english[name], german[name] = filled(part[0])
        elif isinstance(part, Listed):
            english[name], german[name] = f"age{part.between}body weight", "Alter, Körpergewicht"
        elif isinstance(part, Whichever):
            english[name], german[name] = "body weight", "Körpergewicht"
        elif spec:
            value = 2 if spec == "d" else 2.5
            english[name], german[name] = value, f"{value:{spec}}".replace(".", ",")
        else:
            english[name] = german[name] = NAME
    message = pgettext(CONTEXT, sentence.message) if sentence.message else ""
    return sentence(**english), message.format(**german)


@pytest.mark.usefixtures("german")
def test_every_sentence_of_the_engine_is_said_in_german_wherever_it_is_met():
    assert len(sentences()) > 300
    wrong = []
    for sentence in sentences():
        english, wanted = filled(sentence)
        if english and said(english) != wanted:
            wrong.append((english, said(english), wanted))
    assert not wrong


@pytest.mark.usefixtures("german")
def test_the_german_of_a_sentence_has_its_slots_and_no_others():
    for sentence in sentences():
        if sentence.message:
            words = pgettext(CONTEXT, sentence.message)
            assert {name for _, name, _, _ in Formatter().parse(words) if name} == set(sentence.slots), words


@pytest.mark.parametrize("language", ["en-gb", "en", None])
def test_english_stays_letter_by_letter(language):
    with translation.override(language):
        for sentence in sentences():
            english, _ = filled(sentence)
            assert said(english) == english


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("english", "wanted"),
    [
        (
            "78 % chance of an AUC24 of 400–600 mg·h/L on day 2, 3 % chance above 600.",
            "78 % Wahrscheinlichkeit für eine AUC24 von 400–600 mg·h/L an Tag 2, 3 % für über 600.",
        ),
        ("Hold 24 h, then 1000 mg over 1.5 h every 24 h", "24 h pausieren, dann 1000 mg über 1,5 h alle 24 h"),
        ("Current: no further doses", "Aktuell: keine weiteren Dosen"),
        (
            "No age and no serum creatinine on the chart; Goti 2018 needs it.",
            "In der Patientenakte fehlt: Alter, Serumkreatinin; Goti 2018 braucht es.",
        ),
        (
            "Given up after 3 attempts. The last one: The worker that had it fell silent.",
            "Nach 3 Versuchen aufgegeben. Der letzte: Der Rechenprozess, der daran arbeitete, ist verstummt.",
        ),
    ],
)
def test_sentences_within_sentences_are_said_too(english, wanted):
    assert said(english) == wanted


@pytest.mark.usefixtures("german")
def test_what_a_person_wrote_stays_as_it_was_written():
    reason = "Level of 13.1 mg/L is charted twice; counted once. The nurse: 2.5 h late"
    assert said(f"The dose of 12.5 mg vancomycin is left out: {reason}") == (
        f"Die Dosis von 12,5 mg Vancomycin: weggelassen, {reason}"
    )


@pytest.mark.usefixtures("german")
def test_of_two_readings_the_one_that_leaves_less_unknown_is_said():
    assert said("Body weight of 260 kg is above the 255 of the model's population.") == (
        "Körpergewicht: 260 kg liegt über den 255 der Population des Modells."
    )
    assert said("The dose of 12.5 mg of the ward's own is left out: drawn late") == (
        "Die Dosis von 12,5 mg of the ward's own: weggelassen, drawn late"
    )


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("text", ["Between-subject variances: 0.1584", "See table 2.5 there.", "", "PKPDsim"])
def test_a_text_that_is_not_the_engines_stays(text):
    assert said(text) == text


@pytest.mark.usefixtures("german")
def test_names_with_commas_between_them_are_each_said():
    assert said_each("two compartments, linear elimination, intravenous") == (
        "zwei Kompartimente, lineare Elimination, intravenös"
    )
