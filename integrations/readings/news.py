"""Tell the twins that there is something to learn."""

from collections.abc import Iterable
from uuid import UUID

from twins.jobs.update import request_update
from twins.records.models import GivenDose, Order, StoredSample, Subject
from twins.samples.channel import Channel

DRUG_CHANNELS = {"vancomycin": Channel.VANCOMYCIN}
"""Each drug that twins are kept for, and the channel of its levels."""


def tell_twins(subjects: Iterable[UUID]) -> None:
    """Ask, once a subject, for an update of the twins of each drug that the subject has a record of.

    Called in the transaction that stores the data: the request is kept if and only if the data are.
    """
    for subject in Subject.objects.filter(pk__in=set(subjects)).order_by("pk"):
        for drug, channel in DRUG_CHANNELS.items():
            if (
                GivenDose.objects.filter(subject=subject, drug=drug).exists()
                or Order.objects.filter(subject=subject, drug=drug).exists()
                or StoredSample.objects.filter(subject=subject, channel=channel).exists()
            ):
                request_update(subject, drug)
