"""The sections of a hospital's model file, each read into what it stands for; every mistake is collected."""

import difflib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology import hospital_remedies as remedies
from twins.pharmacology.arithmetic import ArithmeticTextError, Expression, parse
from twins.pharmacology.drug import Practice
from twins.pharmacology.drugs import derivations
from twins.pharmacology.drugs.variances import correlated, diagonal, triangle
from twins.pharmacology.hospital_findings import Findings, Table
from twins.pharmacology.population import CovariateRange, Derived, Eta
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.quantities.unit import of_area
from twins.solvers.system import System

Array = NDArray[np.float64]

DERIVATIONS: dict[str, Derived] = {
    "janmahasatian": derivations.FAT_FREE_MASS,
    "al-sallami": derivations.FAT_FREE_MASS_OF_ALL_AGES,
    "james": derivations.JAMES,
    "du bois": derivations.BODY_SURFACE_AREA,
    "cockcroft-gault for 1.73 m2": derivations.NORMALISED_CLEARANCE,
    "jelliffe": derivations.JELLIFFE,
    "ckd-epi 2009": derivations.CKD_EPI,
    "ckd-epi 2012 cystatin c": derivations.CYSTATIN_C,
    "mdrd": derivations.MDRD,
    "postmenstrual age at term": derivations.POSTMENSTRUAL_AGE,
    "postnatal age": derivations.POSTNATAL_AGE,
}
FORMS: dict[str, Callable[[Array], Array]] = {
    "variance": lambda numbers: numbers,
    "sd": np.square,
    "cv percent": lambda numbers: np.log1p(np.square(numbers / 100.0)),
    "cv percent squared": lambda numbers: np.square(numbers / 100.0),
}
_LEAST_PERCENT, _GREATEST_SHARE, _GREATEST_UNSAID = 2.0, 3.0, 4.0
UNITS = frozenset(
    [
        "1",
        "%",
        "a",
        "mo",
        "wk",
        "d",
        "h",
        "min",
        "kg",
        "g",
        "mg",
        "ug",
        "ng",
        "cm",
        "m",
        "m2",
        "L",
        "mL",
        "mg/L",
        "ug/L",
        "ng/L",
        "g/L",
        "g/dL",
        "mg/dL",
        "ug/mL",
        "ng/mL",
        "mg/mL",
        "umol/L",
        "nmol/L",
        "mmol/L",
        "mL/min",
        "mL/h",
        "mL/d",
        "L/h",
        "L/min",
        "mL/min/{1.73_m2}",
        "mg/h",
        "mg/d",
        "ug/h",
        "mg/kg",
        "mm[Hg]",
        "Hz",
        "/min",
        "U/L",
        "{INR}",
        "Cel",
        "bpm",
        "10*9/L",
    ]
)
"""Codes (UCUM) that a covariate or a level can be in."""
CONVENTIONS = {
    "variance": ours("variance of eta"),
    "sd": ours("variance of eta, the square of the standard deviation given"),
    "cv percent": ours("variance of eta as ln(1 + CV²)"),
    "cv percent squared": ours("variance of eta as CV²"),
}


def covariates(found: Findings, tables: list[Table]) -> tuple[CovariateRange, ...]:
    """The ranges of [[covariate]]."""
    ranges = []
    for number, table in enumerate(tables):
        prefix = f"covariate[{number}]."
        found.known(table, prefix, ("name", "unit", "meaning", "low", "high", "median", "default"))
        low, high, median, default = (
            found.optional(table, key, prefix=prefix) for key in ("low", "high", "median", "default")
        )
        if low is not None and high is not None and low > high:
            found.wrong(f"{prefix}low", low, remedies.ABOVE_HIGH(high=high))
        unit = found.text(table, "unit", prefix=prefix)
        known_unit(found, f"{prefix}unit", unit)
        ranges.append(
            CovariateRange(
                found.text(table, "name", prefix=prefix),
                unit,
                found.text(table, "meaning", prefix=prefix),
                low,
                high,
                median,
                default,
            )
        )
    names = [known.name for known in ranges]
    for name in {name for name in names if names.count(name) > 1}:
        found.wrong("covariate", name, remedies.TWICE())
    return tuple(ranges)


def known_unit(found: Findings, key: str, unit: str) -> None:
    """Name a unit that is no code of the list, with the nearest."""
    if unit and unit not in UNITS:
        near = difflib.get_close_matches(unit[:40], sorted(UNITS), n=3, cutoff=0.4)
        found.wrong(key, unit, remedies.write_unit(near))


def derived(found: Findings, table: Table) -> dict[str, Derived]:
    """The rules that [derived] names for covariates."""
    rules = {}
    for name, rule in table.items():
        if not isinstance(rule, str) or rule not in DERIVATIONS:
            found.wrong(f"derived.{name}", rule, remedies.THE_RULES(known=", ".join(DERIVATIONS)))
            continue
        rules[name] = DERIVATIONS[rule]
    return rules


def expressions(found: Findings, section: str, table: Table) -> dict[str, Expression]:
    """Each line of a table of equations, parsed; a bare number is one too."""
    parsed = {}
    for name, text in table.items():
        written = repr(float(text)) if isinstance(text, int | float) and not isinstance(text, bool) else text
        if not isinstance(written, str):
            found.wrong(f"{section}.{name}", text, remedies.WRITE_EXPRESSION())
            continue
        try:
            parsed[name] = parse(written)
        except ArithmeticTextError as error:
            found.wrong(f"{section}.{name}", text, str(error))
    return parsed


def etas(found: Findings, section: str, table: Table, components: tuple[str, ...]) -> tuple[Eta, ...]:
    """The random effects of a section: names of components, or tables of name, on and box_cox."""
    effects = []
    written = table.get("etas", [])
    if not isinstance(written, list):
        found.wrong(f"{section}.etas", written, remedies.COMPONENTS_OR_TABLES())
        return ()
    for part in written:
        if isinstance(part, str):
            effects.append(Eta(part))
        elif isinstance(part, dict):
            found.known(part, f"{section}.etas.", ("name", "on", "box_cox"))
            on = found.table(part, "on")
            effects.append(
                Eta(
                    found.text(part, "name", prefix=f"{section}.etas."),
                    tuple((name, found.number(on, name, prefix=f"{section}.etas.on.")) for name in on),
                    found.optional(part, "box_cox", prefix=f"{section}.etas."),
                )
            )
        else:
            found.wrong(f"{section}.etas", part, remedies.COMPONENT_OR_TABLE())
    for effect_ in effects:
        for name, _ in effect_.targets:
            if components and name not in components:  # none: the structure is wrong, and has been named
                found.wrong(f"{section}.etas", name, remedies.THE_COMPONENTS(known=", ".join(components)))
    return tuple(effects)


def covariance(found: Findings, section: str, table: Table, count: int) -> tuple[Array, str]:
    """Variances and covariances of a section, and the convention in words."""
    form = table.get("form", "variance")
    if not isinstance(form, str) or form not in FORMS:
        found.wrong(f"{section}.form", form, remedies.THE_FORMS(known=", ".join(FORMS)))
        form = "variance"
    matrix = _matrix(found, section, table, form)
    if matrix is None:
        return np.eye(count), ""
    if matrix.shape[0] != count:
        found.wrong(f"{section}.etas", count, remedies.ONE_VARIANCE_EACH(count=matrix.shape[0]))
        return np.eye(count), ""
    pairs = table.get("correlations", [])
    for k, pair in enumerate(pairs if isinstance(pairs, list) else [pairs]):
        try:
            first, second, r = int(pair[0]), int(pair[1]), float(pair[2])
            matrix = correlated(matrix, (first - 1, second - 1, r)) if first != second else matrix
            refused = not (0 < min(first, second) <= max(first, second) <= count) or not -1.0 < r < 1.0
        except (TypeError, ValueError, IndexError, KeyError, OverflowError):
            refused = True
        if refused:
            found.wrong(
                f"{section}.correlations[{k}]",
                pair,
                remedies.WRITE_CORRELATION(),
            )
            return np.eye(count), ""
    if count and float(np.linalg.eigvalsh(matrix).min()) <= 0.0:
        found.wrong(section, matrix.tolist(), remedies.NOT_POSITIVE_DEFINITE())
    words = found.text(table, "convention", prefix=f"{section}.", default=CONVENTIONS[form])
    return matrix, words


def _matrix(found: Findings, section: str, table: Table, form: str) -> Array | None:
    if "triangle" in table:
        rows = table["triangle"]
        numbers = [found.numbers(row, f"{section}.triangle") for row in rows] if isinstance(rows, list) else [None]
        if form != "variance":
            found.wrong(f"{section}.form", form, remedies.TRIANGLE_HOLDS_VARIANCES())
        whole = [row for row in numbers if row is not None]
        if len(whole) != len(numbers) or any(len(row) != k + 1 for k, row in enumerate(whole)):
            found.wrong(f"{section}.triangle", rows, remedies.WRITE_ROWS())
            return None
        return triangle(*(tuple(map(float, row)) for row in whole))
    numbers_ = found.numbers(table.get("diagonal"), f"{section}.diagonal")
    if numbers_ is not None and form.startswith("cv percent") and numbers_.size and numbers_.max() < _LEAST_PERCENT:
        found.wrong(
            f"{section}.diagonal",
            numbers_.tolist(),
            remedies.LIKE_FRACTIONS(),
        )
    if numbers_ is not None and "form" not in table and numbers_.size and numbers_.max() > _GREATEST_UNSAID:
        found.wrong(
            f"{section}.diagonal",
            numbers_.tolist(),
            remedies.LIKE_PERCENTAGES(),
        )
    return None if numbers_ is None else diagonal(*FORMS[form](numbers_))


_KINDS = {kind.name.lower().replace("_", " "): kind for kind in ResidualKind}


def residuals(found: Findings, tables: list[Table], system: System | None) -> dict[str, Residual]:
    """The residual error of each output that has one."""
    outputs = () if system is None else tuple(output.name for output in system.outputs)
    errors = {}
    for number, table in enumerate(tables):
        prefix = f"residual[{number}]."
        found.known(table, prefix, ("output", "kind", "additive", "proportional", "power"))
        output = found.text(table, "output", prefix=prefix, default="concentration")
        kind = table.get("kind")
        if not isinstance(kind, str) or kind not in _KINDS:
            found.wrong(f"{prefix}kind", kind, remedies.THE_KINDS(known=", ".join(_KINDS)))
            continue
        if system is not None and output not in outputs:
            found.wrong(f"{prefix}output", output, remedies.THE_OUTPUTS(known=", ".join(outputs)))
        additive, proportional = (
            found.number(table, key, prefix=prefix, default=0.0, low=0.0) for key in ("additive", "proportional")
        )
        if proportional > _GREATEST_SHARE and kind != "power":
            found.wrong(f"{prefix}proportional", proportional, remedies.A_SHARE())
        if additive == 0.0 and proportional == 0.0:
            found.wrong(f"{prefix}additive", additive, remedies.SOME_RESIDUAL())
        errors[output] = Residual(
            _KINDS[kind], additive, proportional, found.number(table, "power", prefix=prefix, default=1.0)
        )
    return errors


def targets(found: Findings, tables: list[Table], system: System | None) -> tuple[Target, ...]:
    """What [[target]] aims at."""
    outputs = () if system is None else tuple(output.name for output in system.outputs)
    aims = []
    keys = ("name", "low", "high", "source", "metric", "unit", "threshold", "unbound", "window_h", "output", "harm")
    for number, table in enumerate(tables):
        prefix = f"target[{number}]."
        found.known(table, prefix, keys)
        metric = table.get("metric")
        if not isinstance(metric, str) or metric not in list(Metric):
            found.wrong(f"{prefix}metric", metric, remedies.THE_METRICS(known=", ".join(Metric)))
            continue
        _unit_of_target(found, table, prefix, Metric(metric), system)
        low, high = (
            found.number(table, key, prefix=prefix, default=default)
            for key, default in (("low", None), ("high", float("inf")))
        )
        if low >= high:
            found.wrong(f"{prefix}low", low, remedies.NOT_BELOW_HIGH(high=high))
        output = found.text(table, "output", prefix=prefix, default="")
        if output and outputs and output not in outputs:
            found.wrong(f"{prefix}output", output, remedies.THE_OUTPUTS(known=", ".join(outputs)))
        aims.append(
            Target(
                name=found.text(table, "name", prefix=prefix),
                low=low,
                high=high,
                source=found.text(table, "source", prefix=prefix),
                metric=Metric(metric),
                unit=found.text(table, "unit", prefix=prefix),
                threshold=found.number(table, "threshold", prefix=prefix, default=0.0, low=0.0),
                unbound=found.number(table, "unbound", prefix=prefix, default=1.0, low=0.0),
                window_h=found.number(table, "window_h", prefix=prefix, default=24.0, low=0.0),
                output=output,
                harm=found.text(table, "harm", prefix=prefix, default=""),
            )
        )
    return tuple(aims)


def _unit_of_target(found: Findings, table: Table, prefix: str, metric: Metric, system: System | None) -> None:
    """A target is compared with what the model gives: an area with an area, in the unit of the same output."""
    asked = table.get("output") or None
    outputs = () if system is None else system.outputs
    output = next((each for each in outputs if asked in (None, each.name)), None)
    if output is None or metric is Metric.RATIO or not isinstance(table.get("unit"), str):
        return
    if metric in (Metric.TIME_ABOVE, Metric.TIME_IN_RANGE):
        right = "1"
    else:
        right = of_area(output.unit) if metric in (Metric.AUC24, Metric.AUC) else output.unit
    if table["unit"] != right:
        found.wrong(
            f"{prefix}unit", table["unit"], remedies.TARGET_IS_IN(metric=metric, output=output.name, unit=right)
        )


def practice(found: Findings, table: Table) -> Practice:
    """What can be given of a drug that the formulary does not ship."""
    keys = ("step_mg", "min_mg", "max_mg", "max_daily_mg", "intervals_h", "max_rate_mg_per_h", "source")
    found.known(table, "practice.", keys)
    intervals = found.numbers(table.get("intervals_h"), "practice.intervals_h")
    step, least, most, daily, rate = (
        found.number(table, key, prefix="practice.", low=0.0)
        for key in ("step_mg", "min_mg", "max_mg", "max_daily_mg", "max_rate_mg_per_h")
    )
    return Practice(
        step_mg=step,
        min_mg=least,
        max_mg=most,
        max_daily_mg=daily,
        intervals_h=() if intervals is None else tuple(map(float, intervals)),
        max_rate_mg_per_h=rate,
        source=found.text(table, "source", prefix="practice."),
    )
