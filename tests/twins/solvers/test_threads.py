"""Threads that wait for work between calls."""

import multiprocessing
import threading

import pytest

from twins.solvers.threads import side_by_side


def test_works_are_done_at_the_same_time_the_first_in_the_callers_own_thread():
    meeting = threading.Barrier(3, timeout=60)
    seen = []

    def work():
        meeting.wait()
        seen.append(threading.current_thread())

    side_by_side(work, work, work)
    assert len(set(seen)) == 3
    assert threading.current_thread() in seen


def test_a_thread_outlives_the_call_and_waits_for_the_next():
    meeting, seen = threading.Barrier(2, timeout=60), []
    side_by_side(*[lambda: (meeting.wait(), seen.append(threading.current_thread()))] * 2)
    (other,) = set(seen) - {threading.current_thread()}
    assert other.is_alive()


@pytest.mark.parametrize("which", [0, 1])
def test_what_one_raises_is_raised_when_all_have_ended(which):
    ended = []
    started = threading.Event()

    def fail():
        assert started.wait(60)
        raise ZeroDivisionError("of this one")

    def end():
        started.set()
        ended.append(True)

    with pytest.raises(ZeroDivisionError, match="of this one"):
        side_by_side(*((fail, end) if which == 0 else (end, fail)))
    assert ended == [True]


def _in_a_child(answers):
    done = []
    side_by_side(lambda: done.append(1), lambda: done.append(2))
    answers.put(sorted(done))


def test_a_forked_process_works_with_threads_of_its_own():
    side_by_side(lambda: None, lambda: None)
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    child = fork.Process(target=_in_a_child, args=(answers,))
    child.start()
    assert answers.get(timeout=60) == [1, 2]
    child.join(60)
    assert child.exitcode == 0
