"""The hospital's own limits of a drug: set within the published ones, each time as another version, with a reason."""

from dataclasses import dataclass, fields, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic.access.actor import key_of
from clinic.access.permissions import has
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from twins.pharmacology.drug import Drug
from twins.pharmacology.house import HouseLimits, HouseLimitsError, within
from twins.records.house import limits_of, newest, under
from twins.records.models import HouseVersion

REASON_LIMIT = 500


class HouseVersionError(Exception):
    """Limits that are not set; the sentence is for the administrator."""


@dataclass(frozen=True, slots=True)
class House:
    """What the hospital set for a drug: the version that holds, in words, or why it is not used."""

    version: HouseVersion | None
    words: tuple[str, ...] = ()
    why_not: str = ""

    @classmethod
    def of(cls, published: Drug, version: HouseVersion | None) -> "House":
        if version is None:
            return cls(None)
        try:
            under(published, version)
        except HouseLimitsError as error:
            return cls(version, why_not=str(error))
        return cls(version, in_words(published, limits_of(version)))


def in_words(published: Drug, limits: HouseLimits) -> tuple[str, ...]:
    """One phrase for each limit that is set."""
    found = []
    if published.targets and (limits.low is not None or limits.high is not None):
        target = published.targets[0]
        low = target.low if limits.low is None else limits.low
        high = target.high if limits.high is None else limits.high
        end = f" to {high:g}" if target.has_limit else " or more"
        found.append(f"{target.metric.value} {low:g}{end} {target.unit}")
    if limits.max_mg is not None:
        found.append(f"at most {limits.max_mg:g} mg in one dose")
    if limits.max_daily_mg is not None:
        found.append(f"at most {limits.max_daily_mg:g} mg a day")
    if limits.max_rate_mg_per_h is not None:
        found.append(f"at most {limits.max_rate_mg_per_h:g} mg/h")
    if limits.intervals_h is not None:
        found.append(f"every {', '.join(f'{hours:g}' for hours in limits.intervals_h)} h")
    return tuple(found)


def set_limits(
    *, published: Drug, limits: HouseLimits, reason: str, after: int, by: AbstractBaseUser, actor: Actor
) -> HouseVersion:
    """Another version, which holds for comparisons made from now on; those made before keep what they were made with.

    Parameters
    ----------
    after : int
        Number of the version that was on the page, 0 for none: nobody replaces what they did not see.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    HouseLimitsError
        A limit does not lie within the published one.
    HouseVersionError
        No reason, nothing new, or another version was set meanwhile.
    """
    if not has(by, Permission.HOUSE_LIMITS_SET):
        raise PermissionDenied(f"Your roles do not include {Permission.HOUSE_LIMITS_SET}.")
    text = reason.replace("\x00", "").strip()
    if not text or len(text) > REASON_LIMIT:
        raise HouseVersionError(f"Give a reason of up to {REASON_LIMIT} characters.")
    within(published, limits, name="House limits")
    if limits.intervals_h is not None and set(limits.intervals_h) == set(published.practice.intervals_h):
        limits = replace(limits, intervals_h=None)
    last = newest(published.name)
    before = limits_of(last) if last else HouseLimits()
    if (last.number if last else 0) != after:
        raise HouseVersionError("Somebody else set these limits meanwhile; load the page again and look at them first.")
    if limits == before:
        raise HouseVersionError("These limits hold already; nothing was set.")
    try:
        with transaction.atomic():
            made = HouseVersion.objects.create(
                drug=published.name,
                number=after + 1,
                **_stored(limits),
                reason=text,
                made_by=key_of(by),
                made_at=timezone.now(),
            )
            changed = [
                one.name for one in fields(HouseLimits) if getattr(limits, one.name) != getattr(before, one.name)
            ]
            record(
                by=actor,
                action=Action.CREATE,
                activity="house-limits.set",
                entity_type="HouseVersion",
                entity_id=made.pk,
                entity_version=str(made.number),
                purpose="HOPERAT",
                detail={"drug": published.name, "before": after, "after": made.number, "changed": changed},
            )
    except IntegrityError as error:
        raise HouseVersionError("Somebody else set these limits just now; load the page again.") from error
    return made


def _stored(limits: HouseLimits) -> dict[str, Any]:
    values = {one.name: getattr(limits, one.name) for one in fields(HouseLimits)}
    hours = limits.intervals_h
    return {**values, "intervals_h": sorted(set(hours)) if hours is not None else None}
