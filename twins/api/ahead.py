"""What lies ahead of a twin, or of patients drawn from a population."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from twins.api.aim import meet, usual_unit
from twins.api.due import placed
from twins.api.library import chosen
from twins.api.named import choice, needed, number, numbers, whole_seed
from twins.api.twin import Twin
from twins.forecasts import compare as comparison
from twins.forecasts import enough, outlook, population
from twins.forecasts import explain as explanation
from twins.forecasts import optimise as search
from twins.forecasts.enough import AttainmentTable
from twins.forecasts.forecast import ComparisonResult, Influence
from twins.forecasts.limits import Limits
from twins.forecasts.profiles import Profiles
from twins.forecasts.proposal import Proposals
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Dose, Route
from twins.samples.course import Course
from twins.samples.events import charted

if TYPE_CHECKING:
    from twins.forecasts.backwards import Solved

Ask = Regimen | Plan | None


class AskError(ValueError):
    """A question that cannot be answered as it was put; names the argument, its value and the remedy."""


def regimen(
    amount_mg: float,
    *,
    every_h: float,
    over_h: float = 0.0,
    start_h: float = 0.0,
    loading_mg: float | None = None,
    loading_h: float | None = None,
    route: Route | str = Route.INTRAVENOUS,
) -> Regimen:
    """`amount_mg` every `every_h` hours, each dose over `over_h` hours (0: at once), from `start_h` on.

    Asked of a twin, a regimen without a start begins an interval after the last dose given, or at the course's end
    where that is later; one whose start lies before the course's end is taken up with its next dose.
    """
    for name, value in (("amount_mg", amount_mg), ("every_h", every_h), ("over_h", over_h), ("start_h", start_h)):
        number(name, value)
    for name, extra in (("loading_mg", loading_mg), ("loading_h", loading_h)):
        if extra is not None:
            number(name, extra)
    return Regimen(amount_mg, every_h, over_h, start_h, loading_mg, choice(Route, route, "route"), loading_h)


def target(
    metric: Metric | str,
    low: float,
    high: float = math.inf,
    *,
    unit: str | None = None,
    source: str = "asked for",
    name: str = "",
    threshold: float = 0.0,
    unbound: float = 1.0,
    window_h: float = 24.0,
    output: str = "",
) -> Target:
    """A target of one's own: `metric` ("AUC24", "trough", "peak", "time above", ...) from `low` to `high`.

    `unit` is that of `low` and `high`, as the metric gives it: where left out ``mg.h/L`` for areas, ``mg/L`` for
    concentrations, ``1`` for shares. A model whose levels are in another unit refuses it when the two meet. See
    `twins.Target` for the rest; a drug's own targets are ``twins.drug(name).targets``.

    Raises
    ------
    TargetError
        If `low` is not below `high`.
    """
    known = choice(Metric, metric, "metric")
    for part, value in (
        ("low", low),
        ("high", high),
        ("threshold", threshold),
        ("unbound", unbound),
        ("window_h", window_h),
    ):
        number(part, value)
    unit = usual_unit(known) if unit is None else unit
    span = f"{low:g}–{high:g}" if math.isfinite(high) else f"at least {low:g}"
    words = name or f"{known.value} {span} {unit}"
    found = Target(words, low, high, source, known, unit, threshold, unbound, window_h, output)
    found.refuse(threshold_needed=False)  # `pta` brings its own
    return found


def forecast(
    twin: Twin,
    plan: Ask = None,
    *,
    horizon_h: float = 72.0,
    step_h: float = 0.5,
    times_h: ArrayLike | None = None,
    with_residual: bool = False,
) -> Profiles:
    """Every output of the model for each posterior draw, from the course's end on or at `times_h`.

    Parameters
    ----------
    plan : Regimen, Plan or None
        What is given from the course's end on; None: nothing more.
    times_h : array_like, optional
        Hours since the course's start, in the past or to come, instead of a horizon and a step.
    with_residual : bool
        Add residual error: what would be measured, not what is there.
    """
    _refuse_other_twins(twin)
    times = None if times_h is None else numbers("times_h", times_h)
    return outlook.forecast(
        twin.model,
        twin.course,
        twin.fit,
        planned(plan, twin.course),
        horizon_h=horizon_h,
        step_h=step_h,
        times_h=times,
        with_residual=with_residual,
    )


def compare(
    twin: Twin,
    plans: Sequence[Ask] | Mapping[str, Ask],
    *,
    target: Target | None = None,
    horizon_h: float = 72.0,
    step_h: float = 0.5,
    explained: bool = True,
) -> ComparisonResult:
    """Plans side by side: exposure by day and the chances to lie in, above and below the target.

    Parameters
    ----------
    plans
        Regimens, or regimens by a name of one's own; None stands for no further doses. The first is what the
        influences are told of.
    target : Target, optional
        The drug's first where left out.
    explained : bool
        Whether the influences are wanted; they take nearly all of the time of models that are stepped through.

    Raises
    ------
    AskError
        If no plan is given, or the drug ships no target and none was given.
    """
    _refuse_other_twins(twin)
    if isinstance(plans, Regimen | Plan) or not isinstance(plans, Iterable) or isinstance(plans, str):
        raise AskError(f"plans is {plans!r}, which is no list of plans; give a list, even of one, or a dict by name")
    labelled = dict(plans) if isinstance(plans, Mapping) else None
    asked: list[Ask] = list(plans.values()) if isinstance(plans, Mapping) else list(plans)
    shown = [planned(plan, twin.course) or Plan("No further doses", None) for plan in asked]
    if labelled is not None:
        shown = [replace(plan, label=label) for label, plan in zip(labelled, shown, strict=True)]
    if not shown:
        raise AskError("plans is empty; give at least one regimen, or None for no further doses")
    return comparison.compare(
        twin.model,
        twin.course,
        twin.fit,
        shown,
        target=_target(twin.model, target),
        horizon_h=horizon_h,
        step_h=step_h,
        explained=explained,
    )


def optimise(
    twin: Twin,
    *,
    target: Target | None = None,
    limits: Limits | None = None,
    current: Ask = None,
    count: int = 3,
    horizon_h: float | None = None,
) -> Proposals:
    """The regimens that most likely meet the target, the best first.

    Parameters
    ----------
    target : Target, optional
        The drug's first where left out.
    limits : Limits, optional
        What can be given; the drug's practice where left out.
    current
        The plan in force: when its next dose is due, and that it is not proposed.
    horizon_h : float, optional
        Hours from the course's end until which plans are judged; until they have settled where left out.

    Raises
    ------
    AskError
        If the drug does not ship and a target or limits were not given.
    """
    _refuse_other_twins(twin)
    if limits is not None:
        needed("limits", limits, Limits, "give twins.Limits(...), or leave it out for the drug's practice")
    plan = planned(current, twin.course)
    if limits is None:
        way = search.way_in(twin.model, twin.course, plan)
        limits = Limits.of(_shipped(twin.model, "limits").practice, route=way)
    return search.optimise(
        twin.model,
        twin.course,
        twin.fit,
        target=_target(twin.model, target),
        limits=limits,
        current=plan,
        count=count,
        horizon_h=horizon_h,
    )


def simulate(
    of: Twin | PopulationModel | str,
    plan: Ask | Sequence[Dose] = None,
    *,
    covariates: Mapping[str, ArrayLike] | None = None,
    n: int = 1000,
    seed: int = 0,
    horizon_h: float = 72.0,
    step_h: float = 0.5,
    times_h: ArrayLike | None = None,
    with_residual: bool = True,
) -> Profiles:
    """What would be measured in patients drawn from a population, or in one twin by its posterior draws.

    Parameters
    ----------
    of : Twin, PopulationModel or str
        A model (or its id) is simulated from hour 0 in `n` patients with these `covariates`, each a number for all or
        one number a patient; a twin from its course's end on, `covariates`, `n` and `seed` being its own.
    with_residual : bool
        Whether residual error is added.

    Raises
    ------
    AskError
        If covariates are given for a twin, or single doses.
    """
    if not isinstance(of, Twin):
        needed("n", n, int, "give a whole number of patients")
        whole_seed(seed)
    if isinstance(of, Twin):
        if covariates is not None or isinstance(plan, Sequence):
            given = "covariates" if covariates is not None else "single doses"
            raise AskError(f"{given} were given for a twin, which has its own course; simulate its model instead")
        return forecast(of, plan, horizon_h=horizon_h, step_h=step_h, times_h=times_h, with_residual=with_residual)
    if isinstance(plan, Sequence) and not isinstance(plan, str):
        odd = [dose for dose in plan if not isinstance(dose, Dose)]
        if odd:
            remedy = "simulate one regimen at a time, or give a list of twins.Dose"
            raise AskError(f"plan holds {odd[0]!r}, which is no Dose; {remedy}")
    elif plan is not None and not isinstance(plan, Plan):
        _refuse_amounts(plan)
    return population.simulate(
        chosen(of),
        dict(charted(name, value) for name, value in (covariates or {}).items()),
        plan.regimen if isinstance(plan, Plan) else plan,
        n=n,
        seed=seed,
        horizon_h=horizon_h,
        step_h=step_h,
        times_h=times_h,
        with_residual=with_residual,
    )


def pta(
    model: PopulationModel | str,
    regimens: Sequence[Regimen],
    *,
    covariates: Mapping[str, ArrayLike],
    target: Target,
    thresholds: Sequence[float],
    n: int = 1000,
    seed: int = 0,
    window_h: tuple[float, float] | None = None,
) -> AttainmentTable:
    """Probability of target attainment of each regimen at each MIC; see `twins.forecasts.enough.pta`."""
    known = chosen(model)
    needed("target", target, Target, "give what twins.target returns")
    needed("n", n, int, "give a whole number of patients")
    whole_seed(seed)
    if isinstance(regimens, Regimen) or not isinstance(regimens, Iterable):
        raise AskError(f"regimens is {regimens!r}, which is no list; give a list of twins.regimen(...), even of one")
    if target.metric in (Metric.TIME_ABOVE, Metric.RATIO):
        meet(target, known, threshold_needed=False)
    return enough.pta(
        known,
        dict(charted(name, value) for name, value in covariates.items()),
        regimens,
        target=target,
        thresholds=thresholds,
        n=n,
        seed=seed,
        window_h=window_h,
    )


def explain(twin: Twin, plan: Ask, *, target: Target | None = None) -> tuple[Influence, ...]:
    """How much each covariate, level and the prior moves the answer, the largest first."""
    _refuse_other_twins(twin)
    shown = planned(plan, twin.course) or Plan("No further doses", None)
    return explanation.influences(twin.model, twin.course, twin.fit, shown, _target(twin.model, target))


def dose_for_auc(twin: Twin, auc: float, *, from_h: float, to_h: float, plan: Regimen) -> "Solved":
    """The amount for an area under the curve over [from_h, to_h), hours since the course's start.

    `plan` says how it is given; its own amount is where the search begins.
    """
    from twins.forecasts import backwards  # it loads SciPy's optimisers, which few questions need

    _refuse_other_twins(twin)
    _refuse_amounts(plan)
    number("auc", auc)
    return backwards.dose_for_auc(
        twin.model, twin.course, twin.fit, auc=auc, from_h=from_h, to_h=to_h, regimen=placed(plan, twin.course)
    )


def dose_for_concentration(twin: Twin, concentration: float, *, at_h: float, plan: Regimen) -> "Solved":
    """The amount for a concentration at a time, hours since the course's start; see `dose_for_auc`."""
    from twins.forecasts import backwards

    _refuse_other_twins(twin)
    _refuse_amounts(plan)
    number("concentration", concentration)
    return backwards.dose_for_concentration(
        twin.model,
        twin.course,
        twin.fit,
        concentration=concentration,
        at_h=at_h,
        regimen=placed(plan, twin.course),
    )


def time_to_fall_to(twin: Twin, concentration: float) -> "Solved":
    """Hours from the last dose until the concentration has fallen to a value for good."""
    from twins.forecasts import backwards

    _refuse_other_twins(twin)
    number("concentration", concentration)
    return backwards.time_to_fall_to(twin.model, twin.course, twin.fit, concentration=concentration)


def interval_for_trough(twin: Twin, trough: float, *, plan: Regimen) -> "Solved":
    """The interval at which the plan's dose, at steady state, has fallen to a trough when the next is due, h."""
    from twins.forecasts import backwards

    _refuse_other_twins(twin)
    _refuse_amounts(plan)
    number("trough", trough)
    return backwards.interval_for_trough(
        twin.model,
        twin.course,
        twin.fit,
        trough=trough,
        amount_mg=plan.amount_mg,
        duration_h=plan.duration_h,
        route=plan.route,
    )


def rate_for_steady_state(twin: Twin, concentration: float) -> "Solved":
    """The rate of a continuous infusion that holds the first output at a value, mg/h."""
    from twins.forecasts import backwards

    _refuse_other_twins(twin)
    number("concentration", concentration)
    return backwards.rate_for_steady_state(twin.model, twin.course, twin.fit, concentration=concentration)


def planned(asked: Ask, course: Course) -> Plan | None:
    """What was asked for as a plan that begins at the course's end or later, labelled in words."""
    if asked is None:
        return None
    if isinstance(asked, Plan):
        return asked if asked.regimen is None else replace(asked, regimen=placed(asked.regimen, course))
    _refuse_amounts(asked)
    taken_up = placed(asked, course)
    return Plan(taken_up.sentence(), taken_up)


def _refuse_other_twins(asked: object) -> None:
    needed("twin", asked, Twin, "give what twins.individualise returns; populations are for twins.simulate")


def _refuse_amounts(asked: object) -> None:
    if not isinstance(asked, Regimen):
        raise AskError(
            f"plan is {asked!r}, which is no regimen; give twins.regimen(mg, every_h=...), or None for no further doses"
        )


def _target(model: PopulationModel, asked: Target | None) -> Target:
    if asked is not None:
        needed("target", asked, Target, "give what twins.target returns, or leave it out for the drug's own")
    return meet(asked if asked is not None else _shipped(model, "target").target, model)


def _shipped(model: PopulationModel, argument: str) -> formulary.Drug:
    if model.drug not in formulary.drugs():
        raise AskError(f"{argument} was left out, and {model.drug} does not ship with one; give {argument}=")
    return formulary.drug(model.drug)
