"""A text of the engine in the reader's language: which sentence it is, and the same sentence from the catalogue.

Nothing but the English text is needed, so that what a worker computed or what was stored long ago is said like what was
computed now. A text that is no sentence of the engine stays as it is.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import get_language, pgettext

from clinic.measures.numbers import shown
from clinic.twin_words.gather import CONTEXT, sentences
from twins.quantities.sentence import Listed, Sentence, Whichever

_NUMBER = re.compile(r"[-+]?\d+\.\d+(e[-+]?\d+)?")


def said(text: str) -> str:
    """`text` in the language that is active; English stays as it is, letter by letter."""
    if not text or (get_language() or "en").startswith("en"):
        return text
    found = _found(str(text))
    return _as_it_stands(text) if found is None else found.said()


def said_each(text: str) -> str:
    """As `said`, of several names with commas between them: ``two compartments, linear elimination, intravenous``."""
    return ", ".join(said(part) for part in text.split(", "))


@dataclass(frozen=True, slots=True)
class _Found:
    """`bare` is what the sentence itself says; the text may have a capital instead, and a full stop behind it.

    `whole`: all that should be sentences of the engine in it are such.
    """

    sentence: Sentence
    slots: dict[str, str]
    text: str
    bare: str
    whole: bool = True

    def said(self) -> str:
        filled = {name: _slot(self.sentence, name, held) for name, held in self.slots.items()}
        words = pgettext(CONTEXT, self.sentence.message).format(**filled) if self.sentence.message else ""
        if self.text[:1].isupper() and self.sentence.text[:1].islower():
            words = words[:1].upper() + words[1:]
        return words + self.text[len(self.bare) :]


@lru_cache(maxsize=4096)
def _found(text: str) -> _Found | None:
    """Which sentence `text` is: as it stands, or made one that stands alone by a capital, a full stop or both.

    Of several the one around sentences that are known themselves. One without a word of its own, such as
    ``{label}: {plan}``, is meant only around one that is known.
    """
    small, short = text[:1].lower() + text[1:], text.removesuffix(".")
    for bare in dict.fromkeys((text, small, short, small.removesuffix("."))):
        second = None
        for each in sentences():
            slots = each.read(bare)
            if slots is None:
                continue
            inner = [_found(slots[name]) for name, part in each.parts.items() if isinstance(part, Whichever)]
            known = [found is not None and found.whole and found.sentence.has_words for found in inner]
            if all(known):
                return _Found(each, slots, text, bare)
            if second is None and (each.has_words or any(known)):
                second = _Found(each, slots, text, bare, whole=False)
        if second is not None:
            return second
    return None


def _slot(sentence: Sentence, name: str, held: str) -> str:
    part = sentence.parts.get(name)
    if isinstance(part, Whichever):
        return said(held)
    if isinstance(part, Listed):
        return ", ".join(said(one) for one in held.split(part.between))
    for each in part or ():
        for bare in (held, held[:1].lower() + held[1:]):
            slots = each.read(bare)
            if slots is not None:
                return _Found(each, slots, held, bare).said()
    return _as_it_stands(held)


def _as_it_stands(text: str) -> str:
    """Numbers have the decimal sign of the language; all else is not ours to change."""
    return shown(text) if _NUMBER.fullmatch(text) else text
