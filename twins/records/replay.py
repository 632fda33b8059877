"""Compute a stored comparison again, from its course, model version and seed, and say whether the numbers agree.

Bit-equal is what the same code gives on the same kind of processor with the same libraries; on another kind, where a
fused multiply-add may differ in the last place, the numbers must agree to `TOLERANCE`.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from twins.estimation.fit import FitOutcome
from twins.estimation.individualise import individualise
from twins.forecasts.averaged import compare_averaged
from twins.forecasts.compare import compare
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.records.models import Comparison, TwinVersion
from twins.records.runtime import RELEASE, code_version, runtime
from twins.records.store import comparison_digest, fit_digest
from twins.records.together import OtherDataError, versions_of
from twins.records.twins import canonical, course_of, fit_of, plans_of, result_of

TOLERANCE = 1e-9
"""Relative; of numbers below 1, absolute in the number's own unit."""


class ReplayError(RuntimeError):
    """The comparison cannot be computed again with what is installed; says what is missing."""


class Agreement(StrEnum):
    """How a replay ended; each member is the beginning of its sentence."""

    BIT_EQUAL = "Equal bit for bit"
    WITHIN_TOLERANCE = "Equal within 1e-9 relative"
    DIFFERS = "Differs"


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found.

    Attributes
    ----------
    largest : float
        Largest relative difference of any number; infinite where texts, lengths or missing values differ.
    first : str
        The first place that is not bit-equal, with both values; empty where there is none.
    """

    agreement: Agreement
    numbers: int
    largest: float
    first: str
    sentence: str

    @property
    def ok(self) -> bool:
        return self.agreement is not Agreement.DIFFERS


def replay(comparison: Comparison) -> ReplayReport:
    """Individualise and compare again, and compare every stored number with the new one.

    Raises
    ------
    ReplayError
        If the model, or the version of it that the twin was made with, is not installed any more, or another release
        of the engine made it and comes to other numbers.
    """
    version = comparison.twin_version
    try:
        versions = versions_of(comparison)
    except OtherDataError as error:
        return _differs(str(error))
    models = [_model(each) for each in versions]
    course = course_of(version)
    if hashlib.sha256(canonical(version.course)).hexdigest() != version.course_digest:
        return _differs("the stored course does not have its digest: it was changed after it was stored")
    plans, target = plans_of(comparison), result_of(comparison).target
    apart, fits = Apart(), []
    for each, model in zip(versions, models, strict=True):
        stored = fit_of(each)
        fit = individualise(model, course, seed=each.seed, draws=max(1, stored.draws.shape[0]))
        if fit.outcome is FitOutcome.CANNOT:
            return _differs(f"no twin can be made of the stored course now: {fit.reason}")
        of = "" if each.pk == version.pk else f" of {each.model_id}"
        apart.look(f"fit{of}", each.fit, _plain(fit.to_json()))
        apart.look(f"draws{of}", stored.draws.tolist(), fit.draws.tolist())
        fits.append(fit)
    horizon_h = comparison.result["horizon_h"]
    if comparison.result.get("averaged") is None:
        result = compare(models[0], course, fits[0], plans, target=target, horizon_h=horizon_h)
    else:
        result = compare_averaged(
            models, fits, course, plans, target=target, twins=[each.digest for each in versions], horizon_h=horizon_h
        )
    apart.look("comparison", comparison.result, _plain(result.to_json()))
    if apart.beyond and version.code_version.partition("+")[0] != RELEASE:
        raise ReplayError(
            f"The comparison was computed by {version.code_version}, whose engine comes to other numbers than "
            f"{code_version()} ({apart.beyond}); replay it with that release."
        )
    if apart.beyond:
        return _differs(apart.beyond, apart)
    if apart.first:
        sentence = (
            f"{Agreement.WITHIN_TOLERANCE}: {apart.numbers} numbers, the largest relative difference is "
            f"{apart.largest:.1e}; the first is at {apart.first}.{_elsewhere(version)}"
        )
        return ReplayReport(Agreement.WITHIN_TOLERANCE, apart.numbers, apart.largest, apart.first, sentence)
    same = all(fit_digest(fit) == each.digest for fit, each in zip(fits, versions, strict=True))
    if not same or comparison_digest(plans, result) != comparison.digest:
        return _differs("every number agrees, but a stored digest is not that of its content", apart)
    sentence = f"{Agreement.BIT_EQUAL}: all {apart.numbers} numbers, the fit, its draws and the comparison."
    return ReplayReport(Agreement.BIT_EQUAL, apart.numbers, 0.0, "", sentence)


@dataclass(slots=True)
class Apart:
    """How far two values of the same make are from each other, found by walking through both."""

    numbers: int = 0
    largest: float = 0.0
    first: str = ""
    """The first place that differs at all, with both values."""
    beyond: str = ""
    """The first place that differs by more than `TOLERANCE`."""

    def look(self, place: str, stored: Any, new: Any) -> None:
        """Compare `stored` and `new`, and all that is in them."""
        if isinstance(stored, Mapping) and isinstance(new, Mapping) and stored.keys() == new.keys():
            for name in stored:
                self.look(f"{place}.{name}", stored[name], new[name])
        elif isinstance(stored, list) and isinstance(new, list) and len(stored) == len(new):
            for number, (old, now) in enumerate(zip(stored, new, strict=True)):
                self.look(f"{place}[{number}]", old, now)
        elif _is_number(stored) and _is_number(new):
            self.numbers += 1
            self._note(place, stored, new, abs(stored - new) / max(1.0, abs(stored), abs(new)))
        elif stored != new or isinstance(stored, bool) != isinstance(new, bool):
            self._note(place, stored, new, math.inf)

    def _note(self, place: str, stored: Any, new: Any, difference: float) -> None:
        if difference == 0:
            return
        self.largest = max(self.largest, difference)
        words = f"{place}: stored {_short(stored)}, now {_short(new)}"
        self.first = self.first or words
        if difference > TOLERANCE:
            self.beyond = self.beyond or words


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(data: Any) -> Any:
    """As it would come back from the database."""
    return json.loads(canonical(data))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _model(version: TwinVersion) -> PopulationModel:
    try:
        model = formulary.model(version.model_id)
    except formulary.UnknownModelError as error:
        raise ReplayError(f"The model of this comparison is not installed: {error}") from error
    if model.version != version.model_version:
        raise ReplayError(
            f"The comparison was made with version {version.model_version} of {version.model_id}, and version "
            f"{model.version} is installed; replay it with release {version.code_version}."
        )
    return model


def _differs(what: str, apart: Apart | None = None) -> ReplayReport:
    numbers, largest = (apart.numbers, apart.largest) if apart else (0, math.inf)
    return ReplayReport(Agreement.DIFFERS, numbers, largest, what, f"{Agreement.DIFFERS}: {what}.")


def _elsewhere(version: TwinVersion) -> str:
    """What is not as it was when the version was stored: the reasons that a last digit may have."""
    here = {**runtime(), "code": code_version()}
    there = {**version.runtime, "code": version.code_version}
    changed = [f"{name} was {there.get(name)}, is {here[name]}" for name in here if there.get(name) != here[name]]
    return f" Since then: {'; '.join(changed)}." if changed else " Code, libraries and processor are the same."
