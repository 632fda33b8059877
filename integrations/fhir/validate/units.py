"""Whether a code is a unit of UCUM: its whole grammar over its whole table, not only the units that are converted here.

Source: The Unified Code for Units of Measure, version 2.2, https://ucum.org/ucum, section 2 (grammar); case-sensitive.
"""

import re
from functools import cache, lru_cache
from importlib.resources import files

SYSTEM = "http://unitsofmeasure.org"
_LONGEST_CODE = 256

_MISSPELLINGS = """
mcg=ug hr=h hrs=h sec=s mEq=meq cc=mL lb=[lb_av] lbs=[lb_av] mmHg=mm[Hg] bpm=/min IU=[IU] in=[in_i] degC=Cel
degF=[degF] drop=[drp] drops=[drp] years=a year=a yr=a days=d day=d week=wk weeks=wk month=mo hour=h hours=h mins=min
"""
_MEANT = dict(pair.split("=", 1) for pair in _MISSPELLINGS.split())
_WORD = re.compile(r"[A-Za-z]+")


@cache
def _component() -> re.Pattern[str]:
    """One unit with its exponent and annotation, an annotation alone, or a number, up to the next operator."""
    table: dict[str, list[str]] = {}
    words: list[str] = []
    for line in files(f"{__package__}.definitions").joinpath("ucum.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith(" "):
            words += line.split()
        else:
            words = table.setdefault(line, [])
    prefixes, metric, other = (
        "|".join(re.escape(word) for word in sorted(table[name], key=len, reverse=True))
        for name in ("prefixes", "metric", "other")
    )
    annotation = r"\{[!-z|~]*\}"
    unit = rf"(?:(?:{prefixes})?(?:{metric})|{other})(?:[+-]?[0-9]+)?(?:{annotation})?"
    return re.compile(rf"(?:{unit}|{annotation}|[1-9][0-9]*(?:{annotation})?)(?=[./)]|\Z)")


@lru_cache(maxsize=4096)
def is_unit(code: str) -> bool:
    """Whether `code` is a valid UCUM unit: ``mg/dL``, ``mm[Hg]``, ``10*9/L``, ``{beats}/min``, ``kg.m/(s2.K)``."""
    if not 0 < len(code) <= _LONGEST_CODE:
        return False
    component = _component()
    position = 1 if code[0] == "/" else 0
    depth = 0
    while True:
        while code.startswith("(", position):
            depth += 1
            position += 1
        match = component.match(code, position)
        if match is None:
            return False
        position = match.end()
        while depth and code.startswith(")", position):
            depth -= 1
            position += 1
        if position == len(code):
            return depth == 0
        if code[position] not in "./":
            return False
        position += 1


def misspelled(code: str) -> str:
    """The unit that a well-known misspelling such as ``mcg/hr`` means, or nothing."""
    if len(code) > _LONGEST_CODE:
        return ""
    meant = _WORD.sub(lambda word: _MEANT.get(word[0], word[0]), code)
    return meant if meant != code and is_unit(meant) else ""
