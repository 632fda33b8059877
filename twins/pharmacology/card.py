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

NOT_VERIFIED = "not verified"
_PER_LOG = "on the log scale"


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
        words = "none: it cannot be fitted to" if residual is None else residual_words(residual, output.unit)
        unit = "" if output.unit == "1" else f" ({output.unit})"
        residuals.append((f"{output.name.replace('_', ' ')}{unit}", words))
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
            return f"{name.removesuffix(ending).replace('_', ' ')} ({unit})"
    return name.replace("_", " ")


def range_words(known: CovariateRange) -> str:
    """The range of the population: ``33 to 255, median 79``; that none was read where there is none."""
    low, high = known.low, known.high
    if low is not None and high is not None:
        words = f"{_short(low)} to {_short(high)}"
    elif low is not None:
        words = f"{_short(low)} and more"
    elif high is not None:
        words = f"up to {_short(high)}"
    else:
        words = "range not read"
    if known.median is not None:
        words += f", middle {_short(known.median)}"
    if known.default is not None:
        words += f"; {_short(known.default)} assumed where not charted"
    return words


def residual_words(residual: Residual, unit: str) -> str:
    """The residual error with its numbers."""
    if residual.kind is ResidualKind.LOG:
        return f"sd {_short(residual.additive)} {_PER_LOG}"
    counted = "" if unit == "1" else f" {unit}"
    additive, proportional = f"{_short(residual.additive)}{counted}", f"{_short(100.0 * residual.proportional)} %"
    if residual.proportional == 0.0:
        return f"sd {additive}"
    if residual.additive == 0.0 and residual.kind is not ResidualKind.POWER:
        return f"sd {proportional} of the prediction"
    return f"{residual.kind.words}, with {additive} and {proportional}"


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
    return ", ".join(used) or "any chart", tuple((parameter_words(name), _short(v)) for name, v in values.items())


def _moves(model: PopulationModel, targets: tuple[tuple[str, float], ...]) -> str:
    parts = []
    for name, factor in targets:
        words = parameter_words(name)
        scale = "" if factor == 1.0 else f" × {factor:g}"
        link = {Link.LOGIT: " (logit)", Link.IDENTITY: " (added)"}.get(model.links.get(name, Link.LOG), "")
        parts.append(f"{words}{scale}{link}")
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
                names = f"{parameter_words(model.etas[j].name)} and {parameter_words(first.name)}"
                found.append(f"{names}: {covariance:.3g} (correlation {r:.2f})")
    return tuple(found)


def _occasions(model: PopulationModel) -> str:
    if model.occasions is None:
        return ""
    every = model.occasions.every_h
    when = f"every {every:g} h" if every < 8760.0 else "as the course names them"
    parts = [
        f"{parameter_words(eta.name)} {float(model.occasions.omega[k, k]):.3g}"
        for k, eta in enumerate(model.occasions.etas)
    ]
    return f"variance between occasions, {when}: {', '.join(parts)}"


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
