"""Sentences and labels, for every metric and way in."""

import math

import numpy as np
import pytest

from twins.forecasts.exposure import Attainment, Window
from twins.forecasts.wording import label, sentence
from twins.pharmacology.regimen import Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Route
from twins.quantities.unit import of_area, readable

HEADLINE = Attainment(np.zeros(1), 0.78, 0.03, 0.19)
DAY_2 = Window(24.0, 48.0)


@pytest.mark.parametrize(
    ("target", "window", "words"),
    [
        (
            Target("", 400.0, 600.0, ""),
            DAY_2,
            "78 % chance of an AUC24 of 400–600 mg·h/L on day 2, 3 % chance above 600, 19 % below 400.",
        ),
        (
            Target("", 5.0, 15.0, "", Metric.TROUGH, "ug/L"),
            Window(24.0, 72.0),
            "78 % chance of a trough of 5–15 µg/L on days 2–3, 3 % chance above 15, 19 % below 5.",
        ),
        (Target("", 0.0, 1.0, "", Metric.TROUGH, "mg/L"), DAY_2, "78 % chance of a trough of at most 1 mg/L on day 2."),
        (
            Target("", 1.0, math.inf, "", Metric.TIME_ABOVE, "1", threshold=2.0, unbound=0.98),
            DAY_2,
            "78 % chance that the unbound concentration is above 2 for at least 100 % of the time on day 2.",
        ),
        (
            Target("", 2.0, 3.0, "", Metric.EFFECT, "{INR}", window_h=168.0, output="inr"),
            Window(144.0, 168.0),
            "78 % chance of INR of 2–3 at 168 h, 3 % chance above 3, 19 % below 2.",
        ),
        (
            Target("", 80.0, 100.0, "", Metric.AUC, "mg.h/L", window_h=96.0),
            Window(0.0, 96.0),
            "78 % chance of an AUC of 80–100 mg·h/L over 96 h, 3 % chance above 100, 19 % below 80.",
        ),
    ],
)
def test_a_sentence_says_the_metric_its_range_and_when(target: Target, window: Window, words: str) -> None:
    assert sentence(window, HEADLINE, (), target) == words


def test_labels_say_the_way_in() -> None:
    assert label(Regimen(5.0, 12.0, 0.0, 0.0, route=Route.ORAL)) == "5 mg by mouth every 12 h"
    assert label(Regimen(2000.0, 24.0, 24.0, 0.0)) == "2000 mg per 24 h, continuously"
    assert label(Regimen(750.0, 8.0, 1.0, 0.0, 1500.0), 12.0) == "Hold 12 h, then 750 mg every 8 h, first 1500 mg"


def test_units_are_written_for_readers() -> None:
    assert [readable(code) for code in ("mg.h/L", "ug/L", "umol.h/L", "{INR}", "1", "%")] == [
        "mg·h/L", "µg/L", "µmol·h/L", "INR", "", "%",
    ]  # fmt: skip
    assert of_area("ug/L") == "ug.h/L"
    assert of_area("{INR}") == "{INR}.h"
