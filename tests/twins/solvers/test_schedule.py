import numpy as np
import pytest

from twins.quantities.dose import Dose
from twins.solvers import batch
from twins.solvers.schedule import CarryRule, build

ROW = np.array([[[4.0, 50.0, 6.0, 40.0]]])


def test_overlapping_infusions_run_at_the_sum_of_their_rates() -> None:
    events = build([Dose(0.0, 100.0, 2.0), Dose(1.0, 300.0, 3.0)], np.array([0.0]), np.array([0.0, 5.0]))
    assert list(zip(events.hours, events.rate_mg_per_h, strict=True)) == [
        (0.0, 0.0),
        (1.0, 50.0),
        (1.0, 150.0),
        (2.0, 100.0),
        (1.0, 0.0),
    ]


def test_a_bolus_is_not_yet_in_a_level_drawn_at_its_very_time() -> None:
    events = build([Dose(0.0, 100.0), Dose(6.0, 100.0)], np.array([0.0]), np.array([0.0, 6.0, 6.0 + 1e-9]))
    before, at, just_after = batch.run(ROW, events).concentration[0]
    assert before == 0.0
    assert just_after - at == pytest.approx(100.0 / 50.0, abs=1e-6)


def test_the_highest_concentration_sees_a_bolus_that_no_output_sees() -> None:
    events = build([Dose(3.0, 100.0)], np.array([0.0]), np.array([0.0, 12.0]))
    run = batch.run(ROW, events, exposure=True)
    assert run.highest[0, 1] == pytest.approx(2.0)


def test_a_value_carried_forward_holds_from_its_own_time() -> None:
    events = build([], np.array([0.0, 10.0]), np.array([5.0, 10.0, 15.0]), start_h=0.0)
    at = {float(events.times_h[o]): int(e) for o, e in zip(events.output, events.output_epoch, strict=True) if o >= 0}
    assert at == {5.0: 0, 10.0: 1, 15.0: 1}
    during = dict(zip(np.cumsum(events.hours), events.epoch, strict=True))
    assert during[10.0] == 0
    assert during[15.0] == 1


def test_a_value_carried_backward_holds_for_the_interval_it_ends() -> None:
    events = build([], np.array([0.0, 10.0]), np.array([0.0, 5.0, 10.0, 15.0]), start_h=0.0, rule=CarryRule.BACKWARD)
    at = {float(events.times_h[o]): int(e) for o, e in zip(events.output, events.output_epoch, strict=True) if o >= 0}
    assert at == {0.0: 0, 5.0: 1, 10.0: 1, 15.0: 1}


def test_an_infusion_running_at_the_start_goes_on_and_earlier_doses_are_left_out() -> None:
    events = build([Dose(0.0, 500.0, 1.0), Dose(9.0, 400.0, 4.0)], np.array([0.0]), np.array([20.0]), start_h=10.0)
    assert float(events.hours @ events.rate_mg_per_h) == pytest.approx(300.0)
    assert events.bolus_mg.sum() == 0


@pytest.mark.parametrize(
    ("times", "epochs", "start", "words"),
    [
        ([2.0, 1.0], [0.0], None, "times_h do not ascend"),
        ([1.0, 1.0], [0.0], None, "times_h do not ascend"),
        ([1.0], [], None, "epochs_h must hold"),
        ([1.0], [3.0, 2.0], None, "epochs_h must hold"),
        ([1.0, 9.0], [0.0], 2.0, "before start_h"),
    ],
)
def test_what_cannot_be_laid_on_a_line_is_refused(
    times: list[float], epochs: list[float], start: float | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        build([], np.array(epochs), np.array(times), start_h=start)


def test_parameters_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="give \\(rows, epochs, 4\\)"):
        batch.run(np.ones((2, 1, 3)), build([], np.array([0.0]), np.array([1.0])))
