"""The timeline shows what is there, marks what is missing, and draws no line across a gap."""

from zoneinfo import ZoneInfo

from clinic.charts.panel import runs
from clinic.charts.timeline_chart import (
    DoseMark,
    Measured,
    Timeline,
    Trace,
    VitalPanel,
    binned,
    gaps,
    timeline_chart,
)
from tests.clinic.charts.drawing import parsed
from tests.factories import vancomycin_case as case


def line(**changes):
    result = case.result()
    values = {
        "start": case.START,
        "low_h": 0.0,
        "high_h": 98.0,
        "as_of_h": 50.0,
        "doses": (DoseMark(0.0, 1000.0), DoseMark(12.0, 1250.0, used=False)),
        "levels": (Measured(23.5, 13.1), Measured(30.0, 55.0, used=False)),
        "past": result.past,
        "forecast": result.forecasts[0],
        "creatinine": (Measured(1.0, 0.9), Measured(24.0, 1.3)),
        "vitals": (
            VitalPanel(
                "Heart rate, /min",
                (Trace("heart rate", binned([(t * 0.5, 80.0) for t in range(100) if not 40 < t < 60], 0.5)),),
                40.0,
            ),
        ),
    }
    return Timeline(**{**values, **changes})


def drawn(timeline, width=900.0):
    text = timeline_chart(timeline, zone=ZoneInfo("UTC"), prefix="t", width=width)
    root = parsed(text)
    return root, ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_it_is_valid_has_no_style_and_names_each_panel():
    root, said = drawn(line())
    assert all("style" not in node.attrib for node in root.iter())
    for title in ("Doses given, mg", "Serum creatinine, mg/dL", "Heart rate, /min"):
        assert title in said
    assert any(text.startswith("Vancomycin, mg/L") for text in said)


def test_left_out_values_are_said_to_be_left_out_and_not_only_drawn_so():
    root, said = drawn(line())
    assert "55.0 (left out)" in said
    assert "1250 out" in said
    assert "55.0 mg/L (left out)" in root.find("{*}desc").text


def test_a_gap_is_marked_and_no_line_crosses_it():
    root, said = drawn(line())
    assert "no data" in said
    assert runs([0.0, 1.0, 2.0, 12.0, 13.0], 6.0) == [range(3), range(3, 5)]
    assert gaps([0.0, 1.0, 12.0], 0.0, 13.0) == [(1.0, 12.0)]
    shaded = [n for n in root.iter("{http://www.w3.org/2000/svg}rect") if "url(#t-gap)" in n.get("fill", "")]
    assert len(shaded) == 1


def test_intervals_keep_the_extremes_of_what_they_stand_for():
    assert binned([(0.1, 70.0), (0.2, 140.0), (0.3, 75.0), (1.2, 80.0)], 1.0) == (
        (0.2, 70.0, 75.0, 140.0),
        (1.2, 80.0, 80.0, 80.0),
    )


def test_without_a_twin_there_is_neither_fit_nor_forecast_but_all_that_was_measured():
    root, said = drawn(line(past=None, forecast=None))
    assert "13.1" in said
    assert not any("fit and forecast" in text for text in said)
    assert root.find("{*}desc").text.startswith("2 doses given.")


def test_the_moment_the_twin_knows_until_is_named():
    _, said = drawn(line())
    assert "twin's data until 10:00" in said


def test_doses_so_close_that_labels_would_overlap_go_unlabelled():
    doses = tuple(DoseMark(2.0 * k, 1000.0) for k in range(12))
    _, said = drawn(line(doses=doses), width=360.0)
    assert said.count("1000") < 4
