"""The sentences that the engine says to people, each with named slots, so that a page can say them in another language.

A call fills the slots and gives plain English text, which is what researchers read and what is stored. From that text
`read` finds the slots again: a page needs nothing but the text, whether it was computed now or stored a year ago.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from string import Formatter
from typing import TypeAlias

_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|inf|nan)"
_DEFINED: dict[str, "Sentence"] = {}


@dataclass(frozen=True, slots=True)
class Whichever:
    """What a slot holds that holds another sentence, whichever, as long as it fits the regular expression."""

    pattern: str


ANY = Whichever(".+?")
NAME = Whichever("[^:;]+?")
"""A name holds no colon and no semicolon, so that it ends before what is said of it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a slot holds that holds several sentences or names, with this text between them."""

    between: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What a slot holds that holds something measured, or a bound of it, which pages may say in another unit.

    The unit is that of the sentence's slot ``unit``, of a part of it or of the sentence around it; where none says one,
    the drug's own.

    Parameters
    ----------
    of
        What it is, or the slot that says so; empty: a level of the drug or an area under its curve.
    stays
        In no other unit: a MIC is in mg/L whatever levels are in.
    """

    of: str = ""
    stays: bool = False


MEASURED, MIC = Measured(), Measured(stays=True)
CREATININE = Measured(of="serum creatinine")

Part: TypeAlias = "tuple[Sentence, ...] | Whichever | Listed | Measured"


class Sentence:
    """One sentence, or a name or a part that stands in one.

    Parameters
    ----------
    text
        English, with slots as `str.format` has them. A slot with a format is a number; one without is text that stays
        as it is in every language, such as the name of a model.
    parts
        What else a slot can hold: one of these sentences, `ANY` of all, `Listed` several, or a number that is
        `MEASURED`. A part may begin with a capital where it stands at a beginning.
    """

    def __init__(self, text: str, **parts: Part) -> None:
        self.text = text
        self.parts = parts
        self._pieces = [(before, name or "", spec or "") for before, name, spec, _ in Formatter().parse(text)]
        self.slots = tuple(dict.fromkeys(name for _, name, _ in self._pieces if name))
        self.message = "".join(before + (f"{{{name}}}" if name else "") for before, name, _ in self._pieces)
        """The text as a catalogue has it: slots by name alone."""
        self.own = sum(letter.isalpha() for before, _, _ in self._pieces for letter in before)
        """How many letters are the sentence's own."""
        self.has_words = self.own > 0
        self.longest = max((before for before, _, _ in self._pieces), key=len, default="")
        """Its longest piece without a slot, by which most other texts are told apart at once."""
        self.free = sum(not (spec or isinstance(parts.get(name), tuple)) for _, name, spec in self._pieces if name)
        """How many slots hold whatever there is."""
        _DEFINED.setdefault(text, self)

    def __call__(self, **values: object) -> str:
        return self.text.format(**values)

    def __repr__(self) -> str:
        return f"Sentence({self.text!r})"

    def read(self, text: str) -> dict[str, str] | None:
        """What `text` has in each slot, if it is this sentence."""
        found = self._compiled.fullmatch(text) if self.longest in text else None
        return None if found is None else found.groupdict()

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        seen: set[str] = set()
        found = []
        for before, name, spec in self._pieces:
            found.append(re.escape(before))
            if name:
                found.append(f"(?P={name})" if name in seen else f"(?P<{name}>{self._slot(name, spec)})")
                seen.add(name)
        return re.compile("".join(found), re.DOTALL)

    def _slot(self, name: str, spec: str) -> str:
        part = self.parts.get(name)
        if isinstance(part, tuple):
            return "|".join(_either_case(each._nested()) for each in part)
        if isinstance(part, Whichever):
            return part.pattern
        return _NUMBER if spec and (part is None or isinstance(part, Measured)) else ".+?"

    def _nested(self) -> str:
        """As part of another: without groups of its own, since two parts may name their slots alike."""
        return "".join(
            re.escape(before) + (f"(?:{self._slot(name, spec)})" if name else "") for before, name, spec in self._pieces
        )


NOTHING = Sentence("")
"""A part that may be missing."""


def ours(text: str) -> str:
    """`text` as it stands, made known as a sentence of its own: a note that is written where the numbers are."""
    return Sentence(text).text


def names(*of: str | type[StrEnum]) -> tuple[Sentence, ...]:
    """Names that stand in sentences or alone: each text, or each value of an enumeration."""
    texts: list[str] = []
    for each in of:
        texts += [each] if isinstance(each, str) else [member.value for member in each]
    return tuple(Sentence(text) for text in texts)


def defined() -> tuple[Sentence, ...]:
    """All sentences of the modules that are loaded: parts of others last, else those first that say most themselves."""
    every = _DEFINED.values()
    parts = {part.text for each in every for slot in each.parts.values() if isinstance(slot, tuple) for part in slot}
    return tuple(sorted(every, key=lambda each: (each.text in parts, -each.own, each.free)))


def _either_case(pattern: str) -> str:
    first = pattern[:1]
    return f"[{first.lower()}{first.upper()}]{pattern[1:]}" if first.isalpha() else pattern
