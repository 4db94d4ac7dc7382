"""Work on all cores."""

import itertools
import threading

import pytest

from pneumonia.utils.processes import cores, on_all_cores


def test_all_cores_work_at_once_and_results_keep_their_order():
    # Each waits for the others: with fewer threads none would come through.
    together = threading.Barrier(cores(), timeout=30)

    def do(number):
        together.wait()
        return number

    numbers = list(range(4 * cores()))
    assert list(on_all_cores(do, numbers)) == numbers


def test_of_an_endless_stream_little_is_taken_ahead_and_a_failure_comes_in_its_place():
    taken = itertools.count()
    stream = on_all_cores(lambda number: 1 // (3 - number), taken)
    assert [next(stream) for _ in range(3)] == [0, 0, 1]
    assert next(taken) <= 3 + 3 * cores()
    with pytest.raises(ZeroDivisionError):
        next(stream)
