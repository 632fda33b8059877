"""A text of the engine in the reader's language: which sentence it is, and the same sentence from the catalogue.

Nothing but the English text is needed, so that what a worker computed or what was stored long ago is said like what was
computed now. A text that is no sentence of the engine stays as it is.
"""

import re
from functools import lru_cache

from django.utils.formats import get_format
from django.utils.translation import get_language, pgettext

from clinic.twin_words.gather import CONTEXT, sentences
from twins.quantities.sentence import Listed, Sentence, Whichever

_NUMBER = re.compile(r"[-+]?\d+\.\d+(e[-+]?\d+)?")


def said(text: str) -> str:
    """`text` in the language that is active; English stays as it is, letter by letter."""
    if not text or (get_language() or "en").startswith("en"):
        return text
    found = _found(str(text))
    return _dressed(text) if found is None else _translated(*found, text)


def said_each(text: str) -> str:
    """As `said`, of several names with commas between them: ``two compartments, linear elimination, intravenous``."""
    return ", ".join(said(part) for part in text.split(", "))


@lru_cache(maxsize=4096)
def _found(text: str) -> tuple[Sentence, dict[str, str]] | None:
    """Which sentence `text` is, and what its slots hold; of several the one that says most of its own."""
    for each in sentences():
        slots = each.read(text)
        if slots is not None:
            return each, slots
    return None


def _dressed(text: str) -> str:
    """`text`, whose sentence was given a capital, a full stop or both where it became one that stands alone."""
    bare = text[:1].lower() + text[1:]
    for inner, stop in ((bare, ""), (text.removesuffix("."), "."), (bare.removesuffix("."), ".")):
        found = _found(inner) if text.endswith(stop) else None
        if found is not None:
            words = _translated(*found, inner) + stop
            return words[:1].upper() + words[1:] if text[:1].isupper() else words
    return _as_it_stands(text)


def _translated(sentence: Sentence, slots: dict[str, str], text: str) -> str:
    if not sentence.message:
        return ""
    words = pgettext(CONTEXT, sentence.message).format(
        **{name: _slot(sentence, name, held) for name, held in slots.items()}
    )
    capital = text[:1].isupper() and sentence.text[:1].islower()
    return words[:1].upper() + words[1:] if capital else words


def _slot(sentence: Sentence, name: str, held: str) -> str:
    part = sentence.parts.get(name)
    if isinstance(part, Whichever):
        return said(held)
    if isinstance(part, Listed):
        return ", ".join(said(one) for one in held.split(part.between))
    for each in part or ():
        slots = _part(each, held)
        if slots is not None:
            return _translated(each, slots, held)
    return _as_it_stands(held)


def _part(sentence: Sentence, held: str) -> dict[str, str] | None:
    """As `Sentence.read`, of a part that may begin with a capital."""
    slots = sentence.read(held)
    return sentence.read(held[:1].lower() + held[1:]) if slots is None else slots


def _as_it_stands(text: str) -> str:
    """Numbers have the decimal sign of the language; all else is not ours to change."""
    return text.replace(".", get_format("DECIMAL_SEPARATOR")) if _NUMBER.fullmatch(text) else text
