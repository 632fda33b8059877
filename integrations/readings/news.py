"""Tell the twins that there is something to learn."""

from collections.abc import Iterable
from uuid import UUID

from twins.jobs.update import request_updates
from twins.records.followed import held
from twins.records.models import Subject


def tell_twins(subjects: Iterable[UUID]) -> None:
    """Ask, once a subject, for an update of the twins of each drug that the subject has a record of.

    Called in the transaction that stores the data: the request is kept if and only if the data are.
    """
    with held():
        for subject in Subject.objects.filter(pk__in=set(subjects)).order_by("pk"):
            request_updates(subject)
