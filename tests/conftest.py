"""What holds for every test: no display, settings of its own, deterministic random examples, no thread left over."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
if "PYTEST_XDIST_WORKER" in os.environ:  # set before torch is imported: one process uses one core
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# `make test` gives the same result every time; `make fuzz` searches with other examples in each round.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "fuzz", derandomize=False, deadline=None, max_examples=2000, suppress_health_check=list(HealthCheck)
)
settings.load_profile("ci")

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parents[1] / "shared" / "data"
MARKED_FOLDERS = {"training": "torch", "ui": "window", "journey": "window"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of rooms that need torch or Qt; `make check` leaves them out."""
    for item in items:
        room = item.path.relative_to(TESTS).parts[0]
        if room in MARKED_FOLDERS:
            item.add_marker(MARKED_FOLDERS[room])


@pytest.fixture
def shared() -> Path:
    """Real images with labels, where this machine has them."""
    if not SHARED.is_dir():
        pytest.skip("the shared images are not on this machine (../shared/data)")
    return SHARED


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in set(threading.enumerate()) - before if thread.is_alive() and not thread.daemon]
    assert not left, f"threads left over: {left}"
