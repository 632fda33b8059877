"""A model of one's own, from a structure, typical values, variances and residual error."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.api.named import ModelError, needed, number, refuse_others
from twins.pharmacology.population import (
    Citation,
    CovariateRange,
    Derived,
    Eta,
    Link,
    Occasions,
    PopulationModel,
    RenalRule,
)
from twins.pharmacology.reading import CLEARANCE, DIALYSIS, FIRST_DOSE, HOURS, chart_name
from twins.pharmacology.residual import Residual, ResidualKind
from twins.solvers.system import System

Array = NDArray[np.float64]
Covariates = Mapping[str, Array]
Typical = float | Callable[[Covariates], ArrayLike]


def define(
    name: str,
    structure: System,
    *,
    typical: Mapping[str, Typical],
    variances: Mapping[str | Eta, float],
    residual: Residual | Mapping[str, Residual],
    covariances: Mapping[tuple[str, str], float] | None = None,
    defaults: Mapping[str, float] | None = None,
    derived: Mapping[str, Derived] | None = None,
    links: Mapping[str, Link] | None = None,
    between_occasions: Mapping[str, float] | None = None,
    occasion_every_h: float = 24.0,
    renal: RenalRule | None = None,
    drug: str | None = None,
    title: str | None = None,
) -> PopulationModel:
    """A population model in a few lines.

    Parameters
    ----------
    name : str
        The model's id: letters, digits, ``.``, ``_`` and ``-``.
    structure : System
        From `twins.compartments` and its siblings in `twins.pharmacology.structures`, or from `equations`.
    typical : mapping of str to float or function
        Of each of ``structure.parameters``: a number, or a function of the covariates by chart name (arrays):
        ``lambda c: 4.5 * (c["weight_kg"] / 70) ** 0.75``. Which covariates the model needs is found by asking it.
    variances : mapping of str to float
        Between patients, of the eta on a parameter: log-normal unless `links` says otherwise, so 0.09 is about 30 % CV.
        An `Eta` as key gives several parameters, or a Box-Cox shape.
    residual : Residual, or mapping of str to Residual
        Of the first output, or by output; see `residual`.
    covariances : mapping of pairs to float
        Between etas, by their names.
    defaults : mapping of str to float
        Values of covariates that may be missing on a chart.
    derived : mapping of str to Derived
        How covariates are computed where the chart lacks them.
    between_occasions, occasion_every_h
        Variances between occasions, and when a new one begins where a course names none.
    drug : str
        As courses name it; `name` where left out.

    Raises
    ------
    ModelError
        Names argument, value and remedy.
    """
    needed("name", name, str, "give the model's id as text")
    needed("structure", structure, System, "give what twins.compartments, its siblings or twins.equations return")
    needed("typical", typical, Mapping, "give each value by its parameter, {'clearance_l_per_h': 5}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ModelError(f"name is {name!r}; give letters, digits, '.', '_' and '-' alone")
    refuse_others("typical", typical, structure.parameters)
    absent = [parameter for parameter in structure.parameters if parameter not in typical]
    if absent:
        raise ModelError(f"typical has no {absent[0]}, which {structure.name} needs; give {', '.join(absent)}")
    for parameter, value in typical.items():
        if not callable(value):
            number(f"typical[{parameter!r}]", value)
            if not np.isfinite(value):
                raise ModelError(
                    f"typical[{parameter!r}] is {value}; give a finite number, or a function of covariates"
                )
    compute = _typical(dict(typical))
    asked = _asked(compute, derived or {})
    etas, omega = _between("variances", variances, covariances or {}, structure.parameters)
    occasions = None
    if between_occasions:
        kappas, spread = _between("between_occasions", between_occasions, {}, structure.parameters)
        occasions = Occasions(kappas, spread, occasion_every_h)
    known = defaults or {}
    errors = dict(residual) if isinstance(residual, Mapping) else {structure.outputs[0].name: residual}
    for output, error in errors.items():
        needed(f"residual[{output!r}]", error, Residual, "give what twins.residual returns")
    for parameter, link in (links or {}).items():
        needed(f"links[{parameter!r}]", link, Link, "give twins.Link.LOG, LOGIT or IDENTITY")
    refuse_others("residual", errors, [output.name for output in structure.outputs])
    refuse_others("links", links or {}, structure.parameters)
    plain = [covariate for covariate in asked if covariate not in (derived or {})]
    inputs = [part for covariate in plain for part in _charted(covariate, known)]
    return PopulationModel(
        id=name,
        version="1",
        drug=drug or name,
        title=title or name,
        system=structure,
        typical=compute,
        etas=etas,
        omega=omega,
        omega_convention="variances as given",
        residuals=errors,
        covariates=tuple(
            CovariateRange(covariate, "", chart_name(covariate), default=known.get(covariate)) for covariate in asked
        ),
        clinical_inputs=tuple(dict.fromkeys(inputs)),
        population="not stated",
        citation=Citation("A model of the user's own", "", ()),
        derived=derived or {},
        links=links or {},
        occasions=occasions,
        renal=renal or RenalRule(),
    )


def residual(
    *,
    proportional: float = 0.0,
    additive: float = 0.0,
    log: float = 0.0,
    power: float = 1.0,
    combined: Literal["sds", "variances", ""] = "",
) -> Residual:
    """Residual error of an output.

    Parameters
    ----------
    proportional, additive
        As standard deviations: a fraction, and in the output's unit. With both, `combined` says whether the standard
        deviations add up ("sds") or the variances ("variances"): two different models.
    log
        Standard deviation of the logarithm; alone.
    power
        Of the prediction in the proportional part.

    Raises
    ------
    ModelError
        If it is not clear which error is meant.
    """
    for name, value in (("proportional", proportional), ("additive", additive), ("log", log), ("power", power)):
        number(name, value)
        if not (np.isfinite(value) and value >= 0):
            raise ModelError(f"{name} is {value}; give a standard deviation, 0 or more")
    if log:
        if proportional or additive:
            raise ModelError(f"log is {log:g} beside other errors; a logarithm's error stands alone")
        return Residual(ResidualKind.LOG, log, 0.0)
    if not (proportional or additive):
        raise ModelError("proportional, additive and log are all 0; give the error of a measurement")
    if power != 1.0:
        return Residual(ResidualKind.POWER, additive, proportional, power)
    if proportional and additive and combined not in ("sds", "variances"):
        raise ModelError(
            f"combined is {combined!r}; say 'sds' for sd = additive + proportional · f, or 'variances' for "
            "var = additive² + (proportional · f)²"
        )
    kind = ResidualKind.VARIANCE_SUM if combined == "variances" else ResidualKind.SD_SUM
    return Residual(kind, additive, proportional)


class _Recorder(Mapping[str, Array]):
    """Covariates of which all are 1, that keeps the names of those that were asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, None] = {}

    def __getitem__(self, name: str) -> Array:
        self.asked[name] = None
        return np.ones(1)

    def __iter__(self) -> Iterator[str]:
        return iter(self.asked)

    def __len__(self) -> int:
        return len(self.asked)


def _typical(given: dict[str, Typical]) -> Callable[[Covariates], dict[str, Array]]:
    def compute(covariates: Covariates) -> dict[str, Array]:
        return {
            name: np.asarray(_of(name, value, covariates) if callable(value) else value, dtype=np.float64)
            for name, value in given.items()
        }

    return compute


def _of(name: str, function: Callable[[Covariates], ArrayLike], covariates: Covariates) -> ArrayLike:
    """The function's value, where it can take many patients at once."""
    try:
        found = function(covariates)
    except AttributeError as error:
        raise ModelError(
            f"typical[{name!r}] cannot be computed ({error}); covariates are read as c['weight_kg']"
        ) from error
    except (TypeError, ValueError) as error:
        if "converted to" in str(error) or "is ambiguous" in str(error):
            raise ModelError(
                f"typical[{name!r}] takes one patient only ({error}); covariates are arrays: write np.exp, np.log or "
                "np.where(condition, this, that) for math.exp, math.log or 'this if condition else that'"
            ) from error
        if "positional argument" in str(error):
            raise ModelError(f"typical[{name!r}] takes no covariates ({error}); write lambda c: ...") from error
        raise
    if found is None:
        raise ModelError(f"typical[{name!r}] gives None; return a number, or an array of the covariates' shape")
    return found


def _asked(compute: Callable[[Covariates], dict[str, Array]], derived: Mapping[str, Derived]) -> tuple[str, ...]:
    """The covariates that the equations read, and those that others are computed from."""
    recorder = _Recorder()
    with np.errstate(all="ignore"):
        compute(recorder)
    found: dict[str, None] = {}
    waiting = list(recorder.asked)
    while waiting:
        name = waiting.pop(0)
        if name in found or name in (HOURS, FIRST_DOSE):
            continue
        found[name] = None
        waiting += derived[name].inputs if name in derived else ()
    return tuple(found)


def _charted(covariate: str, defaults: Mapping[str, float]) -> tuple[str, ...]:
    """What has to be on a chart for a covariate."""
    if covariate in defaults or covariate == DIALYSIS:
        return ()
    if covariate == CLEARANCE:
        return ("age_y", "male", "weight_kg", "creatinine_mg_per_dl")
    return (covariate,)


def _between(
    argument: str,
    variances: Mapping[Any, float],
    covariances: Mapping[tuple[str, str], float],
    parameters: Sequence[str],
) -> tuple[tuple[Eta, ...], Array]:
    if not isinstance(variances, Mapping):
        raise ModelError(
            f"{argument} is a {type(variances).__name__} without names; give each variance by its parameter, "
            "{'clearance_l_per_h': 0.09}, and what lies beside the diagonal as covariances={('one', 'other'): 0.03}"
        )
    etas = tuple(key if isinstance(key, Eta) else Eta(key) for key in variances)
    for eta in etas:
        refuse_others(argument, [component for component, _ in eta.targets], parameters)
    for eta, value in zip(etas, variances.values(), strict=True):
        number(f"{argument}[{eta.name!r}]", value)
        if not (np.isfinite(value) and value >= 0):
            raise ModelError(f"{argument}[{eta.name!r}] is {value}; give a variance, 0 or more")
    omega = np.diag(np.array(list(variances.values()), dtype=np.float64))
    names = [eta.name for eta in etas]
    for (one, other), value in covariances.items():
        refuse_others("covariances", [one, other], names)
        omega[names.index(one), names.index(other)] = omega[names.index(other), names.index(one)] = value
    if omega.size and float(np.linalg.eigvalsh(omega)[0]) < -1e-12 * float(np.max(omega)):
        raise ModelError("covariances make a matrix that no random numbers have (a correlation above 1); lower them")
    return etas, omega
