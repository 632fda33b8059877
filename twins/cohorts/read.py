"""Read a study from a JSON or TOML file, and name every mistake in it at once."""

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from twins.cohorts.aim import read_target
from twins.cohorts.distribution import NUMBERS, Distribution, DistributionError, Shape
from twins.cohorts.plain import FOUND, brief, number, shown, unfit
from twins.cohorts.study import RENAL_GROUPS_ML_PER_MIN, StudyRegimen, StudySpec
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CLEARANCE, CovariateError, missing_inputs
from twins.pharmacology.population import CovariateRange, PopulationModel
from twins.pharmacology.regimen import Regimen, RegimenError
from twins.quantities.dose import Route
from twins.quantities.sentence import ANY, Sentence
from twins.samples.course import Course, CovariateValue
from twins.solvers.system import Equations

MOST_PATIENTS = 200_000
MOST_DAYS = 60
MOST_PATIENTS_OF_EQUATIONS = 5_000
"""Of a model that is solved step by step, which takes some hundred times longer."""
LEAST_INTERVAL_H = 0.5
"""House setting: no regimen repeats faster; a continuous infusion has any longer interval."""
MOST_LABEL = 120
MOST_REGIMENS = 6
"""As many as a figure can tell apart."""
_BY_CREATININE = frozenset({"age_y", "male", "creatinine_mg_per_dl"})
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_SHARES = frozenset({"male", "haemodialysis"})
_NOT_INFUSED = frozenset({Route.ORAL, Route.RECTAL})
_KEYS = ("title", "model", "regimens", "covariates", "target", "patients", "seed", "days", "renal_groups_ml_per_min")


_UNREADABLE = Sentence("this is not {kind}: {error}")
_NO_STUDY = Sentence("the study is a {kind}; write it as a table of {known}")
_UNKNOWN_KEY = Sentence("{key}: unknown; known are {known}")
_NO_TITLE = Sentence("title: give a text of up to 120 characters")
_NO_MODEL = Sentence("model: give one of {known}")
_NOT_THIS_MODEL = Sentence("model: {error}", error=ANY)
_NO_WHOLE = Sentence("{key}: {found}; give a whole number from {low} to {high}", found=FOUND)
_REGIMENS = Sentence("regimens: {count} given; give 2 to {most}")
_NO_TABLE = Sentence("{where}: write it as a table of {known}")
_UNKNOWN_FIELD = Sentence("{where}.{key}: unknown; known are {known}")
_NO_ROUTE = Sentence("{where}.route: is {route}; give one of {known}")
_NOT_BY = Sentence("{where}.route: {model} takes no dose that is {route}; give {ways}")
_NO_NUMBER = Sentence("{where}.{key}: {found}; give a number", found=FOUND)
_NO_LABEL = Sentence("{where}.label: is {label}; give a text of up to {most} characters")
_TOO_OFTEN = Sentence("{where}.interval_h: is {hours:g}; give {least:g} h or more")
_WRONG = Sentence("{where}: {error}", error=ANY)
_SAME_LABEL = Sentence("regimens: two are called {label}; give each its own label")
_NO_COVARIATES = Sentence(
    "covariates: missing; give a table with a distribution for each chart value that the model needs"
)
_NOT_READ = Sentence("{where}: the model does not read it; known are {known}")
_NEEDED = Sentence("covariates.{name}: missing; {model} needs it")
_COVARIATES = Sentence("covariates: {error}", error=ANY)
_BESIDE_CLEARANCE = Sentence("covariates.{name}: not used beside {clearance}; leave one of them out")
_NO_SHAPE = Sentence("{where}.distribution: {found}; give one of {known}", found=FOUND)
_NOT_OF_SHAPE = Sentence("{where}.{key}: unknown for {shape}")
_NO_SHARE = Sentence("{where}.distribution: give a share, or fixed with the value 0 or 1")
_A_SHARE = Sentence("{where}.distribution: a share gives 0 or 1; give another shape")
_NOT_ABOVE_0 = Sentence("{where}.low: give a positive one, so that no patient has 0 or less")
_TOO_OLD = Sentence("{where}.high: give an age of at most 120")
_GROUPS = Sentence("renal_groups_ml_per_min: give positive clearances in ascending order")


class StudyError(ValueError):
    """A study that cannot be run; `mistakes` names each one, with its place and remedy."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


def read(text: str, *, kind: str) -> StudySpec:
    """The study written in `text`, where `kind` is ``json`` or ``toml``.

    Raises
    ------
    StudyError
        With every mistake that was found.
    """
    try:
        data = tomllib.loads(text) if kind == "toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudyError([_UNREADABLE(kind=kind.upper(), error=error)]) from error
    if not isinstance(data, dict):
        raise StudyError([_NO_STUDY(kind=type(data).__name__, known=", ".join(_KEYS))])
    return build(data)


def build(data: Mapping[str, Any]) -> StudySpec:
    """The study that plain data describe, in the layout of the file.

    Raises
    ------
    StudyError
        With every mistake that was found.
    """
    if cannot := unfit(dict(data)):
        raise StudyError([cannot])
    wrong: list[str] = [_UNKNOWN_KEY(key=key, known=", ".join(_KEYS)) for key in data if key not in _KEYS]
    title = data.get("title")
    if not (isinstance(title, str) and 0 < len(title.strip()) <= 120):
        wrong.append(_NO_TITLE())
    model = _model(data.get("model"), wrong)
    regimens = _regimens(data.get("regimens"), model, wrong)
    covariates = _covariates(data.get("covariates"), model, wrong)
    stepped = model is not None and isinstance(model.system.equations, Equations)
    most = MOST_PATIENTS_OF_EQUATIONS if stepped else MOST_PATIENTS
    patients = _whole(data, "patients", min(most, 10_000), 1, most, wrong)
    seed = _whole(data, "seed", None, 0, 2**63 - 1, wrong)
    days = _whole(data, "days", None, 1, MOST_DAYS, wrong)
    groups = _groups(data.get("renal_groups_ml_per_min", list(RENAL_GROUPS_ML_PER_MIN)), wrong)
    target = read_target(data.get("target"), model, wrong)
    if wrong or model is None or target is None:
        raise StudyError(wrong)
    return StudySpec(
        title=str(title).strip(),
        model_id=model.id,
        model_version=model.version,
        regimens=regimens,
        covariates=covariates,
        target=target,
        patients=patients,
        seed=seed,
        days=days,
        renal_groups_ml_per_min=groups,
    )


def _model(name: Any, wrong: list[str]) -> PopulationModel | None:
    if not isinstance(name, str):
        wrong.append(_NO_MODEL(known=", ".join(formulary.model_ids())))
        return None
    try:
        return formulary.model(name)
    except formulary.UnknownModelError as error:
        wrong.append(_NOT_THIS_MODEL(error=error))
        return None


def _whole(data: Mapping[str, Any], key: str, default: int | None, low: int, high: int, wrong: list[str]) -> int:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        wrong.append(_NO_WHOLE(key=key, found=shown(value), low=low, high=high))
        return low
    return value


def _regimens(items: Any, model: PopulationModel | None, wrong: list[str]) -> tuple[StudyRegimen, ...]:
    if not isinstance(items, list) or not 2 <= len(items) <= MOST_REGIMENS:
        count = len(items) if isinstance(items, list) else 0
        wrong.append(_REGIMENS(count=count, most=MOST_REGIMENS))
        items = items if isinstance(items, list) else []
    arms: list[StudyRegimen] = []
    known = ("label", "amount_mg", "interval_h", "duration_h", "loading_mg", "loading_h", "route")
    optional = ("loading_mg", "loading_h")
    for place, item in enumerate(items, 1):
        where = f"regimens[{place}]"
        if not isinstance(item, dict):
            wrong.append(_NO_TABLE(where=where, known=", ".join(known)))
            continue
        mistakes = [_UNKNOWN_FIELD(where=where, key=key, known=", ".join(known)) for key in item if key not in known]
        values = {}
        route = item.get("route", str(Route.INTRAVENOUS))
        if not isinstance(route, str) or route not in set(Route):
            mistakes.append(_NO_ROUTE(where=where, route=brief(route), known=", ".join(Route)))
            route = str(Route.INTRAVENOUS)
        elif model is not None and route not in model.system.inputs:
            ways = [way for way in Route if way.value in model.system.inputs]
            mistakes.append(_NOT_BY(where=where, model=model.title, route=route, ways=" or ".join(ways)))
        for key in ("amount_mg", "interval_h", "duration_h", *optional):
            if item.get(key) is None and (key in optional or (key == "duration_h" and route in _NOT_INFUSED)):
                continue
            value = number(item.get(key))
            if value is None:
                mistakes.append(_NO_NUMBER(where=where, key=key, found=shown(item.get(key))))
            else:
                values[key] = value
        label = item.get("label")
        if label is not None and not (isinstance(label, str) and len(label) <= MOST_LABEL):
            mistakes.append(_NO_LABEL(where=where, label=brief(label), most=MOST_LABEL))
        if "interval_h" in values and 0.0 < values["interval_h"] < LEAST_INTERVAL_H:
            mistakes.append(_TOO_OFTEN(where=where, hours=values["interval_h"], least=LEAST_INTERVAL_H))
        if not mistakes:
            try:
                regimen = Regimen(**{"duration_h": 0.0, **values}, start_h=0.0, route=Route(route))
                arms.append(StudyRegimen((label or "").strip() or regimen.sentence(), regimen))
            except RegimenError as error:
                mistakes.append(_WRONG(where=where, error=error))
        wrong += mistakes
    for label in sorted({arm.label for arm in arms if [a.label for a in arms].count(arm.label) > 1}):
        wrong.append(_SAME_LABEL(label=repr(label)))
    return tuple(arms)


def _covariates(items: Any, model: PopulationModel | None, wrong: list[str]) -> dict[str, Distribution]:
    if not isinstance(items, dict):
        wrong.append(_NO_COVARIATES())
        return {}
    drawn: dict[str, Distribution] = {}
    allowed = _readable(model) if model else None
    ranges = {known.name: known for known in model.covariates} if model else {}
    for name, item in items.items():
        where = f"covariates.{name}"
        if allowed is not None and name not in allowed:
            wrong.append(_NOT_READ(where=where, known=", ".join(sorted(allowed))))
            continue
        distribution = _distribution(where, item, wrong)
        if distribution is not None:
            drawn[name] = distribution
            wrong += _impossible(where, name, distribution, ranges.get(name))
    if model:
        # A refused distribution is not missing: it has been named already.
        middle = np.array([0.5])
        there = tuple(
            CovariateValue(name, 0.0, float(drawn[name].draw(middle)[0]) if name in drawn else 1.0) for name in items
        )
        nobody = Course(model.drug, _LONG_AGO, 0.0, covariates=there)
        try:
            wrong += [_NEEDED(name=name, model=model.title) for name in missing_inputs(model, nobody)]
        except CovariateError as error:
            if not wrong:
                wrong.append(_COVARIATES(error=error))
        if CLEARANCE in items:
            for name in sorted(_BY_CREATININE & items.keys()):
                wrong.append(_BESIDE_CLEARANCE(name=name, clearance=CLEARANCE))
    return drawn


def _distribution(where: str, item: Any, wrong: list[str]) -> Distribution | None:
    shapes = ", ".join(Shape)
    given = item.get("distribution") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(given, str) or given not in set(Shape):
        wrong.append(_NO_SHAPE(where=where, found=shown(given), known=shapes))
        return None
    shape = Shape(item["distribution"])
    edges = ("low", "high") if shape in (Shape.NORMAL, Shape.LOGNORMAL) else ()
    known = {*NUMBERS[shape], *edges, "source", "assumed", "distribution"}
    mistakes = [_NOT_OF_SHAPE(where=where, key=key, shape=shape) for key in item if key not in known]
    numbers: dict[str, float] = {}
    for key in (*NUMBERS[shape], *edges):
        if key in edges and key not in item:
            continue
        value = number(item.get(key))
        if value is None:
            mistakes.append(_NO_NUMBER(where=where, key=key, found=shown(item.get(key))))
        else:
            numbers[key] = value
    if not mistakes:
        try:
            return Distribution(
                shape, **numbers, source=str(item.get("source", "")), assumed=str(item.get("assumed", ""))
            )
        except DistributionError as error:
            mistakes.append(_WRONG(where=where, error=error))
    wrong += mistakes
    return None


def _impossible(where: str, name: str, spread: Distribution, known: CovariateRange | None) -> list[str]:
    """What no patient can have: a value of 0 or less, a sex that is neither, an age without end."""
    if name in _SHARES:
        if spread.shape is Shape.SHARE or (spread.shape is Shape.FIXED and spread.value in (0.0, 1.0)):
            return []
        return [_NO_SHARE(where=where)]
    without_unit = known is not None and known.unit in ("", "1")
    if spread.shape is Shape.SHARE:
        return [] if without_unit else [_A_SHARE(where=where)]
    mistakes = []
    lowest = spread.value if spread.shape is Shape.FIXED else spread.low
    may_be_zero = without_unit or (known is not None and known.low is not None and known.low <= 0)
    if spread.shape is not Shape.LOGNORMAL and not may_be_zero and not (lowest is not None and lowest > 0):
        mistakes.append(_NOT_ABOVE_0(where=where))
    highest = spread.value if spread.shape is Shape.FIXED else spread.high
    if name == "age_y" and not (highest is not None and highest <= 120):
        mistakes.append(_TOO_OLD(where=where))
    return mistakes


def _readable(model: PopulationModel) -> set[str]:
    """Chart values that the model can make something of."""
    names = {*model.clinical_inputs, CLEARANCE, "haemodialysis"} | {known.name for known in model.covariates}
    return names | model.derived.keys() | {part for rule in model.derived.values() for part in rule.inputs}


def _groups(items: Any, wrong: list[str]) -> tuple[float, ...]:
    values = [number(item) for item in items] if isinstance(items, list) else [None]
    numbers = [value for value in values if value is not None]
    if len(numbers) != len(values) or numbers != sorted(set(numbers)) or any(n <= 0 for n in numbers):
        wrong.append(_GROUPS())
    return tuple(numbers)
