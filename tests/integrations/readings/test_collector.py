"""The garbage collector waits for a batch, and no longer."""

import gc

import pytest

from integrations.readings.collector import seldom_collected


@seldom_collected()
def _ask(seen: list[int]) -> None:
    seen.append(gc.get_threshold()[0])
    raise KeyError


def test_it_comes_seldom_inside_and_as_usual_afterwards_also_after_a_fault() -> None:
    usual = gc.get_threshold()
    seen: list[int] = []
    with pytest.raises(KeyError):
        _ask(seen)
    assert seen[0] > usual[0]
    assert gc.get_threshold() == usual
