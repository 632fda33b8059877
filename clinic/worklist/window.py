"""The stretch of time that the timeline shows: asked for in the address, so that a link shows the same again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

NAMED: Mapping[str, tuple[str | Promise, timedelta | None]] = {
    "24h": (gettext_lazy("24 hours"), timedelta(hours=24)),
    "72h": (gettext_lazy("3 days"), timedelta(hours=72)),
    "7d": (gettext_lazy("7 days"), timedelta(days=7)),
    "all": (gettext_lazy("all"), None),
}
"""What can be asked for by name, and how much of the past it shows; None: from the first record on."""
BY_DEFAULT = "7d"
AHEAD = timedelta(hours=48)
"""How much of the forecast is shown at most beside the past; never more than the past itself."""
SHORTEST = timedelta(minutes=10)
LONGEST = timedelta(days=3660)
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """What there is to show: from the first record to the last moment known, and how far a forecast goes beyond."""

    first: datetime
    until: datetime
    has_forecast: bool


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    query: str
    """The end of an address, without its question mark; empty where it leads nowhere else."""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when; `name` is one of `NAMED`, or empty where the ends were given."""

    start: datetime
    end: datetime
    name: str
    span: Span

    @classmethod
    def named(cls, name: str, span: Span) -> "Window":
        past = NAMED[name][1]
        start = span.first if past is None else max(span.first, span.until - past)
        start = min(start, span.until - SHORTEST)
        length = span.until - start
        start -= length / 50  # so that the first mark does not lie on the axis
        end = span.until + (min(AHEAD, max(length, timedelta(hours=12))) if span.has_forecast else length / 25)
        return cls(start, end, name, span)

    @property
    def query(self) -> str:
        return f"window={self.name}" if self.name else between(self.start, self.end)

    @property
    def zooms(self) -> tuple[Link, ...]:
        """The named windows."""
        return tuple(Link(str(label), f"window={name}", name == self.name) for name, (label, _past) in NAMED.items())

    @property
    def moves(self) -> tuple[Link, ...]:
        """Half a window back and on, half as much and twice as much; what leads to nothing has no address."""
        length = self.end - self.start
        half, quarter = length / 2, length / 4
        last = max(self.span.until + AHEAD, self.span.until)
        return (
            Link(_("Earlier"), between(self.start - half, self.end - half) if self.start > self.span.first else ""),
            Link(_("Later"), between(self.start + half, self.end + half) if self.end < last else ""),
            Link(
                _("Closer"),
                between(self.start + quarter, self.end - quarter) if half >= SHORTEST else "",
            ),
            Link(
                _("Wider"),
                between(self.start - half, self.end + half) if length * 2 <= LONGEST and _within(self, half) else "",
            ),
        )


def between(start: datetime, end: datetime) -> str:
    """``from=…&to=…`` to the minute, outwards, in UTC."""
    first = start.astimezone(UTC).replace(second=0, microsecond=0)
    last = end.astimezone(UTC)
    if last.second or last.microsecond:
        last = last.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return urlencode({"from": f"{first:%Y-%m-%dT%H:%MZ}", "to": f"{last:%Y-%m-%dT%H:%MZ}"}, safe=":")


def _within(window: Window, more: timedelta) -> bool:
    return window.start - more > _FIRST and window.end + more < _LAST


def asked(given: Mapping[str, str], span: Span, zone: tzinfo) -> tuple[Window, tuple[str, ...]]:
    """The window that the address asks for, and what is wrong with what it asks in words; then it is the usual one."""
    name, start, end = (given.get(key, "").strip() for key in ("window", "from", "to"))
    usual = Window.named(BY_DEFAULT, span)
    if start or end:
        first, last, found = ends(given, zone)
        problems = list(found)
        if problems:
            return usual, found
        last = last or max(usual.end, (first or usual.start) + timedelta(hours=24))
        first = first or last - (usual.end - usual.start)
        if last - first < SHORTEST:
            said = _("The end ({end}) is not at least 10 minutes after the beginning ({start}).")
            problems.append(said.format(start=start, end=end))
        elif last - first > LONGEST:
            problems.append(_("More than ten years cannot be shown at once. Give times that are closer together."))
        return (usual, tuple(problems)) if problems else (Window(first, last, "", span), ())
    if name and name not in NAMED:
        said = _("There is no window {name}. Choose {known}, or give from and to.")
        return usual, (said.format(name=repr(name[:20]), known=", ".join(NAMED)),)
    return (Window.named(name, span) if name else usual), ()


def ends(given: Mapping[str, str], zone: tzinfo) -> tuple[datetime | None, datetime | None, tuple[str, ...]]:
    """``from`` and ``to`` of an address, and what is wrong with them in words; nothing of what is wrong is used."""
    problems: list[str] = []
    start, end = (_time(field, given.get(field, "").strip(), zone, problems) for field in ("from", "to"))
    return start, end, tuple(problems)


def _time(field: str, text: str, zone: tzinfo, problems: list[str]) -> datetime | None:
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        if moment is not None:
            moment = timezone.make_aware(moment, zone) if timezone.is_naive(moment) else moment
            if _FIRST < moment < _LAST:
                return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    said = _("{field} is {text}, which is no time that can be shown. Write it as 2026-11-22T14:05.")
    problems.append(said.format(field=field, text=repr(text[:40])))
    return None
