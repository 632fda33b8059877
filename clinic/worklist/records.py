"""The records of a patient that the page shows: doses, levels, orders and covariates, and what is asked about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from clinic.access.actor import key_of
from clinic.charts.words import dose
from clinic.measures.numbers import plain
from clinic.measures.units import unit_of
from clinic.patients.models import Patient
from clinic.twin_words.said import said
from clinic.worklist.drug_shown import Shown
from twins.pharmacology.regimen import way
from twins.quantities.dose import Route
from twins.records.models import GivenDose, Order, Question, QuestionAction, RecordState, StoredSample
from twins.samples.channel import Channel

Record: TypeAlias = GivenDose | Order | StoredSample

KINDS: Mapping[str, type[GivenDose] | type[Order] | type[StoredSample]] = {
    "sample": StoredSample,
    "dose": GivenDose,
    "order": Order,
}
"""What a record is called in an address."""
MOST_READ = 2000
"""The newest of each kind; a page that reads more would keep its reader waiting."""
LISTED = 40
"""The newest are in the page's tables; all of them have pages of their own."""


def kind_of(record: Record) -> str:
    return next(name for name, model in KINDS.items() if isinstance(record, model))


def address_of(record: Record) -> str:
    """The page of one record."""
    return sample_address(record.subject_id, record.pk, kind_of(record))


def sample_address(subject_key: object, number: int, kind: str = "sample") -> str:
    return reverse("record", kwargs={"subject_key": subject_key, "kind": kind, "number": number})


def what(record: Record) -> str:
    """``Dose``, ``Order``, ``Vancomycin level``."""
    if isinstance(record, StoredSample):
        return said(Channel(record.channel).label)
    return pgettext("record", "Dose") if isinstance(record, GivenDose) else pgettext("record", "Order")


def lists(channels: Iterable[Channel], *, doses: bool = True, orders: bool = True) -> list[tuple[str, str]]:
    """The label of each kind of record, and what it is called in an address."""
    named = [(pgettext("records", "Doses"), "doses")] if doses else []
    named += [(pgettext("records", "Orders"), "orders")] if orders else []
    return named + [(said(channel.label), str(channel)) for channel in channels]


def value(record: Record) -> str:
    """What it says: ``1000 mg over 1 h``, ``13.1 mg/L``."""
    if isinstance(record, StoredSample):
        return unit_of(Channel(record.channel)).said(record.value)
    if isinstance(record, GivenDose):
        return dose(record.amount_mg, record.duration_h, record.route)
    return _ordered(record)


def _ordered(order: Order) -> str:
    amount, interval, length = plain(order.amount_mg), plain(order.interval_h), plain(order.duration_h or 0, 3)
    if order.route in (Route.ORAL, Route.RECTAL):
        by = said(way(Route(order.route)))
        return _("{amount} mg every {interval} h {way}").format(amount=amount, interval=interval, way=by)
    if order.duration_h is None:
        words = _("{amount} mg every {interval} h (end not recorded)")
    elif order.duration_h:
        words = _("{amount} mg every {interval} h over {length} h")
    else:
        words = _("{amount} mg every {interval} h as a bolus")
    return words.format(amount=amount, interval=interval, length=length)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record, and the open question about it with the name of who asked."""

    record: Record
    question: Question | None = None
    asked_by: str = ""

    @property
    def what(self) -> str:
        return what(self.record)

    @property
    def detail(self) -> str:
        return value(self.record)

    @property
    def time(self) -> datetime:
        return self.record.event_time

    @property
    def href(self) -> str:
        return address_of(self.record)


def rows_of(records: Iterable[Record], questions: Mapping[str, Question], names: Mapping[str, str]) -> list[RecordRow]:
    """Rows for the table, in the order given."""
    found = []
    for record in records:
        question = questions.get(record.source_key)
        found.append(RecordRow(record, question, names.get(question.asked_by, "") if question else ""))
    return found


def names_of(keys: Iterable[str]) -> dict[str, str]:
    """The names behind opaque keys such as ``user-7``, in one query; those of nobody stay keys."""
    wanted = {key for key in keys if key}
    numbers = [int(key.removeprefix("user-")) for key in wanted if key.removeprefix("user-").isdecimal()]
    found = {key: _("the system") if key == "system" else key for key in wanted}
    if numbers:
        for user in get_user_model().objects.filter(pk__in=numbers):
            found[key_of(user)] = user.get_full_name() or user.get_username()
    return found


def open_questions(subject: object) -> dict[str, Question]:
    """By the source key of the record that is questioned."""
    rows = Question.objects.filter(subject=subject, withdrawn_at__isnull=True)
    return {question.source_key: question for question in rows}


@dataclass(frozen=True, slots=True)
class Records:
    """The subject's records in use, in order of time."""

    doses: list[GivenDose]
    samples: list[StoredSample]
    """Levels of the drug and what its twin reads besides."""
    orders: list[Order]
    shown: Shown
    questions: Mapping[str, Question]
    names: Mapping[str, str]
    """Of those who asked."""
    replaced: int
    """How many versions were superseded or withdrawn by their sources."""

    @classmethod
    def of(cls, patient: Patient, shown: Shown) -> "Records":
        about = {"subject": patient.subject}
        samples = StoredSample.objects.filter(**about, channel__in=shown.channels)
        doses = GivenDose.objects.filter(**about, drug=shown.name)
        orders = Order.objects.filter(**about, drug=shown.name)
        questions = open_questions(patient.pk)
        replaced = ~Q(state=RecordState.ACTIVE)
        return cls(
            doses=_newest(doses),
            samples=_newest(samples),
            orders=_newest(orders),
            shown=shown,
            questions=questions,
            names=names_of(question.asked_by for question in questions.values()),
            replaced=samples.filter(replaced).count() + doses.filter(replaced).count(),
        )

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Kind and number of each, as in its address: they name exactly these versions of the records."""
        return [(kind_of(record), record.pk) for record in (*self.doses, *self.orders, *self.samples)]

    @property
    def levels(self) -> list[StoredSample]:
        """Of the drug that is shown; none where the doors take none in."""
        channel = self.shown.level_channel
        return [] if channel is None else self.of_channel(channel)

    def of_channel(self, channel: Channel) -> list[StoredSample]:
        return [sample for sample in self.samples if sample.channel == channel]

    def tables(self) -> tuple[list[RecordRow], list[RecordRow], bool]:
        """Levels and doses, the newest first; what the twin reads besides; and whether some are not listed."""
        levels = self.levels
        others = [sample for sample in self.samples if sample.channel != self.shown.level_channel]
        main = _newest_first([*self.doses, *levels])
        besides = _newest_first([*self.orders, *others])
        return (
            rows_of(main[:LISTED], self.questions, self.names),
            rows_of(besides[:LISTED], self.questions, self.names),
            len(main) > LISTED or len(besides) > LISTED,
        )

    def is_left_out(self, record: Record) -> bool:
        question = self.questions.get(record.source_key)
        return question is not None and question.action == QuestionAction.EXCLUDE

    def time_of(self, record: Record) -> datetime:
        """When it counts: the recorded time, or the one that somebody said instead."""
        question = self.questions.get(record.source_key)
        moved = question.new_time if question is not None and question.action == QuestionAction.RETIME else None
        return moved or record.event_time


def _newest(rows: QuerySet[Any]) -> list[Any]:
    """Those in use, the newest `MOST_READ` of them, in order of time."""
    return list(rows.filter(state=RecordState.ACTIVE).order_by("-event_time", "-pk")[:MOST_READ])[::-1]


def _newest_first(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.event_time, reverse=True)
