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

_REFERENCE = re.compile(r'(?<!\\)"reference"(\s*:\s*)("(?:[^"\\]|\\.)*")')
"""A key and its text. Inside a text every quote is escaped, so nothing in a narrative matches."""
_LITERAL = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9.\-]{1,64})(/_history/[A-Za-z0-9.\-]{1,64})?", re.ASCII)
_MOST_KEPT = 10_000
"""References that one splicer remembers: those of one patient's resources are few."""
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
        self._said: dict[str, str] = {}

    def resource(self, text: str, identifier: str, version: str, last_updated: datetime) -> bytes:
        """The resource's JSON; `meta` gets version and time where the source gave none, and always where they are ours.

        What is ours names everything as this server does already.
        """
        ours = self._slug in OURS
        members = _members.decode(text if ours else _REFERENCE.sub(self._reference, text))
        members.pop("id", None)
        meta = _members.decode(members.pop("meta", msgspec.Raw(b"{}")))
        if ours:
            meta = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
        meta.setdefault("versionId", msgspec.Raw(_encode(version)))
        meta.setdefault("lastUpdated", msgspec.Raw(_encode(last_updated)))
        kind = members.pop("resourceType")
        return _encode({"resourceType": kind, "id": identifier, "meta": meta, **members})

    def _reference(self, match: re.Match[str]) -> str:
        written = match[2]
        said = self._said.get(written)
        if said is None:
            old = json.loads(written)
            new = self.reference(old)
            said = written if new == old else json.dumps(new)
            if len(self._said) < _MOST_KEPT and not new.startswith("urn:"):  # its target may come yet
                self._said[written] = said
        return f'"reference"{match[1]}{said}'

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
