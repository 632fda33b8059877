"""Content faults: more versions for the ward's log, none of which changes how the undisturbed data end.

Each disturbance opens at one moment and, where it is mended, is mended no later than the undisturbed resource it hangs
on becomes known. So at any time outside those short windows the usable data are those of the undisturbed ward.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

import numpy as np

from integrations.ward.randomness import stream
from integrations.ward.resources import UCUM, Json, Version, instant

CONTENT = ("corrected", "amended", "entered-in-error", "unknown-unit", "unknown-unit-level", "bad-entry")

LEVEL, CREATININE, HEART_RATE, TEMPERATURE = "20578-1", "2160-0", "8867-4", "8310-5"
MISTAKE_LASTS = timedelta(hours=3)
"""How long a resource that was entered in error stands before it is withdrawn."""
EARLY = timedelta(hours=72)
"""Half of what a fault touches is known this long after the epoch, where the ward's clock starts by default."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One resource touched: wrong from `opens` on, mended at `mended`; None where it stays unusable."""

    fault: str
    reference: str
    opens: datetime
    mended: datetime | None

    def to_json(self) -> dict[str, Any]:
        return {
            "fault": self.fault,
            "reference": self.reference,
            "opens": instant(self.opens),
            "mended": instant(self.mended) if self.mended else None,
        }


def disturb(
    versions: Sequence[Version], names: Sequence[str], seed: int, *, epoch: datetime
) -> tuple[tuple[Version, ...], tuple[Disturbance, ...]]:
    """`versions` with the content faults of `names` put in, and what was put in.

    Nothing is touched that was known before the ward's clock can start, and every other target is of the first days,
    so that each fault is seen early in the story.
    """
    wanted = [name for name in CONTENT if name in names]
    if not wanted:
        return tuple(versions), ()
    first, early = epoch + 2 * MISTAKE_LASTS, epoch + EARLY
    seen = [version for version in versions if version.updated >= first]
    # each fault has a share of its own, so that one more fault moves none of the others' targets
    levels = _mixed(seed, "levels", _of_code(seen, LEVEL), early)
    creatinine = _mixed(seed, "creatinine", _of_code(seen, CREATININE), early)
    heart_rates = _mixed(seed, "heart-rates", _of_code(seen, HEART_RATE), early)
    temperatures = _mixed(seed, "temperatures", _of_code(seen, TEMPERATURE), early)
    given = [v for v in seen if v.type == "MedicationAdministration" and v.body["status"] == "completed"]
    doses = _mixed(seed, "doses", given, early)

    changed: dict[str, list[Version]] = {}
    added: list[Version] = []
    told: list[Disturbance] = []

    def rewrite(fault: str, targets: Sequence[Version]) -> None:
        for target in targets:
            first = _wrong_first(target)
            right = replace(target, number=2, body={**target.body, "status": fault})
            changed[target.reference] = [first, right]
            told.append(Disturbance(fault, target.reference, first.updated, right.updated))

    def add(fault: str, targets: Sequence[Version], make: Callable[[Version], list[Version]]) -> None:
        for target in targets:
            made = make(target)
            added.extend(made)
            mended = made[-1].updated if len(made) > 1 else None
            told.append(Disturbance(fault, made[0].reference, made[0].updated, mended))

    if "corrected" in wanted:
        rewrite("corrected", [*levels[0:4], *creatinine[0:4], *temperatures[0:4]])
    if "amended" in wanted:
        rewrite("amended", [*levels[4:8], *creatinine[4:8], *temperatures[4:8]])
    if "entered-in-error" in wanted:
        add("entered-in-error", [*levels[8:12], *doses[0:2]], _mistaken)
    if "unknown-unit" in wanted:
        add("unknown-unit", [*heart_rates[0:4], *temperatures[8:12]], _in_unknown_unit)
    if "unknown-unit-level" in wanted:
        add("unknown-unit-level", levels[12:13], _in_unknown_unit)
    if "bad-entry" in wanted:
        add("bad-entry", heart_rates[4:8], _broken)

    kept = [v for v in versions if v.reference not in changed]
    return (*kept, *(v for pair in changed.values() for v in pair), *added), tuple(told)


def _mixed(seed: int, name: str, found: Sequence[Version], early: datetime) -> list[Version]:
    """In an order that the seed gives, one known by `early` and one known later by turns."""
    drawn = [found[i] for i in stream(seed, name).permutation(len(found))]
    halves = ([v for v in drawn if v.updated <= early], [v for v in drawn if v.updated > early])
    return [v for pair in zip_longest(*halves) for v in pair if v is not None]


def _of_code(versions: Sequence[Version], code: str) -> list[Version]:
    """The Observations of one code with a single value."""
    return [
        v
        for v in versions
        if v.type == "Observation" and v.body["code"]["coding"][0]["code"] == code and "valueQuantity" in v.body
    ]


def _event_time(version: Version) -> datetime:
    moment = version.body.get("effectiveDateTime") or version.body["effectivePeriod"]["start"]
    return datetime.fromisoformat(moment)


def _wrong_first(target: Version) -> Version:
    """A version 1 with another value, known half-way between the event and the right version."""
    known = target.updated - (target.updated - _event_time(target)) / 2
    known = known.replace(microsecond=0)
    body = {**target.body, "valueQuantity": _mistyped(target.body["valueQuantity"])}
    if "issued" in body:
        body["issued"] = instant(known)
    return replace(target, updated=known, number=1, body=body)


def _mistyped(quantity: Json) -> Json:
    factor = 1.05 if quantity["code"] == "Cel" else 1.6
    return {**quantity, "value": round(float(np.round(quantity["value"] * factor, 2)), 2)}


def _mistaken(target: Version) -> list[Version]:
    """A level or a dose of somebody else charted three hours before `target`'s, withdrawn when `target` is known."""
    body = dict(target.body)
    if "valueQuantity" in body:
        body["valueQuantity"] = _mistyped(body["valueQuantity"])
        body["effectiveDateTime"] = instant(_event_time(target) - MISTAKE_LASTS)
        body["issued"] = instant(target.updated - MISTAKE_LASTS)
    else:
        period = {
            name: instant(datetime.fromisoformat(moment) - MISTAKE_LASTS)
            for name, moment in body["effectivePeriod"].items()
        }
        body["effectivePeriod"] = period
    first = replace(target, id=f"{target.id}-mistaken", updated=target.updated - MISTAKE_LASTS, number=1, body=body)
    return [first, replace(first, updated=target.updated, number=2, body={**body, "status": "entered-in-error"})]


def _in_unknown_unit(target: Version) -> list[Version]:
    """A copy of `target`, under a name of its own, in a unit that nobody knows."""
    amount = {"value": target.body["valueQuantity"]["value"], "unit": "foo", "system": UCUM, "code": "foo"}
    return [replace(target, id=f"{target.id}-foo", body={**target.body, "valueQuantity": amount})]


def _broken(target: Version) -> list[Version]:
    """An Observation without status and code and with two values."""
    body = {name: value for name, value in target.body.items() if name not in ("status", "code")}
    body["valueString"] = "see note"
    return [replace(target, id=f"{target.id}-broken", body=body)]
