"""A text of the engine in the reader's language: which sentence it is, and the same sentence from the catalogue.

Nothing but the English text is needed, so that what a worker computed or what was stored long ago is said like what was
computed now. A text that is no sentence of the engine stays as it is. In the same way a sentence is said with levels in
another unit: still in English, so that it is said in the reader's language as any other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from django.utils.translation import get_language, pgettext

from clinic.measures.numbers import shown
from clinic.twin_words.gather import CONTEXT, sentences
from twins.quantities.sentence import Listed, Measured, Sentence, Whichever

_NUMBER = re.compile(r"[-+]?\d+\.\d+(e[-+]?\d+)?")
_UNIT = "unit"
"""The slot that says in which unit a sentence's numbers are."""


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
class OtherUnit:
    """Another unit for something measured.

    Attributes
    ----------
    own
        The one it is stored in as wards write it, said where a number stays and its sentence leaves the unit out.
    units
        What each unit that is to be converted becomes, in every way in which the engine writes it. The empty text
        stands for sentences that say none.
    number
        A number in the own unit, as machines write it, in the other.
    """

    own: str
    units: Mapping[str, str]
    number: Callable[[str], str]


Others: TypeAlias = Mapping[str, OtherUnit]
"""By what is measured, in small letters; the empty text: levels of the drug and areas under their curve."""


def converted(text: str, others: Others) -> str:
    """`text` of the engine with what it says measured in other units; any other text as it is."""
    found = _found(str(text)) if text else None
    return text if found is None else found.converted(others)[0]


@dataclass(frozen=True, slots=True)
class _Found:
    """`bare` is what the sentence itself says; the text may have a capital instead, and a full stop behind it.

    `inner` are the sentences in its slots.
    """

    sentence: Sentence
    slots: dict[str, str]
    inner: dict[str, "_Found"]
    text: str
    bare: str

    @property
    def own(self) -> int:
        """How many letters of the text are known to be the engine's."""
        return self.sentence.own + sum(part.own for part in self.inner.values())

    @property
    def is_meant(self) -> bool:
        """A sentence without a word of its own, such as ``{label}: {plan}``, is one only around another with words."""
        open_slots = any(isinstance(part, Whichever) for part in self.sentence.parts.values())
        return self.sentence.has_words or not open_slots or any(part.is_meant_alone for part in self.inner.values())

    @property
    def is_meant_alone(self) -> bool:
        return self.sentence.has_words and self.is_meant

    @property
    def unit(self) -> str:
        """Which one it says, itself or in one of its parts, whose other parts mean the same one."""
        return self.slots.get(_UNIT, "").strip() or next((part.unit for part in self.inner.values() if part.unit), "")

    def said(self) -> str:
        filled = {name: self._slot(name, held) for name, held in self.slots.items()}
        return self._as_it_stood(
            pgettext(CONTEXT, self.sentence.message).format(**filled) if self.sentence.message else ""
        )

    def converted(self, others: Others, around: str = "") -> tuple[str, str]:
        """The same in other units, and which unit numbers of it are in now that were in the unit `around` it."""
        unit, filled, into = self.unit or around, dict(self.slots), ""
        for name, held in self.slots.items():
            part = self.sentence.parts.get(name)
            if isinstance(part, Measured):
                other = others.get(self.slots.get(part.of, part.of).lower())
                if other is not None and part.stays:
                    filled[_UNIT] = self.slots[_UNIT] or f" {other.own}"
                elif other is not None and unit in other.units:
                    filled[name], into = other.number(held), other.units[unit]
            elif isinstance(part, Listed):
                filled[name] = part.between.join(converted(one, others) for one in held.split(part.between))
            elif name in self.inner and name != _UNIT:
                filled[name], inside = self.inner[name].converted(others, unit)
                into = into or inside
        if _UNIT not in self.slots:
            return self._as_it_stood(self.sentence.message.format(**filled)), into
        if into:
            filled[_UNIT] = self.slots[_UNIT].replace(unit, into)
        return self._as_it_stood(self.sentence.message.format(**filled)), ""

    def _as_it_stood(self, words: str) -> str:
        if self.text[:1].isupper() and self.sentence.text[:1].islower():
            words = words[:1].upper() + words[1:]
        return words + self.text[len(self.bare) :]

    def _slot(self, name: str, held: str) -> str:
        part = self.sentence.parts.get(name)
        if isinstance(part, Listed):
            return ", ".join(said(one) for one in held.split(part.between))
        inner = self.inner.get(name)
        return _as_it_stands(held) if inner is None else inner.said()


@lru_cache(maxsize=4096)
def _found(text: str) -> _Found | None:
    """Which sentence `text` is: as it stands, or made one that stands alone by a capital, a full stop or both.

    Of several the one that leaves least of the text unknown.
    """
    small, short = text[:1].lower() + text[1:], text.removesuffix(".")
    for bare in dict.fromkeys((text, small, short, small.removesuffix("."))):
        found = [one for each in sentences() if (one := _read(each, text, bare)) is not None and one.is_meant]
        if found:
            return max(found, key=lambda one: (one.own, one.sentence.has_words))
    return None


def _read(sentence: Sentence, text: str, bare: str) -> _Found | None:
    slots = sentence.read(bare)
    if slots is None:
        return None
    inner: dict[str, _Found] = {}
    for name, held in slots.items():
        part = sentence.parts.get(name)
        one = _found(held) if isinstance(part, Whichever) else _one_of(part, held) if isinstance(part, tuple) else None
        if one is not None:
            inner[name] = one
    return _Found(sentence, slots, inner, text, bare)


def _one_of(parts: tuple[Sentence, ...], held: str) -> _Found | None:
    """Which of these parts `held` is, which may begin with a capital."""
    for each in parts:
        for bare in dict.fromkeys((held, held[:1].lower() + held[1:])):
            found = _read(each, held, bare)
            if found is not None:
                return found
    return None


def _as_it_stands(text: str) -> str:
    """Numbers have the decimal sign of the language; all else is not ours to change."""
    return shown(text) if _NUMBER.fullmatch(text) else text
