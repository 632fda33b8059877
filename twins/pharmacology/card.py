"""The card of a model: what a reader needs to judge it, in rows of words; and the table of all cards for the docs.

``python -m twins.pharmacology.card`` writes ``docs/formulary.md``; a test keeps the two in step.
"""

import sys
from dataclasses import dataclass

import numpy as np

from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.population import CovariateRange, Link, PopulationModel
from twins.pharmacology.reading import FIRST_DOSE, HOURS
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structures.names import MEASURED, PARAMETERS
from twins.quantities.sentence import NOTHING, Listed, Sentence, names

NOT_VERIFIED = "not verified"
_PARAMETER = Sentence("{parameter} ({unit})", parameter=(*PARAMETERS, *MEASURED))
_ANY_PARAMETER = (_PARAMETER, *PARAMETERS)
_BETWEEN = Sentence("{low:.4g} to {high:.4g}")
_AT_LEAST = Sentence("{low:.4g} and more")
_UP_TO = Sentence("up to {high:.4g}")
_NOT_READ = Sentence("range not read")
_MIDDLE = Sentence(", middle {median:.4g}")
_ASSUMED = Sentence("; {default:.4g} assumed where not charted")
_RANGE = Sentence(
    "{span}{middle}{assumed}",
    span=(_BETWEEN, _AT_LEAST, _UP_TO, _NOT_READ),
    middle=(_MIDDLE, NOTHING),
    assumed=(_ASSUMED, NOTHING),
)
_NOT_FITTED = Sentence("none: it cannot be fitted to")
_ON_LOG = Sentence("sd {sd:.4g} on the log scale")
_ADDITIVE = Sentence("sd {sd:.4g}{unit}")
_PROPORTIONAL = Sentence("sd {share:.4g} % of the prediction")
_BOTH = Sentence("{rule}, with {sd:.4g}{unit} and {share:.4g} %", rule=names(*(kind.words for kind in ResidualKind)))
_SCALED = Sentence("{moved} × {factor:g}", moved=_ANY_PARAMETER)
_LOGIT = Sentence("{moved} (logit)", moved=_ANY_PARAMETER)
_ADDED = Sentence("{moved} (added)", moved=_ANY_PARAMETER)
_COVARIANCE = Sentence(
    "{first} and {second}: {covariance:.3g} (correlation {correlation:.2f})",
    first=_ANY_PARAMETER,
    second=_ANY_PARAMETER,
)
_VARIANCE = Sentence("{parameter} {variance:.3g}", parameter=_ANY_PARAMETER)
_EVERY = Sentence("every {hours:g} h")
_AS_NAMED = Sentence("as the course names them")
_OCCASIONS = Sentence(
    "variance between occasions, {when}: {variances}", when=(_EVERY, _AS_NAMED), variances=Listed(", ")
)
_ANY_CHART = Sentence("any chart")


@dataclass(frozen=True, slots=True)
class Spread:
    """One random effect: what it moves, its variance, and the CV of a log-normal value where it has one, in %."""

    name: str
    moves: str
    variance: str
    cv_percent: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a page shows of a model beside its texts."""

    model: PopulationModel
    drug: Drug
    structure: str
    unit: str
    doi: str
    ranges: tuple[tuple[CovariateRange, str], ...]
    computed: tuple[tuple[str, str], ...]
    spreads: tuple[Spread, ...]
    covariances: tuple[str, ...]
    occasions: str
    residuals: tuple[tuple[str, str], ...]
    fits_levels: bool
    added_here: bool
    reference: str
    typical: tuple[tuple[str, str], ...]
    """Typical values of the parameters at `reference`; empty where a value is needed that no source of it states."""


def card(model_id: str) -> Card:
    """The card of a model.

    Raises
    ------
    UnknownModelError
        With the nearest id.
    """
    model = formulary.model(model_id)
    residuals = []
    reference, typical = _typical(model)
    meanings = {known.name: known.meaning for known in model.covariates}
    for output in model.system.outputs:
        residual = model.residuals.get(output.name)
        words = _NOT_FITTED() if residual is None else residual_words(residual, output.unit)
        name = output.name.replace("_", " ")
        residuals.append((name if output.unit == "1" else _PARAMETER(parameter=name, unit=output.unit), words))
    return Card(
        model=model,
        drug=formulary.drug(model.drug),
        structure=model.system.name,
        unit=model.system.outputs[0].unit,
        doi=model.citation.doi or NOT_VERIFIED,
        ranges=tuple((known, range_words(known)) for known in model.covariates),
        computed=tuple(
            (meanings.get(name, name.replace("_", " ")), rule.words) for name, rule in model.derived.items()
        ),
        spreads=_spreads(model),
        covariances=_covariances(model),
        occasions=_occasions(model),
        residuals=tuple(residuals),
        fits_levels=bool(model.residuals),
        added_here=model_id in formulary.loaded().model_ids,
        reference=reference,
        typical=typical,
    )


_UNITS = (
    ("_l_per_h", "L/h"),
    ("_mg_per_h", "mg/h"),
    ("_mg_per_l", "mg/L"),
    ("_ug_per_l", "µg/L"),
    ("_ng_per_ml", "ng/mL"),
    ("_per_h", "1/h"),
    ("_l", "L"),
    ("_h", "h"),
)


def parameter_words(name: str) -> str:
    """``clearance_l_per_h`` as ``clearance (L/h)``."""
    for ending, unit in _UNITS:
        if name.endswith(ending):
            return _PARAMETER(parameter=name.removesuffix(ending).replace("_", " "), unit=unit)
    return name.replace("_", " ")


def range_words(known: CovariateRange) -> str:
    """The range of the population: ``33 to 255, median 79``; that none was read where there is none."""
    low, high = known.low, known.high
    if low is not None and high is not None:
        span = _BETWEEN(low=low, high=high)
    elif low is not None:
        span = _AT_LEAST(low=low)
    elif high is not None:
        span = _UP_TO(high=high)
    else:
        span = _NOT_READ()
    middle = "" if known.median is None else _MIDDLE(median=known.median)
    assumed = "" if known.default is None else _ASSUMED(default=known.default)
    return _RANGE(span=span, middle=middle, assumed=assumed)


def residual_words(residual: Residual, unit: str) -> str:
    """The residual error with its numbers."""
    if residual.kind is ResidualKind.LOG:
        return _ON_LOG(sd=residual.additive)
    counted = "" if unit == "1" else f" {unit}"
    share = 100.0 * residual.proportional
    if residual.proportional == 0.0:
        return _ADDITIVE(sd=residual.additive, unit=counted)
    if residual.additive == 0.0 and residual.kind is not ResidualKind.POWER:
        return _PROPORTIONAL(share=share)
    return _BOTH(rule=residual.kind.words, sd=residual.additive, unit=counted, share=share)


def _short(value: float) -> str:
    return f"{value:.4g}"


def _typical(model: PopulationModel) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Typical values at the population's medians, else defaults, else the middle of the range, with what was used."""
    chart = {HOURS: np.zeros(1), FIRST_DOSE: np.zeros(1)}
    used = []
    for known in model.covariates:
        low, high = known.low, known.high
        middle = None if low is None or high is None else 0.5 * (low + high)
        if (low, high, known.unit) == (0.0, 1.0, "1"):
            middle = 0.0  # a yes or no, of which there is no middle
        value = next((each for each in (known.median, known.default, middle) if each is not None), None)
        if value is not None:
            chart[known.name] = np.array([value])
            used.append(f"{known.name} {_short(value)}")
    try:
        found = model.typical(chart)
    except (KeyError, ValueError):
        return "", ()
    values = {name: float(np.asarray(value, dtype=np.float64).reshape(-1)[0]) for name, value in found.items()}
    return ", ".join(used) or _ANY_CHART(), tuple((parameter_words(name), _short(v)) for name, v in values.items())


def _moves(model: PopulationModel, targets: tuple[tuple[str, float], ...]) -> str:
    parts = []
    for name, factor in targets:
        words = parameter_words(name)
        moved = words if factor == 1.0 else _SCALED(moved=words, factor=factor)
        linked = {Link.LOGIT: _LOGIT, Link.IDENTITY: _ADDED}.get(model.links.get(name, Link.LOG))
        parts.append(linked(moved=moved) if linked else moved)
    return ", ".join(parts)


def _spreads(model: PopulationModel) -> tuple[Spread, ...]:
    rows = []
    for k, eta in enumerate(model.etas):
        variance = float(model.omega[k, k])
        usual = all(model.links.get(name, Link.LOG) is Link.LOG for name, _ in eta.targets) and eta.box_cox is None
        cv = f"{100.0 * float(np.sqrt(np.expm1(variance))):.3g}" if usual else ""
        rows.append(Spread(parameter_words(eta.name), _moves(model, eta.targets), f"{variance:.4g}", cv))
    return tuple(rows)


def _covariances(model: PopulationModel) -> tuple[str, ...]:
    found = []
    for k, first in enumerate(model.etas):
        for j in range(k):
            covariance = float(model.omega[k, j])
            if covariance:
                r = covariance / float(np.sqrt(model.omega[k, k] * model.omega[j, j]))
                found.append(
                    _COVARIANCE(
                        first=parameter_words(model.etas[j].name),
                        second=parameter_words(first.name),
                        covariance=covariance,
                        correlation=r,
                    )
                )
    return tuple(found)


def _occasions(model: PopulationModel) -> str:
    if model.occasions is None:
        return ""
    every = model.occasions.every_h
    when = _EVERY(hours=every) if every < 8760.0 else _AS_NAMED()
    parts = [
        _VARIANCE(parameter=parameter_words(eta.name), variance=float(model.occasions.omega[k, k]))
        for k, eta in enumerate(model.occasions.etas)
    ]
    return _OCCASIONS(when=when, variances=", ".join(parts))


def markdown() -> str:
    """All cards that ship, as a document."""
    shipped = [name for name in formulary.drugs() if any(_ships(model) for model in formulary.drug(name).models)]
    models = [model for model in formulary.model_ids() if _ships(model)]
    medicines = {name.removeprefix("unbound ") for name in shipped}
    lines = [
        "# The formulary",
        "",
        "Written by `python -m twins.pharmacology.card > docs/formulary.md`; a test keeps it in step.",
        "",
        f"{len(models)} models of {len(medicines)} drugs. Numbers were read in the public files that each card names, "
        f"not "
        "in the articles, which were not at hand. Unbound levels are entries of their own, so that they never mix with "
        "total ones. A model without a residual simulates and cannot be fitted to levels. What was read and is left "
        "out "
        "is at the end.",
        "",
        "| Drug | Model | Population | Levels in | Fits levels | DOI |",
        "|---|---|---|---|---|---|",
    ]
    for name in shipped:
        for model_id in (model for model in formulary.drug(name).models if _ships(model)):
            shown = card(model_id)
            lines.append(
                f"| {shown.drug.title} | [{shown.model.title}](#{_anchor(model_id)}) | {shown.model.population} | "
                f"{shown.unit} | {'yes' if shown.fits_levels else 'no'} | {shown.doi} |"
            )
    for name in shipped:
        lines += _drug_lines(formulary.drug(name))
    lines += ["", "## Read and left out", ""]
    lines += [f"- `{name}`: {why}." for name, why in formulary.DO_NOT_SHIP.items()]
    return "\n".join(lines) + "\n"


def _ships(model_id: str) -> bool:
    return model_id not in formulary.loaded().model_ids


NOTES = names(
    *dict.fromkeys(
        note
        for model in map(formulary.model, filter(_ships, formulary.model_ids()))
        for note in (
            *(known.meaning for known in model.covariates),
            *(rule.words for rule in model.derived.values()),
            *model.intended,
            *model.cautioned,
        )
    )
)
"""What the models that ship say of their covariates and their use: sentences where they stand, in the models' files."""


def _anchor(model_id: str) -> str:
    return model_id.replace(".", "")


def _drug_lines(drug: Drug) -> list[str]:
    lines = ["", f"## {drug.title}", ""]
    if drug.high_alert:
        lines += ["High-alert medication (ISMP).", ""]
    lines += [f"- Target: {target.name}. Source: {target.source}." for target in drug.targets]
    if not drug.targets:
        lines.append("- No target could be cited.")
    lines.append(f"- Practice: {drug.practice.source.removesuffix('.')}.")
    for model_id in (model for model in drug.models if _ships(model)):
        lines += _model_lines(card(model_id))
    return lines


def _model_lines(shown: Card) -> list[str]:
    model = shown.model
    lines = ["", f"### {model.id}", "", f"{model.title}. {model.citation.text}. DOI: {shown.doi}.", ""]
    lines += [f"- Read in: {'; '.join(model.citation.read_in)}.", f"- Population: {model.population}."]
    lines.append(f"- Structure: {shown.structure}; levels in {shown.unit}.")
    lines += [f"- {known.meaning} (`{known.name}`, {known.unit}): {words}." for known, words in shown.ranges]
    lines += [f"- Computed where not charted: {name}: {words}." for name, words in shown.computed]
    if shown.typical:
        lines += [f"- Typical values at {shown.reference}: {'; '.join(f'{n} {v}' for n, v in shown.typical)}."]
    spread = "; ".join(f"{row.name} {row.variance}" for row in shown.spreads)
    lines.append(f"- Between patients: {spread}. {model.omega_convention[0].upper()}{model.omega_convention[1:]}.")
    lines += [f"- Covariance of {words}." for words in shown.covariances]
    lines += [f"- {shown.occasions[0].upper()}{shown.occasions[1:]}."] if shown.occasions else []
    lines += [f"- Residual of {output}: {words}." for output, words in shown.residuals]
    lines += [f"- Intended: {words}" for words in model.intended]
    lines += [f"- Cautioned: {words}" for words in model.cautioned]
    lines += [f"- Conflict: {words}" for words in model.conflicts]
    lines += [f"- **Not verified**: {words}" for words in model.unverified]
    return lines


if __name__ == "__main__":
    sys.stdout.write(markdown())
