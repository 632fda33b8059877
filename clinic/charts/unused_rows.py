"""What was received and could not be read, as findings in words that a clinician can act on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from clinic.charts.twin_facts import FindingRow, kind_of_finding
from clinic.charts.words import inside
from clinic.patients.unused import Unused
from clinic.twin_words.said import said
from twins.pharmacology import formulary
from twins.records.courses import COVARIATE_CHANNELS, LOOK_BACK
from twins.samples.channel import Channel
from twins.samples.course import Course, FindingCode

MOST = 10
"""So many are told of one by one, the newest; of more, their number."""
MOST_PRODUCTS = 8

_WHY = {
    "unknown-unit": gettext_lazy("its unit cannot be converted"),
    "unknown-code": gettext_lazy("it has a product, route or code that is not known here"),
    "missing-value": gettext_lazy("a value that is needed is missing"),
    "missing-time": gettext_lazy("it does not say exactly when it happened"),
    "implausible-value": gettext_lazy("its value cannot be right"),
}
_MALFORMED = pgettext_lazy("why a record is not used", "it is not written as it should be")


@dataclass(frozen=True, slots=True)
class NotUsed:
    """What is missing from the twin of one drug: so many records, one by one, and other products in a sentence."""

    count: int
    rows: tuple[FindingRow, ...]

    @classmethod
    def of(cls, found: Sequence[Unused], drug: str, course: Course | None = None) -> "NotUsed":
        """Of one patient's, the newest first; those that happened long before `course` begins are left out."""
        since = None if course is None else course.start - LOOK_BACK
        lately = [one for one in found if since is None or one.happened is None or one.happened >= since]
        mine = [one for one in lately if concerns(one, drug)]
        rows = [_row(one) for one in mine[:MOST]]
        if len(mine) > MOST:
            rest = mine[MOST:]
            sentence = ngettext(
                "{count} more was received and is not used.",
                "{count} more were received and are not used.",
                len(rest),
            )
            rows.append(_finding(sentence.format(count=len(rest)), rest[0].happened, tone="warn"))
        return cls(len(mine), (*rows, *_others([one for one in lately if not concerns(one, drug)])))


def concerns(one: Unused, drug: str) -> bool:
    """Whether the twin of `drug` would have used it, as far as can be told."""
    if one.drug or one.what == "other":
        return one.drug == drug
    return one.what in ("dose", "order") or one.what in COVARIATE_CHANNELS


def what_words(one: Unused) -> str:
    """``Dose of vancomycin``, ``Creatinine``."""
    if one.what in ("dose", "order"):
        if not one.drug:
            return _("Dose of an unknown product") if one.what == "dose" else _("Order of an unknown product")
        sentence = _("Dose of {drug}") if one.what == "dose" else _("Order of {drug}")
        return sentence.format(drug=inside(said(formulary.drug(one.drug).title)))
    return said(Channel(one.drug if one.what == "level" else one.what).label)


def why_words(one: Unused) -> str:
    why = str(_WHY.get(one.reason, _MALFORMED))
    return f"{why}: {one.named}" if one.reason == "unknown-code" and one.named else why


def _row(one: Unused) -> FindingRow:
    sentence = _("{what} was received and is not used: {why}.").format(what=what_words(one), why=why_words(one))
    return _finding(sentence, one.happened, one.source, tone="warn")


def _finding(sentence: str, when: datetime | None = None, source: str = "", *, tone: str = "") -> FindingRow:
    return FindingRow(sentence, when, source, kind_of_finding(FindingCode.UNUSABLE_RECORD), tone)


def _others(found: Iterable[Unused]) -> list[FindingRow]:
    """Doses and orders of what this twin is not about, in one sentence: a brand's name may hide the drug after all."""
    named = (one.named if one.what == "other" else what_words(one) for one in found)
    products = list(dict.fromkeys(name for name in named if name))
    if not products:
        return []
    shown = "; ".join(products[:MOST_PRODUCTS])
    if len(products) > MOST_PRODUCTS:
        sentence = _("Other products that could not be read, and are not used: {products}, and {count} more.")
        return [_finding(sentence.format(products=shown, count=len(products) - MOST_PRODUCTS))]
    return [_finding(_("Other products that could not be read, and are not used: {products}.").format(products=shown))]
