"""Whether what was given since a plan was signed differs from it, from the rows that the list has read anyway."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from clinic.charts.palette import plan_letter
from clinic.worklist.attention import NotFollowed
from twins.pharmacology.followed import AGAINST, followed
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import hours_between
from twins.quantities.dose import Dose

OF_A_DECISION = "comparisons__decisions__"


def signatures_in_force(decisions: Iterable[dict[str, Any]]) -> dict[tuple[UUID, str], dict[str, Any]]:
    """Of each subject and drug the signature that holds: the last final one, unless withdrawn. In order of time."""
    found: dict[tuple[UUID, str], dict[str, Any]] = {}
    for row in decisions:
        if _final_at(row) is None:
            continue
        if row[f"{OF_A_DECISION}chosen_plan"] is not None:
            found[row["subject_id"], row["drug"]] = row
        elif row[f"{OF_A_DECISION}amends"] is not None:
            found.pop((row["subject_id"], row["drug"]), None)
    return found


def not_followed(signature: dict[str, Any] | None, version: dict[str, Any] | None) -> NotFollowed | None:
    """What differs, by the newest twin's course; None where nothing does, or nothing was due yet."""
    if signature is None or version is None:
        return None
    final_at = _final_at(signature)
    if final_at is None:
        return None
    start, newest = (datetime.fromisoformat(row["course__start"]) for row in (signature, version))
    shift = hours_between(start, newest)
    signed, until = hours_between(start, final_at), version["course__until_h"] + shift
    if until <= signed:
        return None
    chosen = signature[f"{OF_A_DECISION}chosen_plan"]
    found = followed(
        Plan.from_json(signature["comparisons__plans"][chosen]),
        [
            Dose(dose["start_h"] + shift, dose["amount_mg"], dose["duration_h"])
            for dose in version["course__doses"] or ()
        ],
        from_h=signature["course__until_h"],
        decided_h=signed,
        until_h=until,
    )
    if not found.is_against:
        return None
    return NotFollowed(plan_letter(chosen), found.count(*AGAINST), len(found.steps))


def _final_at(row: dict[str, Any]) -> datetime | None:
    if not row[f"{OF_A_DECISION}needs_second"]:
        return row[f"{OF_A_DECISION}decided_at"]  # type: ignore[no-any-return]
    agreed = row[f"{OF_A_DECISION}second__agreed"]
    return row[f"{OF_A_DECISION}second__decided_at"] if agreed else None
