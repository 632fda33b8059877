"""The timeline shows what is there, marks what is missing, draws no line across a gap, and leads to each record."""

from zoneinfo import ZoneInfo

import pytest

from clinic.charts.timeline_chart import timeline_chart
from clinic.charts.timeline_marks import BinMark, Due, Mark, Steps, Timeline, Trace, VitalPanel, gaps, runs
from tests.clinic.charts.drawing import parsed
from tests.factories import vancomycin_case as case

LINK = "{http://www.w3.org/2000/svg}a"


def single(hour, value=80.0, href=""):
    return BinMark(hour, value, value, value, hour, hour, href=href, name=f"Heart rate at {hour:g}")


def minutely(first, last, count=30):
    return BinMark((first + last) / 2, 70.0, 80.0, 90.0, first, last, count)


def line(**changes):
    result = case.result()
    values = {
        "start": case.START,
        "low_h": 0.0,
        "high_h": 98.0,
        "as_of_h": 50.0,
        "doses": (
            Mark(0.0, 1000.0, href="/dose/1", name="Dose 1000 mg, 20 Nov 08:00"),
            Mark(12.0, 1250.0, used=False),
        ),
        "due": (Due(0.0, 1000.0), Due(24.0, 1000.0, missed=True), Due(60.0, 1000.0)),
        "levels": (
            Mark(23.5, 13.1, href="/level/1", name="Vancomycin level 13.1 mg/L, 21 Nov 07:30"),
            Mark(30.0, 55.0, used=False),
        ),
        "past": result.past,
        "forecast": result.forecasts[0],
        "steps": (
            Steps("Serum creatinine, mg/dL", (Mark(1.0, 0.9), Mark(24.0, 1.3)), 0.8, notes=((24.0, 50.0, "AKI 1"),)),
        ),
        "vitals": (
            VitalPanel(
                "Heart rate, /min",
                (Trace("heart rate", tuple(single(float(t)) for t in range(50) if not 20 < t < 30)),),
                40.0,
            ),
        ),
    }
    return Timeline(**{**values, **changes})


def drawn(timeline, width=900.0, **options):
    text = timeline_chart(timeline, zone=ZoneInfo("UTC"), prefix="t", width=width, **options)
    root = parsed(text)
    return root, ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_it_is_valid_has_no_style_and_names_each_panel():
    root, said = drawn(line())
    assert all("style" not in node.attrib for node in root.iter())
    for title in ("Serum creatinine, mg/dL", "Heart rate, /min"):
        assert title in said
    assert any(text.startswith("Vancomycin, mg/L") for text in said)
    assert any(text.startswith("Doses, mg") for text in said)


def test_left_out_values_are_said_to_be_left_out_and_not_only_drawn_so():
    root, said = drawn(line())
    assert "55.0 (left out)" in said
    assert "1250 out" in said
    assert "55.0 mg/L (left out)" in root.find("{*}desc").text


def test_points_are_links_with_names_that_can_be_reached_because_the_chart_is_no_image():
    root, _ = drawn(line())
    assert root.get("role") == "group"
    links = {node.get("href"): node.get("aria-label") for node in root.iter(LINK)}
    assert links["/level/1"] == "Vancomycin level 13.1 mg/L, 21 Nov 07:30"
    assert links["/dose/1"] == "Dose 1000 mg, 20 Nov 08:00"


def test_ordered_doses_are_open_marks_apart_from_the_bars_and_missed_ones_are_said():
    with_orders, without = drawn(line())[0], drawn(line(due=()))[0]

    def hollow(root):
        return sum(node.get("fill") == "none" and node.get("stroke-width") == "1.5" for node in root.iter())

    assert hollow(with_orders) - hollow(without) == 3
    assert "1 ordered and not given." in with_orders.find("{*}desc").text


def test_ordered_doses_lead_to_their_order_and_lie_above_the_bars_but_planned_ones_lead_nowhere():
    ordered = Due(0.0, 1000.0, missed=True, href="/order/1", name="Order 1000 mg every 12 h, due 20 Nov 08:00")
    root, _ = drawn(line(due=(ordered, Due(60.0, 1000.0))))
    links = list(root.iter(LINK))
    (leading,) = (node for node in links if node.get("href") == "/order/1")
    assert leading.get("aria-label") == "Order 1000 mg every 12 h, due 20 Nov 08:00"
    assert len(list(leading)) == 4  # title, ground, triangle, cross
    assert [node.get("href") for node in links].index("/dose/1") < links.index(leading)
    assert all(node.get("href") for node in links)


def test_a_gap_is_hatched_and_no_line_crosses_it():
    root, said = drawn(line())
    assert "no data" in said
    shaded = [n for n in root.iter("{http://www.w3.org/2000/svg}rect") if "url(#t-gap)" in n.get("fill", "")]
    assert len(shaded) == 1


def test_what_counts_as_a_gap_follows_the_rhythm_of_what_was_recorded():
    spot_checks = [single(hour) for hour in (0.0, 4.0, 8.0, 20.0)]
    assert runs(spot_checks) == [range(3), range(3, 4)]
    monitor = [minutely(0.0, 0.5), minutely(0.52, 1.0), minutely(2.0, 2.5)]
    assert runs(monitor) == [range(2), range(2, 3)]  # an hour without a value, from a device that records each minute
    from_monitor_to_ward = [minutely(0.0, 0.5), single(4.5)]
    assert runs(from_monitor_to_ward) == [range(2)]


def test_of_two_series_in_a_panel_one_fills_the_gap_of_the_other():
    often, seldom = [single(float(hour)) for hour in range(0, 24, 2)], [single(0.0), single(22.0)]
    assert gaps([often, seldom], 0.0, 24.0) == []
    assert gaps([seldom], 0.0, 24.0) == [(0.0, 22.0)]
    assert gaps([], 0.0, 24.0) == [(0.0, 24.0)]
    assert gaps([[single(-30.0), single(30.0)]], 0.0, 24.0) == [(0.0, 24.0)]


def test_few_points_lead_to_their_records_and_many_lead_closer():
    few = VitalPanel("Heart rate, /min", (Trace("heart rate", (single(3.0, href="/sample/3"),)),), 40.0)
    root, _ = drawn(line(vitals=(few,)), closer=lambda start, end: f"?from={start:%H}&to={end:%H}")
    assert [node.get("href") for node in root.iter(LINK) if "/sample/" in node.get("href")] == ["/sample/3"]
    many = VitalPanel(
        "Heart rate, /min", (Trace("heart rate", tuple(single(k / 2, href=f"/sample/{k}") for k in range(196))),), 40.0
    )
    root, _ = drawn(line(vitals=(many,)), closer=lambda start, end: f"?from={start:%d%H}&to={end:%d%H}")
    links = [node for node in root.iter(LINK) if not node.get("href").startswith(("/level", "/dose"))]
    assert len(links) == 12
    assert links[0].get("aria-label") == "Closer: 20 Nov 08:00 to 20 Nov 16:10"
    assert {node.get("tabindex") for node in links} == {"-1"}  # tables lead to the same, without a hundred stops


def test_a_value_from_before_the_window_holds_into_it():
    weight = Steps("Body weight, kg", (Mark(-20.0, 81.0),), 5.0, from_zero=False)
    root, said = drawn(line(steps=(weight,), vitals=()))
    assert "82" in said  # the axis is laid around the value
    assert not any(text.startswith("0.0") for text in said)
    assert "Body weight, kg: 81." in root.find("{*}desc").text


def test_without_a_twin_there_is_neither_fit_nor_forecast_but_all_that_was_measured():
    root, said = drawn(line(past=None, forecast=None))
    assert "13.1" in said
    assert not any("fit and forecast" in text for text in said)
    assert root.find("{*}desc").text.startswith("2 doses given.")


def test_the_moment_the_twin_knows_until_is_named():
    _, said = drawn(line())
    assert "data until 22 Nov 10:00" in said


@pytest.mark.parametrize("width", [360.0, 900.0])
def test_doses_so_close_that_labels_would_overlap_go_unlabelled(width):
    doses = tuple(Mark(0.5 * k, 1000.0) for k in range(190))
    _, said = drawn(line(doses=doses, due=()), width=width)
    assert said.count("1000") < 4
