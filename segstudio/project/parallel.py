"""Apply a function to many items in threads; results come in order, and only a few are kept in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from segstudio.errors import SegstudioError

T = TypeVar("T")
R = TypeVar("R")


def map_in_order(
    function: Callable[[T], R], items: Iterable[T], workers: int | None = None
) -> Iterator[tuple[T, R | SegstudioError]]:
    """Yields each item with its result, or with the SegstudioError that was raised.

    Closing the generator waits for the calls that are running and starts no more.
    """
    workers = workers or os.cpu_count() or 1
    pending: deque[tuple[T, Future[R]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="export")
    try:
        for item in items:
            pending.append((item, pool.submit(function, item)))
            if len(pending) > 2 * workers:
                yield pending[0][0], _result(pending.popleft()[1])
        while pending:
            yield pending[0][0], _result(pending.popleft()[1])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[Any]) -> Any:
    try:
        return future.result()
    except SegstudioError as error:
        return error
