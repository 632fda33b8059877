import numpy as np
import pytest
from numpy.typing import NDArray

from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose, SteadyState
from twins.solvers.schedule import INTERVAL, START, STEADY, arrive, expand, lay
from twins.solvers.solve import SolveError, solve
from twins.solvers.timeline import Timeline, TimelineError, ports, tabulate

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SYSTEM = compartments(2)
ROW = np.array([[[4.0, 50.0, 6.0, 40.0]]])
NONE = np.empty(0)


def _arrived(doses: list[Dose], until: float) -> Array:
    table = ports(SYSTEM).table
    return arrive(expand(tabulate(SYSTEM, doses), until), table, ROW[0], np.array([0.0]), False)


def _lay(
    doses: list[Dose],
    epochs: list[float],
    times: list[float],
    *,
    start: float = 0.0,
    backward: bool = False,
    resets: Array = NONE,
) -> tuple[Array, Array, Array, Integers, Integers, Integers, Integers, Integers]:
    n_ports = ports(SYSTEM).table.shape[0]
    arrived = _arrived(doses, times[-1])
    return lay(arrived, n_ports, np.array(epochs), np.array(times), resets, start, backward)  # type: ignore[no-any-return]


def _run(doses: list[Dose], times: list[float], *, exposure: bool = False) -> tuple[Array, Array]:
    run = solve(SYSTEM, ROW, Timeline(tabulate(SYSTEM, doses), [0.0], times), exposure=exposure)
    return run.concentration[0], run.highest[0]


def test_overlapping_infusions_run_at_the_sum_of_their_rates() -> None:
    hours, rate, *_ = _lay([Dose(0.0, 100.0, 2.0), Dose(1.0, 300.0, 3.0)], [0.0], [0.0, 5.0])
    assert list(zip(hours, rate.sum(axis=1), strict=True)) == [
        (0.0, 0.0),
        (1.0, 50.0),
        (1.0, 150.0),
        (2.0, 100.0),
        (1.0, 0.0),
    ]


def test_a_bolus_is_not_yet_in_a_level_drawn_at_its_very_time() -> None:
    (before, at, just_after), _ = _run([Dose(0.0, 100.0), Dose(6.0, 100.0)], [0.0, 6.0, 6.0 + 1e-9])
    assert before == 0.0
    assert just_after - at == pytest.approx(100.0 / 50.0, abs=1e-6)


def test_the_highest_concentration_sees_a_bolus_that_no_output_sees() -> None:
    _, highest = _run([Dose(3.0, 100.0)], [0.0, 12.0], exposure=True)
    assert highest[1] == pytest.approx(2.0)


def test_a_value_carried_forward_holds_from_its_own_time() -> None:
    hours, _, _, epoch, output, output_epoch, *_ = _lay([], [0.0, 10.0], [5.0, 10.0, 15.0])
    at = {int(o): int(e) for o, e in zip(output, output_epoch, strict=True) if o >= 0}
    assert at == {0: 0, 1: 1, 2: 1}
    during = dict(zip(np.cumsum(hours), epoch, strict=True))
    assert during[10.0] == 0
    assert during[15.0] == 1


def test_a_value_carried_backward_holds_for_the_interval_it_ends() -> None:
    _, _, _, _, output, output_epoch, *_ = _lay([], [0.0, 10.0], [0.0, 5.0, 10.0, 15.0], backward=True)
    assert {int(o): int(e) for o, e in zip(output, output_epoch, strict=True) if o >= 0} == {0: 0, 1: 1, 2: 1, 3: 1}


def test_an_infusion_running_at_the_start_goes_on_and_earlier_doses_are_left_out() -> None:
    hours, rate, bolus, *_ = _lay(
        [Dose(0.0, 500.0, 1.0), Dose(3.0, 9.0), Dose(9.0, 400.0, 4.0)], [0.0], [20.0], start=10.0
    )
    assert float(hours @ rate.sum(axis=1)) == pytest.approx(300.0)
    assert bolus.sum() == 0


def test_a_series_is_its_doses_written_out() -> None:
    table = expand(tabulate(SYSTEM, [Dose(1.0, 100.0, 2.0, interval_h=8.0, additional=5)]), 30.0)
    assert list(table[:, START]) == [1.0, 9.0, 17.0, 25.0]
    together, _ = _run([Dose(1.0, 100.0, 2.0, interval_h=8.0, additional=2)], [0.0, 5.0, 30.0])
    apart, _ = _run([Dose(1.0 + 8.0 * k, 100.0, 2.0) for k in range(3)], [0.0, 5.0, 30.0])
    assert np.array_equal(together, apart)


def test_a_steady_state_marks_its_moment_and_brings_the_infusions_still_running() -> None:
    dose = Dose(10.0, 120.0, 12.0, interval_h=5.0, steady_state=SteadyState.REPLACES)
    arrived = _arrived([dose], 40.0)
    assert [(row[STEADY], row[START]) for row in arrived[:1]] == [(1.0, 10.0)]
    assert arrived[0, INTERVAL] == 5.0
    _, rate, _, _, output, _, _, steady = _lay([dose], [0.0], [10.0, 12.0, 17.0, 22.0, 30.0])
    assert list(np.flatnonzero(steady >= 0)) == [int(np.flatnonzero(output == 0)[0])]
    # Two infusions of 10 mg/h began before: one ends 7 h on, the other 2 h on; the dose itself runs for 12 h.
    during = rate.sum(axis=1)[[int(np.flatnonzero(output == column)[0]) for column in (1, 2, 3, 4)]]
    assert list(during) == [30.0, 20.0, 10.0, 0.0]


def test_a_reset_ends_infusions_and_series() -> None:
    doses = [Dose(0.0, 80.0, 8.0), Dose(1.0, 5.0, interval_h=2.0, additional=9), Dose(4.0, 7.0)]
    hours, rate, bolus, _, _, _, reset, _ = _lay(doses, [0.0], [20.0], resets=np.array([4.0]))
    assert float(hours @ rate.sum(axis=1)) == pytest.approx(40.0)
    assert bolus.sum() == 5.0 * 2 + 7.0
    assert np.cumsum(hours)[int(np.flatnonzero(reset)[0]) - 1] == 4.0


@pytest.mark.parametrize(
    ("times", "epochs", "start", "resets", "words"),
    [
        ([2.0, 1.0], [0.0], None, [], "times_h do not ascend"),
        ([1.0, 1.0], [0.0], None, [], "times_h do not ascend"),
        ([1.0, np.nan], [0.0], None, [], "times_h do not ascend"),
        ([1.0], [], None, [], "epochs_h must hold"),
        ([1.0], [3.0, 2.0], None, [], "epochs_h must hold"),
        ([1.0], [0.0], None, [3.0, 2.0], "resets_h do not ascend"),
        ([1.0, 9.0], [0.0], 2.0, [], "times_h begin at 1.0 h, before start_h 2.0 h"),
    ],
)
def test_what_cannot_be_laid_on_a_line_is_refused(
    times: list[float], epochs: list[float], start: float | None, resets: list[float], words: str
) -> None:
    with pytest.raises(TimelineError, match=words):
        Timeline(tabulate(SYSTEM, []), epochs, times, resets, start)


def test_a_series_without_interval_is_refused() -> None:
    table = tabulate(SYSTEM, [Dose(0.0, 100.0, interval_h=8.0, additional=2)])
    table[0, INTERVAL] = 0.0
    with pytest.raises(TimelineError, match="doses hold a series or a steady state without interval_h"):
        Timeline(table, [0.0], [1.0])


def test_parameters_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(SolveError, match=r"give \(rows, 1, 4\)"):
        solve(SYSTEM, np.ones((2, 1, 3)), Timeline(tabulate(SYSTEM, []), [0.0], [1.0]))
