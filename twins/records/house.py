"""Drugs as this hospital gives them: the formulary's, under the hospital's own limits where it has set any."""

import logging
from dataclasses import replace

from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.house import HouseLimits, HouseLimitsError, within
from twins.quantities.sentence import Sentence
from twins.records.models.house_version import HouseVersion

logger = logging.getLogger(__name__)


_NAME = Sentence("House limits, version {number:d}")


def drug_here(name: str) -> Drug:
    """The drug with the target and the limits that hold here now: for whatever is computed or shown for a patient.

    Limits that no longer lie within what is published are not used; the formulary page says so.

    Raises
    ------
    UnknownDrugError
        If the formulary has no such drug.
    """
    published = formulary.drug(name)
    version = newest(name)
    if version is None:
        return published
    try:
        return under(published, version)
    except HouseLimitsError as error:
        logger.error("house limits %s of %s are not used: %s", version.number, name, error)
        return published


def newest(name: str) -> HouseVersion | None:
    """The version that holds, if the hospital ever set one; it may set nothing."""
    return HouseVersion.objects.filter(drug=name).order_by("-number").first()


def under(published: Drug, version: HouseVersion) -> Drug:
    """The drug under one version.

    Raises
    ------
    HouseLimitsError
        The version does not lie within what is published.
    """
    limits = limits_of(version)
    if limits.is_empty:
        return published
    return within(published, limits, name=_NAME(number=version.number))


def limits_of(version: HouseVersion) -> HouseLimits:
    found = HouseLimits(
        low=version.low,
        high=version.high,
        max_mg=version.max_mg,
        max_daily_mg=version.max_daily_mg,
        max_rate_mg_per_h=version.max_rate_mg_per_h,
    )
    hours = version.intervals_h
    return found if hours is None else replace(found, intervals_h=tuple(float(hour) for hour in hours))
