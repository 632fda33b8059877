"""What an answer is computed from: a stored twin, or one made on the spot from what is known or was sent along."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from django.conf import settings

from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.individualise import individualise, seed_for
from twins.estimation.meant import beyond_ranges, not_meant_for
from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, current_plan
from twins.pharmacology.target import Target
from twins.quantities.clock import moment_at
from twins.records.courses import build_course
from twins.records.followed import model_ids
from twins.records.house import drug_here
from twins.records.models import Order, Subject, TwinVersion
from twins.records.twins import course_of, fit_of, latest
from twins.samples.course import Course

_FORECASTABLE = frozenset({FitOutcome.FITTED, FitOutcome.PRIOR_ONLY})


@dataclass(frozen=True)
class Basis:
    """A course, a model and its fit. `version` is the stored twin, or None where the fit was made for this answer.

    `remarks` are sentences about data that could not be used.
    """

    drug: Drug
    model: PopulationModel
    course: Course
    fit: Fit
    version: TwinVersion | None = None
    remarks: tuple[str, ...] = ()

    @cached_property
    def cannot(self) -> str:
        """Why nothing can be forecast, or nothing."""
        if self.fit.outcome not in _FORECASTABLE:
            return self.fit.reason or self.fit.outcome.value
        if unmeant := not_meant_for(self.model, self.course):
            return " ".join(unmeant)
        if self.version is not None and self.version.model_version != self.model.version:
            return (
                f"The twin was made with version {self.version.model_version} of {self.model.title}, which is now "
                f"{self.model.version}; it is made again with the patient's next data."
            )
        return ""

    @property
    def phases(self) -> tuple[Target, ...]:
        """Targets of which one holds at a time, by a phase of treatment that no chart tells; empty for most drugs."""
        first = self.drug.target
        alike = tuple(target for target in self.drug.targets if target.metric is first.metric)
        return alike if len(alike) > 1 else ()

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """Why nothing else is to be suggested, though the numbers can be shown: sentences."""
        found = beyond_ranges(self.model, self.course)
        if self.phases:
            names = ", ".join(target.name for target in self.phases)
            found += (f"Which target holds depends on what the chart does not tell ({names}); each is shown.",)
        return found

    @property
    def data_until(self) -> datetime:
        return moment_at(self.course.start, self.course.until_h)

    @cached_property
    def current(self) -> Plan:
        """The plan in force, or no further doses."""
        return current_plan(self.course) or Plan("No further doses", None)

    def named(self) -> dict[str, str]:
        """Keys and versions, for whoever wants to compute it again."""
        said = {"model": self.model.id, "modelVersion": self.model.version, "course": self.course.digest()}
        if self.version is not None:
            said |= {
                "twinVersion": str(self.version.pk),
                "twinNumber": str(self.version.number),
                "twinDigest": self.version.digest,
            }
        return said


def stored_basis(subject: Subject, drug: str) -> Basis | None:
    """The newest twin of the drug's first model, or None where there is none."""
    version = latest(subject, drug)
    if version is None:
        return None
    model = formulary.model(version.model_id)
    return Basis(drug_here(drug), model, course_of(version), fit_of(version), version)


def first_basis(subject: Subject, drug: str, draft: Order) -> Basis | None:
    """For a patient who has no twin yet: the population, with what the chart knows, from the draft order on."""
    return made(drug, build_course(subject, drug, drafts=[draft]))


def made(drug: str, course: Course | None, remarks: tuple[str, ...] = ()) -> Basis | None:
    """A fit made now, with the seed that a stored twin of the same course would have; drafts count as no order."""
    if course is None:
        return None
    course = replace(course, orders=tuple(order for order in course.orders if order.source))
    model = formulary.model(model_ids(drug)[0])
    seed = seed_for(course.digest(), model.id)
    fit = individualise(model, course, seed=seed, draws=settings.POSTERIOR_DRAWS)
    return Basis(drug_here(drug), model, course, fit, remarks=remarks)
