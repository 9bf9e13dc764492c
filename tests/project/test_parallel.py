"""Work on many items in threads: results in order, errors as values, and an end when it is closed."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest

from segstudio.errors import ProjectError, SegstudioError
from segstudio.project.parallel import map_in_order


def test_results_are_in_order_and_errors_are_values() -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        if number == 5:
            raise ProjectError("five")
        return number * number

    pairs = list(map_in_order(work, range(20), workers=4))
    assert [number for number, _ in pairs] == list(range(20))
    assert [result for _, result in pairs if isinstance(result, int)] == [n * n for n in range(20) if n != 5]
    assert str(pairs[5][1]) == "five"


def test_an_error_that_is_not_ours_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_in_order(lambda number: 1 // number, [1, 0]))


def test_few_items_are_held_at_once() -> None:
    numbers = count()
    results = map_in_order(lambda number: number, numbers, workers=2)
    assert [next(results)[0] for _ in range(10)] == list(range(10))
    results.close()
    assert next(numbers) <= 10 + 2 * 2 + 1


def test_closing_waits_for_what_runs_and_starts_no_more() -> None:
    started: list[int] = []
    release = threading.Event()

    def work(number: int) -> int | SegstudioError:
        started.append(number)
        if number:
            release.wait(10)
        return number

    results = map_in_order(work, range(100), workers=1)
    assert next(results) == (0, 0)
    timer = threading.Timer(0.05, release.set)
    timer.start()
    results.close()
    timer.join()
    assert started in ([0], [0, 1])
