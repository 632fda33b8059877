"""References between entries of a transaction: temporary names become the ids that the door gave."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.conditional import one
from integrations.fhir.outcome import Refusal

_LINK = re.compile(
    r'(?<!\\)"(reference|url|uri|valueUri|valueUrl|valueUuid|valueOid|valueCanonical)"(\s*:\s*)("(?:[^"\\]|\\.)*")'
)
"""The elements of type Reference, uri, url, oid, uuid and canonical that R4 has rewritten in a transaction."""
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]{1,63})\?(.+)", re.ASCII | re.DOTALL)


class Linker:
    """Rewrites texts; `names` maps a fullUrl to ``Type/id`` here."""

    def __init__(self, ask: Ask, names: Mapping[str, str]) -> None:
        self._ask = ask
        self._names = names
        self._asked: dict[str, str] = {}

    def linked(self, text: str, where: str) -> str:
        """The text with every name of the Bundle, and every conditional reference, made a reference here.

        Raises
        ------
        Refusal
            400 for a temporary name that no entry has, 412 for a conditional reference that not exactly one answers.
        """

        def name(match: re.Match[str]) -> str:
            old = json.loads(match[3])
            new = self._here(old, match[1] == "reference", where)
            return match[0] if new == old else f'"{match[1]}"{match[2]}{json.dumps(new, ensure_ascii=False)}'

        return _LINK.sub(name, text)

    def _here(self, old: str, is_reference: bool, where: str) -> str:
        plain, mark, part = old.partition("#")
        if plain and plain in self._names:
            return self._names[plain] + mark + part
        if not is_reference:
            return old
        if old.startswith(("urn:uuid:", "urn:oid:")):
            raise Refusal(
                400, "not-found", f"{where} refers to {old[:100]}, which no entry of the Bundle is named; name one so",
                expression=where,
            )  # fmt: skip
        if condition := _CONDITIONAL.fullmatch(old):
            return self._conditional(old, condition[1], condition[2], where)
        return old

    def _conditional(self, old: str, kind: str, query: str, where: str) -> str:
        if old not in self._asked:
            found = one(replace(self._ask, resource_type=kind), parse_qsl(query, keep_blank_values=True))
            if found is None:
                raise Refusal(
                    412, "not-found", f"{where} refers to {old[:100]}, which nothing here answers", expression=where
                )
            self._asked[old] = f"{kind}/{found.id}"
        return self._asked[old]
