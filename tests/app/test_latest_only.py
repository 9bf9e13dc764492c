"""Of several requests only the newest result counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from segstudio.app.latest_only import LatestOnly, WhenBusy
from segstudio.errors import SegstudioError


class StartedJob:
    """A job that the test delivers from and ends by hand."""

    def __init__(self, make: Callable[[], Iterable[Any]], on_event: Callable, on_end: Callable, on_failure: Callable):
        self.make, self.on_event, self.on_end, self.on_failure = make, on_event, on_end, on_failure
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True

    def run(self) -> None:
        for event in self.make():
            self.on_event(event)
        self.on_end()


class Starter:
    def __init__(self) -> None:
        self.jobs: list[StartedJob] = []

    def __call__(self, make, on_event, *, on_end=None, on_failure=None) -> StartedJob:
        self.jobs.append(StartedJob(make, on_event, on_end, on_failure))
        return self.jobs[-1]


def test_a_request_starts_at_once_and_its_events_and_end_are_delivered() -> None:
    start, got, ends = Starter(), [], []
    latest = LatestOnly(start, got.append, on_end=lambda: ends.append(1))
    latest.request(lambda: iter([1, 2]))
    assert latest.busy
    start.jobs[0].run()
    assert got == [1, 2]
    assert ends == [1]
    assert not latest.busy


def test_a_newer_request_stops_the_running_job_and_drops_its_events() -> None:
    start, got = Starter(), []
    latest = LatestOnly(start, got.append)
    latest.request(lambda: iter(["old"]))
    latest.request(lambda: iter(["newer"]))
    latest.request(lambda: iter(["newest"]))
    assert len(start.jobs) == 1
    assert start.jobs[0].stopped
    start.jobs[0].run()
    assert got == []
    assert len(start.jobs) == 2, "the request in between was replaced"
    start.jobs[1].run()
    assert got == ["newest"]


def test_the_end_is_reported_for_the_newest_request_only() -> None:
    start, ends = Starter(), []
    latest = LatestOnly(start, lambda _: None, on_end=lambda: ends.append(1))
    latest.request(lambda: ())
    latest.request(lambda: ())
    start.jobs[0].run()
    assert ends == []
    start.jobs[1].run()
    assert ends == [1]


def test_after_cancel_nothing_is_delivered_until_the_next_request() -> None:
    start, got, ends = Starter(), [], []
    latest = LatestOnly(start, got.append, on_end=lambda: ends.append(1))
    latest.request(lambda: iter([1]))
    latest.cancel()
    start.jobs[0].run()
    assert (got, ends) == ([], [])
    latest.request(lambda: iter([2]))
    start.jobs[1].run()
    assert (got, ends) == ([2], [1])


def test_a_failure_of_a_replaced_job_is_not_reported() -> None:
    start, failures = Starter(), []
    latest = LatestOnly(start, lambda _: None, on_failure=failures.append)
    latest.request(lambda: ())
    latest.request(lambda: ())
    start.jobs[0].on_failure(SegstudioError("old"))
    start.jobs[0].on_end()
    assert failures == []
    start.jobs[1].on_failure(SegstudioError("new"))
    assert [str(error) for error in failures] == ["new"]


def test_without_an_own_handler_failures_go_to_the_common_one() -> None:
    start = Starter()
    LatestOnly(start, lambda _: None).request(lambda: ())
    assert start.jobs[0].on_failure is None


def test_a_request_that_lets_the_job_finish_gets_its_events_and_then_those_of_the_newest() -> None:
    start, got, ends = Starter(), [], []
    latest = LatestOnly(start, got.append, on_end=lambda: ends.append(1), when_busy=WhenBusy.FINISH)
    for number in range(3):
        latest.request(lambda number=number: iter([number]))
    assert not start.jobs[0].stopped
    start.jobs[0].run()
    assert (got, ends) == ([0], [])
    start.jobs[1].run()
    assert (got, ends) == ([0, 2], [1])


def test_a_request_beside_a_slow_job_starts_at_once_and_only_its_events_count() -> None:
    start, got, ends = Starter(), [], []
    latest = LatestOnly(start, got.append, on_end=lambda: ends.append(1), when_busy=WhenBusy.BESIDE)
    latest.request(lambda: iter(["slow"]))
    latest.request(lambda: iter(["new"]))
    assert start.jobs[0].stopped
    start.jobs[1].run()
    assert (got, ends, latest.busy) == (["new"], [1], False)
    latest.request(lambda: iter(["newer"]))
    start.jobs[0].run()
    assert (got, latest.busy) == (["new"], True)
    start.jobs[2].run()
    assert (got, ends) == (["new", "newer"], [1, 1])
