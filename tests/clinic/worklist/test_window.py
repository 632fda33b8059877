"""The window of the timeline: asked for in the address, moved by links, and never an error page."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.worklist.window import SHORTEST, Span, Window, asked, between

FIRST = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
UNTIL = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SPAN = Span(FIRST, UNTIL, has_forecast=True)
ZURICH = ZoneInfo("Europe/Zurich")


def ask(**given_):
    window, problems = asked({name.rstrip("_"): value for name, value in given_.items()}, SPAN, ZURICH)
    return window, " ".join(problems)


@pytest.mark.parametrize(("name", "past"), [("24h", 24), ("72h", 72), ("7d", 168)])
def test_a_named_window_shows_so_much_of_the_past_and_the_forecast(name, past):
    window, problems = ask(window=name)
    assert problems == ""
    assert timedelta(0) <= UNTIL - timedelta(hours=past) - window.start <= timedelta(hours=past / 40)
    assert window.end == UNTIL + timedelta(hours=min(past, 48))
    assert [link.label for link in window.zooms if link.chosen] == [
        {"24h": "24 hours", "72h": "3 days"}.get(name, "7 days")
    ]


def test_all_begins_with_the_first_record_and_a_week_is_usual():
    assert ask(window="all")[0].start <= FIRST
    assert ask()[0] == ask(window="7d")[0]


def test_times_without_a_zone_are_on_the_wards_clock():
    window, _ = ask(from_="2026-11-20T08:00", to="2026-11-20T20:00Z")
    assert window.start == datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    assert window.end == datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"window": "fortnight"}, "no window 'fortnight'. Choose 24h, 72h, 7d, all"),
        ({"from_": "yesterday"}, "from is 'yesterday', which is no time"),
        ({"to": "2026-13-41T08:00"}, "to is '2026-13-41T08:00'"),
        ({"from_": "9999-12-31T23:59"}, "no time that can be shown"),
        ({"from_": "2026-11-22T10:00Z", "to": "2026-11-22T09:00Z"}, "not at least 10 minutes after"),
        ({"from_": "1901-01-01T00:00Z", "to": "2026-11-22T09:00Z"}, "More than ten years"),
    ],
)
def test_what_cannot_be_shown_is_said_and_the_usual_window_is_shown(wrong, said):
    window, problems = ask(**wrong)
    assert said in problems
    assert window == ask()[0]


def test_moves_lead_half_a_window_on_and_back_and_end_where_nothing_is():
    window, _ = ask(from_="2026-11-10T08:00Z", to="2026-11-10T20:00Z")
    moves = {link.label: parse_qs(link.query) for link in window.moves}
    assert moves["Earlier"] == {"from": ["2026-11-10T02:00Z"], "to": ["2026-11-10T14:00Z"]}
    assert moves["Later"] == {"from": ["2026-11-10T14:00Z"], "to": ["2026-11-11T02:00Z"]}
    assert moves["Closer"] == {"from": ["2026-11-10T11:00Z"], "to": ["2026-11-10T17:00Z"]}
    assert moves["Wider"] == {"from": ["2026-11-10T02:00Z"], "to": ["2026-11-11T02:00Z"]}
    whole = {link.label: link.query for link in ask(window="all")[0].moves}
    assert whole["Earlier"] == whole["Later"] == ""
    shortest = Window(UNTIL, UNTIL + SHORTEST, "", SPAN)
    assert {link.label: link.query for link in shortest.moves}["Closer"] == ""


@given(st.fixed_dictionaries({name: st.text(max_size=40) for name in ("window", "from", "to")}))
def test_whatever_is_asked_there_is_a_window(given_):
    window, _ = asked(given_, SPAN, ZURICH)
    assert window.start < window.end


@given(
    st.timedeltas(timedelta(days=-20_000), timedelta(days=30_000)).map(lambda away: UNTIL + away),
    st.timedeltas(timedelta(minutes=10), timedelta(days=3000)),
)
def test_a_link_leads_to_the_window_that_it_was_made_for_and_its_own_links_too(start, length):
    query = {name: values[0] for name, values in parse_qs(between(start, start + length)).items()}
    window, problems = asked(query, SPAN, ZURICH)
    assert problems == ()
    assert timedelta(0) <= start - window.start < timedelta(minutes=1)
    for link in window.moves:
        if link.query:
            assert asked({name: v[0] for name, v in parse_qs(link.query).items()}, SPAN, ZURICH)[1] == ()
