"""How forecasts turned out, in numbers that a reader can check by hand."""

import pytest

from twins.forecasts.forecast import Band
from twins.forecasts.ledger import Entry, score


def test_a_score_counts_what_lay_in_the_intervals_and_says_which_way_forecasts_err():
    said = Band(8.0, 10.0, 12.0, 14.0, 16.0)
    found = score([Entry(13.0, said), Entry(15.0, said), Entry(17.0, said)])
    assert found is not None
    assert (found.count, found.within_50, found.within_90) == (3, 1, 2)
    assert found.bias == pytest.approx(-3.0)
    assert found.rmse == pytest.approx(((1 + 9 + 25) / 3) ** 0.5)
    assert score([]) is None
