"""Whose data a page shows: said by the view, written to the audit trail by the Gate before the page leaves."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Data of some subjects, and what of them: an entity with its version or digest, where it is one thing."""

    subjects: tuple[str, ...]
    entity_type: str = ""
    entity_id: str = ""
    entity_version: str = ""


class UndisclosedPageError(RuntimeError):
    """A page about patients that did not say whose data it shows; it is not shown."""


def disclose(
    request: HttpRequest,
    *subjects: UUID | str,
    entity_type: str = "",
    entity_id: object = "",
    entity_version: str = "",
) -> None:
    """Say that the answer to `request` shows data of `subjects`; none is allowed (an empty list shows nobody).

    `patient_for` says it by itself. A page that shows one thing, such as a comparison, says so again with the entity,
    and the version or digest of exactly what is shown; a page that shows many patients gives all their keys, and the
    digest of what of them (`digest_of`).
    """
    new = Disclosure(tuple(sorted(str(key) for key in subjects)), entity_type, str(entity_id or ""), entity_version)
    known = list(disclosures(request) or ())
    if new.entity_type:
        known = [item for item in known if item.entity_type or item.subjects != new.subjects]
    elif any(item.subjects == new.subjects for item in known):
        return
    request.disclosures = [*known, new]  # type: ignore[attr-defined]


def digest_of(keys: Iterable[tuple[object, ...]]) -> str:
    """What a list shows, as the `entity_version` of its disclosure: equal where the same rows were shown.

    The SHA-256 of one line for each row, in alphabetical order, its keys with a blank between them. Whoever has the
    keys of the rows can compute it again; nothing can be read from it.
    """
    lines = sorted(" ".join(str(key) for key in row) for row in keys)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def disclosures(request: HttpRequest) -> list[Disclosure] | None:
    """What the view said so far; None where it said nothing."""
    return getattr(request, "disclosures", None)
