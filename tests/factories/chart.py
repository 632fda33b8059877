"""A subject's records, written the way accepted readings write them."""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from twins.records.models import GivenDose, Order, Question, QuestionAction, RecordState, Sex, StoredSample, Subject
from twins.samples.channel import Channel

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_NUMBERS = itertools.count(1)


@dataclass
class Chart:
    """Hours are counted from `START`; every record gets a source key of its own unless one is given."""

    subject: Subject
    received: datetime = START + timedelta(days=10)

    @classmethod
    def of(cls, **personal: Any) -> "Chart":
        known = {"sex": Sex.MALE, "age_years": 60, "age_as_of": date(2026, 3, 1), **personal}
        return cls(Subject.objects.create(**known))

    def dose(self, hour: float, amount: float = 1000.0, duration: float | None = 1.0, **other: Any) -> GivenDose:
        return GivenDose.objects.create(
            **self._sourced("MedicationAdministration", hour, other),
            drug="vancomycin",
            amount_mg=amount,
            duration_h=duration,
            **other,
        )

    def sample(self, channel: Channel, hour: float, value: float, **other: Any) -> StoredSample:
        return StoredSample.objects.create(
            **self._sourced("Observation", hour, other), channel=channel, value=value, **other
        )

    def level(self, hour: float, value: float, **other: Any) -> StoredSample:
        return self.sample(Channel.VANCOMYCIN, hour, value, **other)

    def order(self, hour: float, amount: float = 1000.0, interval: float = 12.0, **other: Any) -> Order:
        values = {"duration_h": 1.0, **other}
        return Order.objects.create(
            **self._sourced("MedicationRequest", hour, values),
            drug="vancomycin",
            amount_mg=amount,
            interval_h=interval,
            **values,
        )

    def question(
        self, record: Any, action: QuestionAction = QuestionAction.EXCLUDE, hour: float | None = None
    ) -> Question:
        return Question.objects.create(
            subject=self.subject,
            source_key=record.source_key,
            action=action,
            new_time=None if hour is None else START + timedelta(hours=hour),
            reason="drawn from the wrong line",
            asked_by="user-1",
            asked_at=START,
        )

    def stable(self) -> "Chart":
        """Two days of 1 g every 12 h, two levels, weight and creatinine."""
        self.order(0.0, source_key="ward/MedicationRequest/order")
        for number in range(4):
            self.dose(12.0 * number, source_key=f"ward/MedicationAdministration/{number}")
        self.sample(Channel.WEIGHT, -2.0, 80.0, source_key="ward/Observation/weight")
        self.sample(Channel.CREATININE, -2.0, 1.1, source_key="ward/Observation/creatinine")
        self.level(23.5, 11.0, source_key="ward/Observation/level-1")
        self.level(35.5, 14.0, source_key="ward/Observation/level-2")
        return self

    def _sourced(self, kind: str, hour: float, other: dict[str, Any]) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "source_key": other.pop("source_key", f"ward/{kind}/{next(_NUMBERS)}"),
            "source_version": other.pop("source_version", "1"),
            "state": other.pop("state", RecordState.ACTIVE),
            "event_time": START + timedelta(hours=hour),
            "received_time": other.pop("received_time", self.received),
        }
