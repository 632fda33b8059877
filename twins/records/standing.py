"""What a question is answered from: a stored twin, as it stands or as it stood, with no new fit."""

from dataclasses import dataclass
from datetime import datetime

from twins.estimation.fit import Fit, FitOutcome
from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, current_plan
from twins.quantities.sentence import Sentence
from twins.records.followed import model_ids
from twins.records.house import drug_here
from twins.records.models import Subject, TwinVersion
from twins.records.twins import course_of, fit_of
from twins.samples.course import Course

FORECASTABLE = frozenset({FitOutcome.FITTED, FitOutcome.PRIOR_ONLY})
"""Outcomes on which a comparison is made; the others are states with their reason."""


_OTHER_VERSION = Sentence(
    "The twin was made with version {then} of {model}, which is now {now}; it is made again with the patient's next "
    "data."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One twin version with all that it was computed from, and the model as it is today."""

    version: TwinVersion
    drug: Drug
    model: PopulationModel
    course: Course
    fit: Fit

    @property
    def cannot(self) -> str:
        """Why nothing can be forecast from it, or nothing."""
        if self.fit.outcome not in FORECASTABLE:
            return self.fit.reason or str(self.fit.outcome.value)
        if self.version.model_version != self.model.version:
            return _OTHER_VERSION(then=self.version.model_version, model=self.model.title, now=self.model.version)
        return ""

    @property
    def current(self) -> Plan:
        """The plan in force, or no further doses."""
        return current_plan(self.course) or Plan("No further doses", None)


def version_at(
    subject: Subject, drug: str, model_id: str | None = None, *, at: datetime | None = None
) -> TwinVersion | None:
    """The newest version (by the drug's first model unless told otherwise), or the newest of those made by then."""
    rows = TwinVersion.objects.filter(subject=subject, drug=drug, model_id=model_id or model_ids(drug)[0])
    if at is not None:
        rows = rows.filter(created_at__lte=at)
    return rows.order_by("-number").first()


def standing(version: TwinVersion) -> Standing:
    """The version with its course, fit and model.

    Raises
    ------
    UnknownModelError
        If the formulary no longer has its model.
    """
    model = formulary.model(version.model_id)
    return Standing(version, drug_here(version.drug), model, course_of(version), fit_of(version))
