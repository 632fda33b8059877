"""Build a `Course` from the stored records: equal data give an equal digest, in whatever order and when they arrived.

What is in it:

- One *episode* of one drug: doses without a pause of more than `EPISODE_GAP`, the last such run. An older episode has
  left the body and would only add its doubts.
- Time zero is the start of the episode's first dose, without seconds; without a dose the first level; without a level
  the start of the first order.
- Levels from `LOOK_BACK` before time zero on; covariates from then on and the last one before, if none lies between.
- Only what the drug's models read: a new heart rate makes no new course.
- `until_h` is the latest moment that these records speak of: a dose's end, a level, a covariate, an order's start (if
  it is at most `ORDER_AHEAD` ahead of what has happened), an order's end once it has passed. What *has happened* is
  judged by the patient's own records and never by this machine's clock, so that the course can be built again at any
  time. A value that was flagged ``level-in-future`` when it came in moves neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from twins.pharmacology import formulary
from twins.quantities.clock import hours_between
from twins.quantities.dose import Dose, Route
from twins.quantities.sentence import Sentence
from twins.records.bins import extent
from twins.records.doubts import Doubts
from twins.records.followed import followed, model_ids
from twins.records.models import GivenDose, Order, RecordState, Sex, StoredSample, Subject
from twins.samples.channel import LEVELS, Channel
from twins.samples.course import Course, CovariateValue, Finding, FindingCode, Level, OrderedRegimen
from twins.samples.quality import examine

EPISODE_GAP = timedelta(days=14)
LOOK_BACK = timedelta(days=7)
ORDER_AHEAD = timedelta(hours=24)
SHORTEST_DOSE = timedelta(minutes=1)
"""A bolus ends this long after its start, so that it lies before `until_h` and counts as given."""
ASSUMED_DURATION_H = 1.0
"""Of an infusion whose end and order say nothing."""

COVARIATE_CHANNELS = {
    Channel.CREATININE: "creatinine_mg_per_dl",
    Channel.WEIGHT: "weight_kg",
    Channel.HEIGHT: "height_cm",
    Channel.ALBUMIN: "albumin_g_per_l",
    Channel.HAEMATOCRIT: "haematocrit",
}

_HOURS = Sentence("{hours:g} h")
_OF_ITS_ORDER = Sentence("the {hours:g} h of its order")
_NO_END = Sentence(
    "The end of the infusion of {amount:g} mg was not recorded; {taken} taken instead.", taken=(_OF_ITS_ORDER, _HOURS)
)


@dataclass(slots=True)
class Records:
    """What a course is made of: rows in use, stored or not, of one drug and of the channels that its models read."""

    doses: Sequence[GivenDose] = ()
    orders: Sequence[Order] = ()
    levels: Sequence[StoredSample] = ()
    covariates: Sequence[StoredSample] = ()
    last_other: datetime | None = None
    """When anything but a level was last measured, vital signs included."""


def build_course(
    subject: Subject, drug: str, *, until: datetime | None = None, drafts: Sequence[Order] = ()
) -> Course | None:
    """All that the twin of `subject` for `drug` may know, or None where nothing was ordered, given or measured.

    Parameters
    ----------
    until
        Leave out what happened later; the course ends there. By default everything is taken.
    drafts
        Orders that are not on record, taken as if they were.

    Raises
    ------
    NotFollowedError
        If no twin is kept for `drug`.
    """
    doubts = Doubts.of(subject)
    level_channel, covariate_channels = channels(drug)
    records = Records(
        doses=doubts.settle(_active(GivenDose, subject, until).filter(drug=drug)),
        orders=[*doubts.settle(_active(Order, subject, until).filter(drug=drug)), *drafts],
        levels=doubts.settle(_active(StoredSample, subject, until).filter(channel=level_channel))
        if level_channel
        else (),
        covariates=doubts.settle(_active(StoredSample, subject, until).filter(channel__in=covariate_channels)),
    )
    if until is None:
        records.last_other = _last_other_sample(subject, level_channel)
    return course_from(records, subject, drug, doubts, until=until)


def course_from(
    records: Records, subject: Subject, drug: str, doubts: Doubts | None = None, *, until: datetime | None = None
) -> Course | None:
    """The course of these records, as `build_course` makes it; `subject` need not be stored, nor the rows."""
    doses, orders, levels = records.doses, records.orders, records.levels
    first = _first_moment(doses, levels, orders)
    if first is None:
        return None
    start = first.astimezone(UTC).replace(second=0, microsecond=0)
    since = start - LOOK_BACK
    doses = [dose for dose in doses if dose.event_time >= start]
    levels = [level for level in levels if level.event_time >= since]
    orders = [order for order in orders if order.end_time is None or order.end_time >= since]
    covariates = _in_force(records.covariates, since)

    findings: list[Finding] = []
    given = [_dose(dose, orders, start, findings) for dose in doses]
    end = until or _end(records.last_other, doses, levels, covariates, orders, start)
    findings += doubts.findings(start, drug) if doubts else []
    return examine(
        Course(
            drug=drug,
            start=start,
            until_h=max(0.0, hours_between(start, end)),
            doses=tuple(sorted(given, key=lambda d: (d.start_h, d.amount_mg, d.duration_h, d.source))),
            levels=tuple(
                sorted(
                    (Level(hours_between(start, s.event_time), s.value, s.reference) for s in levels),
                    key=lambda level: (level.time_h, level.value, level.source),
                )
            ),
            covariates=tuple(
                sorted(
                    [*_measured(covariates, start), *_personal(subject, start)],
                    key=lambda c: (c.name, c.time_h, c.value, c.source),
                )
            ),
            orders=tuple(
                sorted((_ordered(order, start) for order in orders), key=lambda o: (o.start_h, o.amount_mg, o.source))
            ),
            findings=tuple(sorted(findings, key=lambda f: (f.code, f.source, f.sentence))),
        )
    )


def channels(drug: str) -> tuple[Channel | None, tuple[Channel, ...]]:
    """The channel of the drug's levels (None: the doors take none in), and those of the covariates its models read.

    Raises
    ------
    NotFollowedError
        If no twin is kept for `drug`.
    """
    inputs: set[str] = set()
    for model in map(formulary.model, model_ids(drug)):
        inputs |= {*model.clinical_inputs, *(known.name for known in model.covariates)}
        inputs |= {part for rule in model.derived.values() for part in rule.inputs}
    covariates = tuple(channel for channel, name in COVARIATE_CHANNELS.items() if name in inputs)
    return formulary.drug(drug).level_channel, covariates


def drugs_on_record(subject: Subject) -> tuple[str, ...]:
    """The drugs that are followed and of which the subject has an order, a dose or a level, in the order of `followed`.

    A level's channel is named as its drug.
    """
    names = names_on_record(subject)
    return tuple(drug for drug in followed() if drug in names)


def names_on_record(subject: Subject) -> frozenset[str]:
    """Every drug of which the subject has an order, a dose or a level, followed or not. One query."""
    levels = StoredSample.objects.filter(subject=subject, channel__in=LEVELS).values_list("channel")
    known = (
        GivenDose.objects.filter(subject=subject)
        .values_list("drug")
        .union(
            Order.objects.filter(subject=subject).values_list("drug"),
            levels.filter(state=RecordState.ACTIVE),  # each by an index of its own
            levels.exclude(state=RecordState.ACTIVE),
        )
    )
    return frozenset(str(name) for (name,) in known)


def _active(kind, subject: Subject, until: datetime | None):
    rows = kind.objects.filter(subject=subject, state=RecordState.ACTIVE)
    return rows if until is None else rows.filter(event_time__lte=until)


def _first_moment(
    doses: Sequence[GivenDose], levels: Sequence[StoredSample], orders: Sequence[Order]
) -> datetime | None:
    times = sorted(dose.event_time for dose in doses)
    if times:
        first = times[-1]
        for time in reversed(times):
            if first - time > EPISODE_GAP:
                break
            first = time
        return first
    return min((r.event_time for r in levels), default=None) or min((r.event_time for r in orders), default=None)


def _in_force(samples: Sequence[StoredSample], since: datetime) -> list[StoredSample]:
    """Those from `since` on, and of each channel the last before it."""
    kept = [s for s in samples if s.event_time >= since]
    for channel in sorted({s.channel for s in samples}):
        before = [s for s in samples if s.channel == channel and s.event_time < since]
        kept += sorted(before, key=lambda s: (s.event_time, s.value, s.reference))[-1:]
    return kept


def _end(
    last_other: datetime | None,
    doses: list[GivenDose],
    levels: list[StoredSample],
    covariates: list[StoredSample],
    orders: list[Order],
    start: datetime,
) -> datetime:
    moments = [dose.event_time + max(timedelta(hours=dose.duration_h or 0.0), SHORTEST_DOSE) for dose in doses]
    moments += [s.event_time for s in (*levels, *covariates) if FindingCode.LEVEL_IN_FUTURE not in s.quality]
    happened = max([*moments, *([last_other] if last_other else [])], default=None)
    for order in orders:
        if happened is None or order.event_time <= happened + ORDER_AHEAD:
            moments.append(order.event_time)
        if order.end_time is not None and happened is not None and order.end_time <= happened:
            moments.append(order.end_time)
    return max([start, *moments])


def _last_other_sample(subject: Subject, level_channel: Channel | None) -> datetime | None:
    """When anything but a level was last measured of the patient, vital signs included."""
    return max((last for channel, (_, last) in extent(subject).items() if channel != level_channel), default=None)


def _dose(dose: GivenDose, orders: list[Order], start: datetime, findings: list[Finding]) -> Dose:
    time_h = hours_between(start, dose.event_time)
    duration_h = dose.duration_h
    if duration_h is None:
        order = _order_of(dose, orders)
        duration_h = order.duration_h if order else ASSUMED_DURATION_H
        taken = (_OF_ITS_ORDER if order else _HOURS)(hours=duration_h)
        findings.append(
            Finding(
                FindingCode.INFUSION_END_MISSING,
                _NO_END(amount=dose.amount_mg, taken=taken),
                time_h,
                dose.reference,
            )
        )
    return Dose(time_h, dose.amount_mg, duration_h, Route(dose.route or Route.INTRAVENOUS), dose.reference)


def _order_of(dose: GivenDose, orders: Iterable[Order]) -> Order | None:
    """The order that the dose names, else the last one running when it was given."""
    named = [o for o in orders if dose.order_key and o.source_key == dose.order_key]
    running = [
        o for o in orders if o.event_time <= dose.event_time and (o.end_time is None or o.end_time >= dose.event_time)
    ]
    return max(named or running, key=lambda o: (o.event_time, o.amount_mg, o.reference), default=None)


def _measured(samples: Iterable[StoredSample], start: datetime) -> list[CovariateValue]:
    return [
        CovariateValue(COVARIATE_CHANNELS[Channel(s.channel)], hours_between(start, s.event_time), s.value, s.reference)
        for s in samples
    ]


def _personal(subject: Subject, start: datetime) -> list[CovariateValue]:
    """Age, sex and dialysis. An unknown sex or age is left out: missing is never zero."""
    values = []
    if subject.age_years is not None and subject.age_as_of is not None:
        values.append(
            CovariateValue("age_y", 0.0, float(subject.age_years + _whole_years(subject.age_as_of, start.date())))
        )
    if subject.sex != Sex.UNKNOWN:
        values.append(CovariateValue("male", 0.0, 1.0 if subject.sex == Sex.MALE else 0.0))
    since = subject.haemodialysis_since
    if since is None or since > start:
        values.append(CovariateValue("haemodialysis", 0.0, 0.0))
    if since is not None:
        values.append(
            CovariateValue("haemodialysis", max(0.0, hours_between(start, since)), 1.0, subject.haemodialysis_source)
        )
    return values


def _whole_years(first: date, last: date) -> int:
    """Whole years from `first` to `last`, towards zero where `last` is earlier."""
    if last < first:
        return -_whole_years(last, first)
    return last.year - first.year - ((last.month, last.day) < (first.month, first.day))


def _ordered(order: Order, start: datetime) -> OrderedRegimen:
    return OrderedRegimen(
        start_h=hours_between(start, order.event_time),
        amount_mg=order.amount_mg,
        interval_h=order.interval_h,
        duration_h=order.duration_h,
        end_h=None if order.end_time is None else hours_between(start, order.end_time),
        source=order.reference,
        route=Route(order.route) if order.route else None,
    )
