"""Twins as a worker makes them; the fit and the comparison of equal records are computed once in a process.

They are pure and bit-equal for equal records (tests/twins/jobs says so), and take most of the time of a test that only
needs a patient with a twin.
"""

from unittest import mock

from django.conf import settings

from twins.jobs import learn as learning
from twins.jobs.update import request_update, run
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.records.house import drug_here
from twins.records.models import Subject
from twins.samples.course import Course

_individual = learning.individual
_computed: dict[object, tuple[PopulationModel, object]] = {}


def learn(subject: Subject, drug: str = "vancomycin") -> None:
    """Ask for an update of the subject's twins, and do it."""
    with mock.patch.object(learning, "individual", _once):
        run(str(request_update(subject, drug).pk))


def _once(model_id: str, course: Course, *, with_comparison: bool) -> object:
    model = formulary.model(model_id)
    given = (course.digest(), with_comparison, repr(drug_here(course.drug)), settings.POSTERIOR_DRAWS)
    key = (id(model), *given)  # the model is kept beside what came of it, so that no other gets its id
    if key not in _computed:
        _computed[key] = model, _individual(model_id, course, with_comparison=with_comparison)
    return _computed[key][1]
