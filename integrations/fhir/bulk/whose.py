"""Whose resources an export holds: everybody's, those of the members of a group, or of patients that are named."""

import uuid
from collections.abc import Iterable, Sequence

import msgspec

from clinic.patients.models import Patient
from integrations.fhir.authentication import Caller
from integrations.fhir.bulk.asked import Asked
from integrations.fhir.bulk.exported import reaches_of
from integrations.fhir.bulk.models import Level
from integrations.fhir.identity import source_keys
from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.found import absent
from integrations.fhir.outcome import Refusal
from integrations.fhir.registry import TYPES

_AT_ONCE = 500
_SHOWN = 5


def whose(ask: Ask, asked: Asked) -> list[uuid.UUID] | None:
    """The subjects whose resources are exported; None where it is everybody's.

    Raises
    ------
    Refusal
        404 for a group that is not here for this caller, 400 for patients who are not here or not in the group; under
        lenient handling these are left out and noted.
    """
    if asked.level == Level.SYSTEM:
        return None
    named = _subjects(asked.patients)
    _report(asked, [one for one in asked.patients if one not in named], "is not here")
    if asked.level == Level.PATIENT:
        return list(dict.fromkeys(named.values())) if asked.patients else None
    members = _members(ask)
    known = _subjects(members)
    strangers = [one for one in members if one not in known]
    if strangers:
        asked.notes.append(f"{len(strangers)} members of the group are not here: {_listed(strangers)}")
    if not asked.patients:
        return list(dict.fromkeys(known.values()))
    inside = set(known.values())
    _report(asked, [one for one, key in named.items() if key not in inside], "is no member of the group")
    return list(dict.fromkeys(key for key in named.values() if key in inside))


def _report(asked: Asked, missing: Sequence[str], why: str) -> None:
    if not missing:
        return
    what = f"patient {_listed(missing)} {why}"
    if not asked.lenient:
        raise Refusal(400, "not-found", f"{what}; leave it out", expression="http.patient")
    asked.notes.append(f"{what} and was left out")


def _listed(identifiers: Sequence[str]) -> str:
    more = len(identifiers) - _SHOWN
    shown = ", ".join(f"Patient/{one[:64]}" for one in identifiers[:_SHOWN])
    return shown + (f" and {more} more" if more > 0 else "")


def _subjects(identifiers: Sequence[str]) -> dict[str, uuid.UUID]:
    """Id here to subject key, of the patients who are here."""
    found: dict[str, uuid.UUID] = {}
    for start in range(0, len(identifiers), _AT_ONCE):
        keys = source_keys("Patient", identifiers[start : start + _AT_ONCE])
        subjects = dict(
            Patient.objects.filter(source_key__in=list(keys.values())).values_list("source_key", "subject_id")
        )
        found |= {identifier: subjects[key] for identifier, key in keys.items() if key in subjects}
    return found


def _members(ask: Ask) -> list[str]:
    """Ids of the patients in the group, each once, without those who are no longer in it."""
    found = _visible(ask.caller, ask.identifier)
    if found is None:
        raise absent(ask)
    group = msgspec.json.decode(found)
    entries = group.get("member") or []
    references = (
        (entry.get("entity") or {}).get("reference") for entry in entries if entry.get("inactive") is not True
    )
    return list(dict.fromkeys(_patients(references)))


def _patients(references: Iterable[str | None]) -> Iterable[str]:
    for reference in references:
        kind, _, identifier = (reference or "").split("/_history/")[0].partition("/")
        if kind == "Patient" and identifier:
            yield identifier


def _visible(caller: Caller, identifier: str) -> bytes | None:
    """The Group's JSON, if every scope letter of an export reaches it."""
    body: bytes | None = None
    for reach in reaches_of(caller, "Group"):
        found = TYPES["Group"].named([identifier], reach)
        if not found:
            return None
        body = found[0].body
    return body
