"""A twin in rows that a reader can judge: parameters with uncertainty, inputs with sources, quality in words."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from clinic.charts.names import named
from clinic.charts.parameters import CLEARANCE_OF_DRUG, individual_values, split_unit
from clinic.charts.shown_levels import ShownLevels
from clinic.measures.numbers import fixed, plain
from clinic.measures.units import unit_of
from clinic.twin_words.said import said
from twins.estimation.doubts import contradicting
from twins.estimation.fit import Fit, FitOutcome
from twins.pharmacology.covariates import CLEARANCE, CovariateError, history
from twins.pharmacology.population import CovariateRange, PopulationModel
from twins.quantities.clock import moment_at
from twins.samples.channel import Channel
from twins.samples.course import Course, CovariateValue, FindingCode
from twins.solvers.system import Compartments

CREATININE = "creatinine_mg_per_dl"
STALE_AFTER = timedelta(hours=12)
"""House setting: a patient on the drug from whom nothing came for this long is called stale."""


@dataclass(frozen=True, slots=True)
class CovariateRow:
    label: str
    value: str
    when: datetime | None
    source: str
    range: str
    outside: bool
    missing: bool = False
    href: str = ""
    """Leads to the record behind the value."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    sentence: str
    when: datetime | None
    source: str
    kind: str
    tone: str
    """The badge class of the stylesheet."""
    href: str = ""
    """Leads to the record that it is about."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How far to trust a twin: a word, the colour class that goes with it, and sentences."""

    word: str
    tone: str
    sentences: tuple[str, ...]


def quality(fit: Fit) -> Quality:
    """How the fit ended and how far it can be trusted."""
    if fit.outcome is FitOutcome.CANNOT:
        return Quality(_("cannot forecast"), "stop", (said(fit.reason),))
    if fit.outcome is FitOutcome.NOT_CONVERGED:
        return Quality(
            _("fit failed"), "stop", tuple(dict.fromkeys(map(said, (FitOutcome.NOT_CONVERGED.value, fit.reason))))
        )
    count = len(fit.draws)
    sample = _("Effective sample size {size} of {proposals} proposals; {count} posterior draws.").format(
        size=f"{fit.effective_sample_size:.0f}", proposals=fit.proposals, count=count
    )
    if fit.outcome is FitOutcome.PRIOR_ONLY:
        return Quality(_("population only"), "warn", (said(FitOutcome.PRIOR_ONLY.value),))
    used = len(fit.residuals)
    fitted = ngettext("Fitted to {count} level of this patient.", "Fitted to {count} levels of this patient.", used)
    sentences = [fitted.format(count=used)]
    if used:
        rms = float(np.sqrt(np.mean([r.weighted_residual**2 for r in fit.residuals])))
        worst = max(abs(r.weighted_residual) for r in fit.residuals)
        lie = _("Levels lie {mean} residual standard deviations from the fit (root mean square), {worst} at most.")
        sentences.append(lie.format(mean=fixed(rms, 1), worst=fixed(worst, 1)))
    sentences.append(sample)
    word, tone = (_("fitted with warnings"), "warn") if fit.warnings else (_("fitted"), "good")
    return Quality(word, tone, tuple(sentences))


def contradictions(fit: Fit, model: PopulationModel) -> tuple[str, ...]:
    """Why the levels do not fit the model, in the reader's language; `fit` is shown as it comes."""
    return tuple(map(said, contradicting(model, fit)))


def covariate_rows(course: Course, model: PopulationModel) -> tuple[CovariateRow, ...]:
    """The value of each covariate in force at the course's end, beside the range of the model's population."""
    ranges = {item.name: item for item in model.covariates}
    names = sorted({value.name for value in course.covariates} | set(model.clinical_inputs))
    rows = []
    for name in names:
        value = course.covariate_at(name, course.until_h)
        rows.append(_covariate_row(name, value, ranges.get(name), course.start))
    return (*rows, *_estimated_clearance(course, model, ranges.get(CLEARANCE)))


def _estimated_clearance(
    course: Course, model: PopulationModel, known: CovariateRange | None
) -> tuple[CovariateRow, ...]:
    """The creatinine clearance that the model reads at the course's end, where it was estimated and not given."""
    try:
        read = history(model, course)
    except CovariateError:  # the missing value has a row of its own
        return ()
    at = max(int(np.searchsorted(read.times_h, course.until_h, side="right")) - 1, 0)
    if not read.estimated[at]:
        return ()
    value = CovariateValue(CLEARANCE, course.until_h, float(read.values[CLEARANCE][at]), "Cockcroft–Gault")
    row = _covariate_row(CLEARANCE, value, known, course.start)
    return (replace(row, value=f"{value.value:.0f} mL/min"),)


def _covariate_row(
    name: str, value: CovariateValue | None, known: CovariateRange | None, start: datetime
) -> CovariateRow:
    label, unit = split_unit(name)
    label = named("Sex") if name == "male" else label
    span = range_words(known)
    if value is None:
        return CovariateRow(label, _("missing"), None, "", span, outside=True, missing=True)
    if name == "male":
        shown = pgettext("sex", "male") if value.value else pgettext("sex", "female")
    elif name == "haemodialysis":
        shown = _("yes") if value.value else _("no")
    elif name == CREATININE:
        shown = unit_of(Channel.CREATININE).said(value.value)
        span = range_words(_in_shown_unit(known))
    else:
        shown = f"{plain(value.value, 4)} {unit}".strip()
    outside = bool(
        known
        and (
            (known.low is not None and value.value < known.low) or (known.high is not None and value.value > known.high)
        )
    )
    # values without a record of their own (age, sex) hold for the whole course, not from a moment
    when = moment_at(start, value.time_h) if value.source and "/" in value.source else None
    return CovariateRow(label, shown, when, value.source, "" if name in ("male", "haemodialysis") else span, outside)


def _in_shown_unit(known: CovariateRange | None) -> CovariateRange | None:
    """The range of creatinine in the unit of its value."""
    if known is None:
        return None
    ends = (known.low, known.high)
    unit = unit_of(Channel.CREATININE)
    low, high = (end if end is None or unit.places is None else round(unit.value(end), unit.places) for end in ends)
    return replace(known, low=low, high=high)


def range_words(known: CovariateRange | None) -> str:
    if known is None:
        return ""
    if known.low is None and known.high is None:
        return _("not stated by the source")
    if known.high is None:
        return _("{low} or more").format(low=plain(known.low, 4))
    if known.low is None:
        return _("up to {high}").format(high=plain(known.high, 4))
    return f"{plain(known.low, 4)}–{plain(known.high, 4)}"


def finding_rows(course: Course) -> tuple[FindingRow, ...]:
    """All findings of the course, in its order."""
    return tuple(
        FindingRow(
            said(finding.sentence),
            None if finding.time_h is None else moment_at(course.start, finding.time_h),
            finding.source,
            kind_of_finding(finding.code),
            "warn" if finding.code in _TO_JUDGE else "",
        )
        for finding in course.findings
    )


def kind_of_finding(code: FindingCode) -> str:
    """The word of its badge."""
    return str(_KINDS[code])


_KINDS = {
    FindingCode.LEVEL_BEFORE_FIRST_DOSE: pgettext_lazy("finding", "doubtful"),
    FindingCode.LEVEL_IN_FUTURE: pgettext_lazy("finding", "not used"),
    FindingCode.LEVEL_SOON_AFTER_DOSE: pgettext_lazy("finding", "doubtful"),
    FindingCode.DUPLICATE_LEVEL: pgettext_lazy("finding", "doubtful"),
    FindingCode.DUPLICATE_DOSE: pgettext_lazy("finding", "doubtful"),
    FindingCode.ORDERED_NOT_GIVEN: pgettext_lazy("finding", "assumed"),
    FindingCode.INFUSION_END_MISSING: pgettext_lazy("finding", "assumed"),
    FindingCode.UNUSABLE_RECORD: pgettext_lazy("finding", "not used"),
    FindingCode.DECISION_NOT_FOLLOWED: pgettext_lazy("finding", "note"),
    FindingCode.COVARIATE_MISSING: pgettext_lazy("finding", "missing"),
    FindingCode.COVARIATE_STALE: pgettext_lazy("finding", "assumed"),
    FindingCode.EXCLUDED_BY_USER: pgettext_lazy("finding", "left out"),
    FindingCode.RETIMED_BY_USER: pgettext_lazy("finding", "re-timed"),
}
_TO_JUDGE = frozenset(
    {
        FindingCode.LEVEL_BEFORE_FIRST_DOSE,
        FindingCode.LEVEL_SOON_AFTER_DOSE,
        FindingCode.DUPLICATE_LEVEL,
        FindingCode.DUPLICATE_DOSE,
        FindingCode.COVARIATE_MISSING,
    }
)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one model says in two numbers that models can be compared by; 5 %, median and 95 % each."""

    title: str
    quality: Quality
    warnings: tuple[str, ...]
    clearance: tuple[float, float, float] | None
    """L/h."""
    steady_state: tuple[float, float, float] | None
    """AUC24 at steady state under the current plan, in `area_unit`."""
    area_unit: str = "mg·h/L"


def opinion(fit: Fit, model: PopulationModel, daily_mg: float | None) -> Opinion:
    """The opinion of `model` fitted as `fit`; without a daily amount there is no steady state to speak of.

    `fit` is shown as it comes; the steady state that is computed of it here is in the unit that pages show.
    """
    levels = ShownLevels.of(model.drug)
    found = individual_values(fit, model, CLEARANCE_OF_DRUG)
    clearance = None if found is None else np.quantile(found, (0.05, 0.5, 0.95))
    return Opinion(
        title=model.title,
        quality=quality(fit),
        warnings=tuple(map(said, fit.warnings)),
        clearance=None if clearance is None else (float(clearance[0]), float(clearance[1]), float(clearance[2])),
        steady_state=_steady_state(fit, model, daily_mg, levels) if daily_mg else None,
        area_unit=levels.area_name,
    )


def _steady_state(
    fit: Fit, model: PopulationModel, daily_mg: float, levels: ShownLevels
) -> tuple[float, float, float] | None:
    found = daily_exposure(fit, model, daily_mg)
    if found is None:
        return None
    low, middle, high = levels.values(found)
    return low, middle, high


def daily_exposure(fit: Fit, model: PopulationModel, daily_mg: float) -> tuple[float, float, float] | None:
    """AUC24 at steady state under `daily_mg` mg a day: 5 %, median and 95 % over the draws, in the output's unit · h.

    In a linear model into a vein it is the daily amount divided by the clearance, whatever the interval; of any other
    it is not said.
    """
    if not isinstance(model.system.equations, Compartments) or "intravenous" not in model.system.inputs:
        return None
    clearance = individual_values(fit, model, CLEARANCE_OF_DRUG)
    if clearance is None:
        return None
    low, middle, high = np.quantile(daily_mg / clearance * model.system.outputs[0].scale, (0.05, 0.5, 0.95))
    return float(low), float(middle), float(high)
