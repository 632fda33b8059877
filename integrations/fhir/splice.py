"""A resource as received, with its id and references made this server's: the text is spliced, no number is read.

Reading a decimal into a float and writing it again loses digits (6.30 becomes 6.3), which FHIR forbids.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from integrations.fhir.identity import server_id
from integrations.readings.ours import OURS

_KEY = '"reference"'
"""Inside a text every quote is escaped, so nothing in a narrative is taken for it, unless a backslash precedes it."""
_VALUE = re.compile(r'\s*:\s*("(?:[^"\\]|\\.)*")')
"""What follows the key. As a value, `_KEY` has no colon behind it."""
_SPELT = re.compile(r'(?<!\\)"((?:[a-z]|\\u00[67][0-9A-Fa-f]){9})"')
"""What may be the key with some of its letters escaped, as JSON lets anybody write them."""
_MOST_REMEMBERED = 20_000
_LITERAL = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9.\-]{1,64})(/_history/[A-Za-z0-9.\-]{1,64})?", re.ASCII)
_encode = msgspec.json.encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Splicer:
    """Rewrites the resources of one source.

    Parameters
    ----------
    slug, address
        The source's name here and its base address there.
    served
        The types that this server answers for; references to others become absolute, to the source.
    type_of
        The type of the resource that a Bundle named ``urn:uuid:<id>``, or None.
    """

    def __init__(
        self, slug: str, address: str, served: frozenset[str], type_of: Callable[[str, str], str | None]
    ) -> None:
        self._slug = slug
        self._base = address.rstrip("/") + "/" if address else ""
        self._served = served
        self._type_of = type_of
        self._remembered: dict[str, str] = {}
        """References as JSON, there and here: those of one answer are often alike."""

    def resource(self, text: str, identifier: str, version: str, last_updated: datetime) -> bytes:
        """The resource's JSON; `meta` gets version and time where the source gave none, and always where they are ours.

        What is ours names everything as this server does already.
        """
        ours = self._slug in OURS
        members = _members.decode(text if ours else self._named_here(text))
        members.pop("id", None)
        meta = _members.decode(members.pop("meta", msgspec.Raw(b"{}")))
        if ours:
            meta = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
        if "versionId" not in meta:
            meta["versionId"] = msgspec.Raw(_encode(version))
        if "lastUpdated" not in meta:
            meta["lastUpdated"] = msgspec.Raw(_encode(last_updated))
        kind = members.pop("resourceType")
        return _encode({"resourceType": kind, "id": identifier, "meta": meta, **members})

    def _named_here(self, text: str) -> str:
        """The text with its references as this server says them; all else is untouched."""
        if "\\u00" in text:
            text = _SPELT.sub(_plainly, text)
        pieces = text.split(_KEY)
        for place in range(1, len(pieces)):
            match = None if pieces[place - 1].endswith("\\") else _VALUE.match(pieces[place])
            if match is None:
                continue
            here = self._remembered.get(match[1])
            if here is None:
                here = self._remember(match[1])
            if here != match[1]:
                piece = pieces[place]
                pieces[place] = f"{piece[: match.start(1)]}{here}{piece[match.end(1) :]}"
        return _KEY.join(pieces)

    def _remember(self, encoded: str) -> str:
        old = json.loads(encoded)
        new = self.reference(old)
        here = encoded if new == old else json.dumps(new)
        if not new.startswith("urn:"):  # its target may come yet
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[encoded] = here
        return here

    def reference(self, there: str) -> str:
        """The reference as this server says it."""
        if there.startswith("urn:uuid:"):
            identifier = there.removeprefix("urn:uuid:")
            kind = self._type_of(self._slug, identifier)
            return f"{kind}/{server_id(f'{self._slug}/{kind}/{identifier}')}" if kind else there
        name = there.removeprefix(self._base) if self._base else there
        literal = _LITERAL.fullmatch(name)
        if literal is None:  # contained (#…), or another server's
            return there
        kind, identifier, version = literal.groups()
        if kind in self._served:
            return f"{kind}/{server_id(f'{self._slug}/{kind}/{identifier}')}{version or ''}"
        return f"{self._base}{name}" if self._base.startswith(("http://", "https://")) else there


def _plainly(match: re.Match[str]) -> str:
    return _KEY if json.loads(match[0]) == "reference" else match[0]
