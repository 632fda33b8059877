"""Narrative: well-formed XHTML of the elements and attributes that FHIR allows, and nothing that runs or loads.

Source: https://hl7.org/fhir/R4/narrative.html, invariants txt-1 and txt-2 (HTML 4.0 chapters 7 to 11 but 9.4, and 15).
Stricter than R4 in one thing: no image and no style may be fetched from elsewhere, since reading would tell others.
"""

import re
from collections.abc import Iterator
from html.entities import name2codepoint
from xml.parsers import expat

XHTML = "http://www.w3.org/1999/xhtml"
_DEEPEST = 100

_ELEMENT_NAMES = (
    "a abbr acronym address b bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em font "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li map area ol p pre q s samp small span strike strong sub sup table tbody td "
    "tfoot th thead tr tt u ul var"
)
_ATTRIBUTE_NAMES = (
    "abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset "
    "cite class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name nohref "
    "nowrap rel rev rowspan rules scope shape span src start style summary tabindex title type usemap valign value "
    "vspace width xmlns"
)
_ELEMENTS, _ATTRIBUTES = frozenset(_ELEMENT_NAMES.split()), frozenset(_ATTRIBUTE_NAMES.split())
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_RUNS = re.compile(r"(?:javascript|vbscript|data|file):", re.IGNORECASE)
_LOADS = re.compile(r"url\s*\(|expression\s*\(|@import|-moz-binding|behavior\s*:|\\", re.IGNORECASE)
_IN_THE_MESSAGE = ("data:image/png", "data:image/jpeg", "data:image/gif", "#")
_INVISIBLE = re.compile(r"[\s\x00-\x20]+")
_REMEDY = "send simple XHTML such as <div xmlns='http://www.w3.org/1999/xhtml'><p>Text</p></div>"


class _NotAllowed(Exception):
    """Stops the parser at what makes further reading senseless."""


def complaints(div: str) -> list[str]:
    """What is wrong with the XHTML of a narrative, each a sentence without its subject; none if nothing is."""
    return list(dict.fromkeys(_complaints(div)))[:10]


def _complaints(div: str) -> Iterator[str]:
    found: list[str] = []
    depth = 0
    visible = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, visible
        if depth == 0 and (name != "div" or attributes.get("xmlns") != XHTML):
            found.append(f"must be one div of the namespace {XHTML} (txt-1); {_REMEDY}")
        depth += 1
        if depth > _DEEPEST:
            raise _NotAllowed(f"is nested more than {_DEEPEST} deep; send it flatter")
        if name not in _ELEMENTS:
            found.append(f"has the element {name[:40]}, which narrative may not have (txt-1); leave it out")
        visible = visible or name == "img"
        found.extend(_attributes(name, attributes))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def text(data: str) -> None:
        nonlocal visible
        visible = visible or not data.isspace()

    def refuse(*_: object) -> None:
        raise _NotAllowed(f"has a document type, which narrative may not have (txt-1); {_REMEDY}")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(_ENTITY.sub(_character, div), True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        found.append(f"is not well-formed XHTML ({error}); {_REMEDY}")
    except _NotAllowed as error:
        found.append(str(error))
    else:
        if not visible:
            found.append(f"has no text (txt-2); {_REMEDY}")
    return iter(found)


def _character(entity: re.Match[str]) -> str:
    """HTML's named characters as numbers, since XML knows five of them only."""
    name = entity[1]
    return entity[0] if name in _XML_ENTITIES or name not in name2codepoint else f"&#{name2codepoint[name]};"


def _attributes(name: str, attributes: dict[str, str]) -> Iterator[str]:
    for attribute, value in attributes.items():
        plain = attribute.removeprefix("xml:")
        if plain not in _ATTRIBUTES or (plain == "xmlns" and value != XHTML):
            yield f"has the attribute {attribute[:40]}, which narrative may not have (txt-1); leave it out"
        address = _INVISIBLE.sub("", value)
        if plain in ("href", "cite", "longdesc", "usemap") and _RUNS.match(address):
            yield f"has a {plain} that runs a script; leave it out"
        if plain == "src" and (name != "img" or not address.lower().startswith(_IN_THE_MESSAGE)):
            yield "has an image from elsewhere; send it as a contained Binary or as data"
        if plain == "style" and _LOADS.search(value):
            yield "has a style that loads or runs something; leave it out"
