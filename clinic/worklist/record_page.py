"""Everything that is known of one record: where it came from, its text as received, its quality, and who doubted it."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from clinic.charts.shown_levels import ShownLevels
from clinic.charts.twin_facts import FindingRow, finding_rows
from clinic.patients.models import Patient
from clinic.worklist.records import KINDS, Record, RecordRow, kind_of, names_of, rows_of, value, what
from twins.records.courses import COVARIATE_CHANNELS
from twins.records.followed import followed
from twins.records.models import Question, RecordState, StoredSample, TwinVersion
from twins.records.twins import course_of
from twins.samples.channel import LEVELS, Channel

SHOWN_CHARACTERS = 20_000
SIBLINGS_SHOWN = 20
_QUALITY = {
    "level-in-future": _("By its source's own clock it was written down before it was measured; no twin uses it."),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question about the record, open or taken back, with the names of the people."""

    question: Question
    asked_by: str
    withdrawn_by: str


@dataclass(frozen=True, slots=True)
class RecordPage:
    record: Record
    kind: str
    received: Any
    """The resource as received, or None; see `settings.RECEIVED_RESOURCE`."""
    quality: tuple[str, ...]
    findings: tuple[FindingRow, ...]
    """What the newest twin says of it."""
    doubts: tuple[Doubt, ...]
    versions: tuple[RecordRow, ...]
    """Other versions of the record, the newest first."""
    siblings: tuple[RecordRow, ...]
    """Other values that the same resource holds."""
    sibling_count: int

    @classmethod
    def of(cls, patient: Patient, record: Record) -> "RecordPage":
        """Read with a fixed number of queries."""
        same = _same_resource(record)
        siblings = same.filter(source_version=record.source_version).exclude(pk=record.pk)
        versions = same.filter(part=record.part).exclude(source_version=record.source_version)
        questions = list(
            Question.objects.filter(subject=patient.pk, source_key=record.source_key).order_by("-asked_at")
        )
        names = names_of(key for one in questions for key in (one.asked_by, one.withdrawn_by))
        return cls(
            record=record,
            kind=kind_of(record),
            received=received(record),
            quality=quality(record),
            findings=_findings(patient, record),
            doubts=tuple(Doubt(one, names.get(one.asked_by, ""), names.get(one.withdrawn_by, "")) for one in questions),
            versions=tuple(rows_of(versions.order_by("-received_time", "-pk")[:SIBLINGS_SHOWN], {}, {})),
            siblings=tuple(rows_of(siblings.order_by("event_time", "pk")[:SIBLINGS_SHOWN], {}, {})),
            sibling_count=siblings.count(),
        )

    @property
    def what(self) -> str:
        return what(self.record)

    @property
    def value(self) -> str:
        return value(self.record)

    @property
    def device(self) -> str:
        """The device's name at its source, and what its own resource calls it."""
        key = getattr(self.record, "device_key", "")
        name = self.received.device if self.received else ""
        named = dict.fromkeys((name, "/".join(key.rsplit("/", 2)[-2:])))
        return " · ".join(part for part in named if part)

    @property
    def source(self) -> str:
        return self.record.source_key.split("/", 1)[0]

    @property
    def open_question(self) -> Doubt | None:
        return next((doubt for doubt in self.doubts if doubt.question.withdrawn_at is None), None)

    @property
    def can_be_questioned(self) -> bool:
        return self.record.state == RecordState.ACTIVE and self.open_question is None

    @property
    def text(self) -> str:
        return self.received.text[:SHOWN_CHARACTERS] if self.received else ""

    @property
    def left_out(self) -> int:
        """Characters of the text that are not shown."""
        return max(0, len(self.received.text) - SHOWN_CHARACTERS) if self.received else 0

    @property
    def series(self) -> str:
        """Where the other values of its kind are listed."""
        return series_of(self.record)


def received(record: Record) -> Any:
    """The resource that the record was read from, as it was received; None where it is not here."""
    find = import_string(settings.RECEIVED_RESOURCE)
    return find(record.source_key, record.source_version, record.subject_id, getattr(record, "device_key", ""))


def series_of(record: Record) -> str:
    return record.channel if isinstance(record, StoredSample) else f"{kind_of(record)}s"


def quality(record: Record) -> tuple[str, ...]:
    """The flags that the door set, in words."""
    if not isinstance(record, StoredSample):
        return ()
    return tuple(str(_QUALITY.get(flag, flag)) for flag in record.quality)


def _same_resource(record: Record) -> Any:
    return KINDS[kind_of(record)].objects.filter(source_key=record.source_key, subject=record.subject_id)


def _findings(patient: Patient, record: Record) -> tuple[FindingRow, ...]:
    if isinstance(record, StoredSample) and Channel(record.channel) not in _READ:
        return ()
    firsts = [models[0] for models in followed().values()]
    newest = TwinVersion.objects.filter(subject=patient.pk, model_id__in=firsts, child__isnull=True)
    found = ((ShownLevels.of(version.drug), course_of(version)) for version in newest.only("course", "drug"))
    rows = (row for levels, course in found for row in finding_rows(levels.course(course)))
    return tuple(row for row in rows if row.source == record.reference)


_READ = frozenset({*LEVELS, *COVARIATE_CHANNELS})
