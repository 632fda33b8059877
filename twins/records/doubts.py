"""The open questions of clinicians about a subject's records, applied to the rows before a course is made of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from twins.quantities.clock import hours_between
from twins.records.models import GivenDose, Order, Question, QuestionAction, StoredSample, Subject
from twins.samples.channel import Channel
from twins.samples.course import Finding, FindingCode

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
            f"{what} is left out: {question.reason}",
            hours_between(start, time),
            row.reference,
        )
    moved = hours_between(time, question.new_time)
    way = "later" if moved >= 0 else "earlier"
    return Finding(
        FindingCode.RETIMED_BY_USER,
        f"{what} is taken {abs(moved):.2f} h {way} than recorded: {question.reason}",
        hours_between(start, question.new_time),
        row.reference,
    )


def _name(row: GivenDose | Order | StoredSample, drug: str) -> str:
    if isinstance(row, GivenDose):
        return f"The dose of {row.amount_mg:g} mg {drug}"
    if isinstance(row, Order):
        return f"The order of {row.amount_mg:g} mg {drug} every {row.interval_h:g} h"
    channel = Channel(row.channel)
    return f"{channel.label} of {row.value:g} {channel.unit}"
