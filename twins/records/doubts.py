"""The open questions of clinicians about a subject's records, applied to the rows before a course is made of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from twins.quantities.clock import hours_between
from twins.quantities.sentence import NAME, Measured, Sentence
from twins.records.models import GivenDose, Order, Question, QuestionAction, StoredSample, Subject
from twins.samples.channel import LABELS, Channel
from twins.samples.course import Finding, FindingCode

_DOSE = Sentence("The dose of {amount:g} mg {drug}", drug=NAME)
_ORDER = Sentence("The order of {amount:g} mg {drug} every {hours:g} h", drug=NAME)
_SAMPLE = Sentence("{channel} of {value:g} {unit}", channel=LABELS, value=Measured(of="channel"))
_WHAT = (_DOSE, _ORDER, _SAMPLE)
_LEFT_OUT = Sentence("{what} is left out: {reason}", what=_WHAT)
_LATER = Sentence("{what} is taken {hours:.2f} h later than recorded: {reason}", what=_WHAT)
_EARLIER = Sentence("{what} is taken {hours:.2f} h earlier than recorded: {reason}", what=_WHAT)

Row = TypeVar("Row", GivenDose, Order, StoredSample)


@dataclass(slots=True)
class Doubts:
    """Questions by `source_key`, and the rows that they were applied to."""

    questions: dict[str, Question]
    applied: list[tuple[Question, GivenDose | Order | StoredSample, datetime]] = field(default_factory=list)

    @classmethod
    def of(cls, subject: Subject) -> "Doubts":
        rows = Question.objects.filter(subject=subject, withdrawn_at__isnull=True)
        return cls({question.source_key: question for question in rows})

    def settle(self, rows: Iterable[Row]) -> list[Row]:
        """`rows` without the excluded ones, and with the new time on the re-timed ones (in memory only)."""
        kept = []
        for row in rows:
            question = self.questions.get(row.source_key)
            if question is None:
                kept.append(row)
                continue
            self.applied.append((question, row, row.event_time))
            if question.action == QuestionAction.RETIME:
                row.event_time = question.new_time
                kept.append(row)
        return kept

    def findings(self, start: datetime, drug: str) -> list[Finding]:
        """One finding for each row that a question was applied to, with the question's reason."""
        return [_finding(question, row, time, start, drug) for question, row, time in self.applied]


def _finding(
    question: Question, row: GivenDose | Order | StoredSample, time: datetime, start: datetime, drug: str
) -> Finding:
    what = _name(row, drug)
    if question.action == QuestionAction.EXCLUDE:
        return Finding(
            FindingCode.EXCLUDED_BY_USER,
            _LEFT_OUT(what=what, reason=question.reason),
            hours_between(start, time),
            row.reference,
        )
    moved = hours_between(time, question.new_time)
    taken = _LATER if moved >= 0 else _EARLIER
    return Finding(
        FindingCode.RETIMED_BY_USER,
        taken(what=what, hours=abs(moved), reason=question.reason),
        hours_between(start, question.new_time),
        row.reference,
    )


def _name(row: GivenDose | Order | StoredSample, drug: str) -> str:
    if isinstance(row, GivenDose):
        return _DOSE(amount=row.amount_mg, drug=drug)
    if isinstance(row, Order):
        return _ORDER(amount=row.amount_mg, drug=drug, hours=row.interval_h)
    channel = Channel(row.channel)
    return _SAMPLE(channel=channel.label, value=row.value, unit=channel.unit)
