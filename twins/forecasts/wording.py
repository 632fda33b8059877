"""The plain sentence of a plan, and the short label of a proposal."""

from collections.abc import Sequence

from twins.forecasts.exposure import Attainment, Window
from twins.forecasts.forecast import DayExposure
from twins.pharmacology.regimen import Regimen
from twins.pharmacology.target import Target

_WORTH_SAYING = 0.10
"""A chance of too little, or a later rise of the chance of too much, is put into the sentence from here on."""


def percent(share: float) -> str:
    """``78 %``; never 0 or 100 %, which a number of draws cannot say."""
    if share < 0.01:
        return "under 1 %"
    if share > 0.99:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def sentence(window: Window, headline: Attainment, table: Sequence[DayExposure], target: Target) -> str:
    """``78 % chance of an AUC24 of 400–600 mg·h/L on day 2, 3 % chance above 600.``"""
    words = (
        f"{percent(headline.p_in_target)} chance of an AUC24 of {target.low:g}–{target.high:g} mg·h/L {window.words}, "
        f"{percent(headline.p_above)} chance above {target.high:g}"
    )
    if headline.p_below >= _WORTH_SAYING:
        words += f", {percent(headline.p_below)} below {target.low:g}"
    last = table[-1] if table else None
    one_day = window.to_h - window.from_h == 24.0
    if one_day and last is not None and last.p_above >= headline.p_above + _WORTH_SAYING:
        words += f"; the chance above {target.high:g} rises to {percent(last.p_above)} on day {len(table)}"
    return words + "."


def label(regimen: Regimen, hold_h: float = 0.0) -> str:
    """``1000 mg every 12 h``, with its first dose or the wait before it where there is one."""
    words = f"{regimen.amount_mg:g} mg every {regimen.interval_h:g} h"
    if regimen.loading_mg is not None:
        words += f", first {regimen.loading_mg:g} mg"
    return f"Hold {hold_h:g} h, then {words}" if hold_h else words
