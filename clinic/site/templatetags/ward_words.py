"""Template filters: times on the ward's clock, numbers rounded the way a ward reads them."""

from datetime import date, datetime
from uuid import UUID

from django import template
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext

from clinic.charts import target_words, words
from clinic.measures.numbers import plain

register = template.Library()


@register.filter
def when(moment: datetime | None) -> str:
    """``22 Nov 14:05`` on the clock that the footer names."""
    return words.clock(moment, timezone.get_current_timezone()) if moment else "–"


@register.filter
def when_zone(moment: datetime | None) -> str:
    """``22 Nov 2026 14:05 UTC``."""
    return words.clock_with_zone(moment, timezone.get_current_timezone()) if moment else "–"


@register.filter
def day(when: date | None) -> str:
    """``22 Nov 2026``."""
    return words.day(when) if when else "–"


@register.filter
def ago(moment: datetime | None) -> str:
    return words.ago(moment, timezone.now()) if moment else gettext("never")


@register.filter
def pct(probability: float) -> str:
    return words.percent(probability)


@register.filter
def conc(value: float) -> str:
    return words.concentration(value)


@register.filter
def amount(value: float) -> str:
    """Of a dose, mg: ``1000``, ``0.0625``."""
    return plain(value)


@register.filter
def sig(value: float) -> str:
    return words.significant(value)


@register.filter
def auc(value: float) -> str:
    return words.exposure(value)


@register.filter
def short(digest: str | UUID) -> str:
    """The first characters of a digest or key, enough to compare by eye."""
    return str(digest)[:12]


@register.filter
def person(key: str) -> str:
    """The name behind an opaque key such as ``user-7``; one query, so only where a handful are shown."""
    kind, _, number = str(key).partition("-")
    if kind == "user" and number.isdecimal():
        found = get_user_model().objects.filter(pk=int(number)).first()
        if found is not None:
            return found.get_full_name() or found.get_username()
    return gettext("the system") if key in ("", "system") else str(key)


for _of_a_target in (
    *(target_words.above, target_words.below, target_words.harm, target_words.too_little, target_words.limit),
    *(target_words.metric, target_words.metric_and_unit, target_words.median_of, target_words.range_of),
    *(
        target_words.metric_heading,
        target_words.is_beside,
        target_words.in_metric,
        target_words.chance_above,
        target_words.chance_below,
    ),
):
    register.filter(_of_a_target)
