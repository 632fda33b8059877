"""Where the record behind an input of a twin can be opened, and questioned."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import Value
from django.urls import reverse

from twins.pharmacology import formulary
from twins.records.courses import COVARIATE_CHANNELS
from twins.records.models import GivenDose, Order, RecordState, StoredSample, TwinVersion

_SAME_TIME = timedelta(minutes=1)


class Linked:
    """Addresses of the records of one patient and drug, by their names at their sources. One query."""

    def __init__(self, version: TwinVersion) -> None:
        level = formulary.drug(version.drug).level_channel
        channels = (*COVARIATE_CHANNELS, *((level,) if level else ()))
        mine = {"subject": version.subject_id}
        columns = ("source_key", "event_time", "state", "pk", "kind")
        doses, orders, samples = (
            found.annotate(kind=Value(kind)).values_list(*columns)
            for kind, found in (
                ("dose", GivenDose.objects.filter(**mine, drug=version.drug)),
                ("order", Order.objects.filter(**mine, drug=version.drug)),
                ("sample", StoredSample.objects.filter(**mine, channel__in=channels)),
            )
        )
        self._subject = version.subject_id
        self._rows: dict[str, list[tuple[datetime, bool, int, str]]] = defaultdict(list)
        for key, time, state, number, kind in doses.union(orders, samples, all=True):
            name = "/".join(key.rsplit("/", 2)[-2:])
            self._rows[name].append((time, state == RecordState.ACTIVE, number, kind))

    def to(self, source: str, when: datetime | None = None) -> str:
        """The address; empty where no record stands behind `source`.

        Of several rows (versions, values of one resource, two sources that use one name) the one of that time is meant,
        then the one in use, then the newest.
        """
        rows = self._rows.get(source)
        if not rows:
            return ""
        _, _, number, kind = max(
            rows, key=lambda row: (when is not None and abs(row[0] - when) < _SAME_TIME, row[1], row[2])
        )
        return reverse("record", kwargs={"subject_key": self._subject, "kind": kind, "number": number})
