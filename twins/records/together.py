"""The twin versions that one comparison was made from: one, or those of several models on the same course."""

from collections.abc import Sequence

from twins.forecasts.averaged import Averaged
from twins.records.followed import followed
from twins.records.models import Comparison, TwinVersion


class OtherDataError(ValueError):
    """Twins of different data cannot be averaged."""


def siblings(version: TwinVersion) -> list[TwinVersion]:
    """The versions of the drug's other models that were made from the very same course, in the order of the models.

    Only of models that the drug is followed by.
    """
    order = followed().get(version.drug, ())
    same = TwinVersion.objects.filter(
        subject=version.subject_id, drug=version.drug, course_digest=version.course_digest
    ).exclude(model_id=version.model_id)
    newest = {other.model_id: other for other in same.defer("course").order_by("number")}
    return sorted(
        (other for other in newest.values() if other.model_id in order), key=lambda other: order.index(other.model_id)
    )


def versions_of(comparison: Comparison) -> tuple[TwinVersion, ...]:
    """Those that a stored comparison was made from, in the order of its shares.

    Raises
    ------
    OtherDataError
        One of them is not stored any more, which the database does not allow.
    """
    first = comparison.twin_version
    kept = comparison.result.get("averaged")
    if kept is None:
        return (first,)
    shares = Averaged.from_json(kept).shares
    same = TwinVersion.objects.filter(subject=first.subject_id, drug=first.drug, course_digest=first.course_digest)
    found = {version.digest: version for version in same}
    missing = [share.model_id for share in shares if share.twin not in found]
    if missing:
        raise OtherDataError(f"the twin of {missing[0]} that the comparison was made from is not stored")
    return tuple(found[share.twin] for share in shares)


def together(version: TwinVersion, others: Sequence[TwinVersion]) -> tuple[TwinVersion, ...]:
    """All of them, after it was looked at that they stand on the same data.

    Raises
    ------
    OtherDataError
    """
    for other in others:
        if (other.subject_id, other.course_digest) != (version.subject_id, version.course_digest):
            raise OtherDataError(f"twin {other.pk} was made from other data than twin {version.pk}")
    return (version, *others)
