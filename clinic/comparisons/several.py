"""The twins that a drug's models made of the very same data."""

from twins.pharmacology import formulary
from twins.records.models import TwinVersion
from twins.records.standing import Standing
from twins.records.together import siblings
from twins.records.twins import fit_of


def other_versions(version: TwinVersion) -> list[TwinVersion]:
    """The versions of other models that were made from the same course, one of each."""
    same = TwinVersion.objects.filter(
        subject=version.subject_id, drug=version.drug, course_digest=version.course_digest
    ).exclude(model_id=version.model_id)
    return list({other.model_id: other for other in same.defer("course").order_by("model_id", "number")}.values())


def other_standings(first: Standing) -> tuple[Standing, ...]:
    """Those of them that can forecast, in the order in which the models are kept."""
    found = (
        Standing(other, first.drug, formulary.model(other.model_id), first.course, fit_of(other))
        for other in siblings(first.version)
    )
    return tuple(each for each in found if not each.cannot)
