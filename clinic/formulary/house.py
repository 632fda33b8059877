"""The hospital's own limits of a drug: set within the published ones, each time as another version, with a reason."""

from dataclasses import dataclass, fields, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.permissions import has
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.charts import words
from clinic.charts.shown_levels import ShownLevels
from clinic.formulary.reason import stated
from clinic.measures.numbers import plain
from clinic.measures.units import TYPED_DIGITS
from clinic.twin_words.said import said
from twins.pharmacology.drug import Drug
from twins.pharmacology.house import HouseLimits, HouseLimitsError, within
from twins.quantities.unit import readable
from twins.records.house import limits_of, newest, under
from twins.records.models import HouseVersion


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
            return cls(version, why_not=said(in_shown_unit(published, error)))
        return cls(version, in_words(published, limits_of(version)))


def in_shown_unit(published: Drug, error: HouseLimitsError) -> str:
    """Why limits are refused, with all the digits that tell a limit from the one that it oversteps."""
    levels, text = ShownLevels.of(published), str(error)
    aimed = bool(published.targets) and levels.aims_at_levels(published.targets[0])
    return levels.sentence(text, digits=TYPED_DIGITS) if aimed else text


def in_words(published: Drug, limits: HouseLimits) -> tuple[str, ...]:
    """One phrase for each limit that is set."""
    found = []
    if published.targets and (limits.low is not None or limits.high is not None):
        target = published.targets[0]
        target = replace(
            target,
            low=target.low if limits.low is None else limits.low,
            high=target.high if limits.high is None else limits.high,
        )
        target = ShownLevels.of(published).target(target)
        span = _("{metric} {low} to {high} {unit}") if target.has_limit else _("{metric} {low} or more {unit}")
        metric = said(target.metric.value)
        unit = readable(target.unit)
        found.append(span.format(metric=metric, low=plain(target.low), high=plain(target.high), unit=unit))
    if limits.max_mg is not None:
        found.append(_("at most {amount} mg in one dose").format(amount=plain(limits.max_mg)))
    if limits.max_daily_mg is not None:
        found.append(_("at most {amount} mg a day").format(amount=plain(limits.max_daily_mg)))
    if limits.max_rate_mg_per_h is not None:
        found.append(_("at most {rate} mg/h").format(rate=plain(limits.max_rate_mg_per_h)))
    if limits.intervals_h is not None:
        found.append(_("every {hours} h").format(hours=words.listed(map(plain, limits.intervals_h))))
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
        raise PermissionDenied(_("Your roles do not include {right}.").format(right=Permission.HOUSE_LIMITS_SET))
    text = stated(reason, HouseVersionError)
    within(published, limits, name="House limits")
    if limits.intervals_h is not None and set(limits.intervals_h) == set(published.practice.intervals_h):
        limits = replace(limits, intervals_h=None)
    last = newest(published.name)
    before = limits_of(last) if last else HouseLimits()
    if (last.number if last else 0) != after:
        raise HouseVersionError(
            _("Somebody else set these limits meanwhile; load the page again and look at them first.")
        )
    if limits == before:
        raise HouseVersionError(_("These limits hold already; nothing was set."))
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
        raise HouseVersionError(_("Somebody else set these limits just now; load the page again.")) from error
    return made


def _stored(limits: HouseLimits) -> dict[str, Any]:
    values = {one.name: getattr(limits, one.name) for one in fields(HouseLimits)}
    hours = limits.intervals_h
    return {**values, "intervals_h": sorted(set(hours)) if hours is not None else None}
