"""Step 4: forecasts of the current plan and its alternatives, with their uncertainty."""

import json
from typing import Any

import pytest

from tests.story.site import Site

pytestmark = pytest.mark.servers


def results(site: Site) -> list[dict[str, Any]]:
    rows = site.sql("select result from records_comparison where is_default")
    return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]


def test_every_latest_twin_has_a_comparison_of_two_or_more_plans(site: Site) -> None:
    latest = {}
    for subject, number, key in site.sql(
        "select subject_id, number, id from records_twinversion where model_id = 'vancomycin-goti-2018' order by number"
    ):
        latest[subject] = key
        assert number >= 1
    compared = {row[0] for row in site.sql("select twin_version_id from records_comparison where is_default")}
    assert set(latest.values()) <= compared
    assert all(len(result["forecasts"]) >= 2 for result in results(site))


def test_quantiles_are_in_order_and_probabilities_add_up(site: Site) -> None:
    for result in results(site):
        for forecast in result["forecasts"]:
            for lower, upper in zip(forecast["quantiles"], forecast["quantiles"][1:], strict=False):
                assert all(a <= b for a, b in zip(lower, upper, strict=True))
            for day in forecast["days"]:
                assert day["p_in_target"] + day["p_above"] + day["p_below"] == pytest.approx(1.0, abs=1e-9)
                bands = [day["auc24"][name] for name in ("q05", "q25", "q50", "q75", "q95")]
                assert bands == sorted(bands)


def test_a_forecast_begins_where_the_data_end(site: Site) -> None:
    for result in results(site):
        for forecast in result["forecasts"]:
            assert forecast["times_h"][0] == pytest.approx(result["as_of_h"])
            assert forecast["times_h"][-1] == pytest.approx(result["as_of_h"] + result["horizon_h"])
