"""Brings torch into memory so that a window beside it goes on while it happens. No torch here.

`import torch` links 400 MB of libraries while no other thread may run Python: 0.2 to 0.4 s. They are linked
beforehand by a call that gives Python's lock away. And what is imported makes a million objects, over which the
collector of cycles then goes, for 0.1 s and more, again and again: it rests meanwhile. Largest wait of the window from
here to the first step: 0.03 s instead of 0.26 s.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_LIBRARIES = ("libgomp", "libc10.", "libtorch_cpu.", "libtorch.", "libtorch_python.")  # each needs those before it


@functools.cache
def preload_torch() -> None:
    """Call it in a job, right before its first import of what needs torch. Does nothing where it cannot."""
    found = importlib.util.find_spec("torch")
    if "torch" in sys.modules or found is None or found.origin is None or not sys.platform.startswith("linux"):
        return
    folder = Path(found.origin).parent / "lib"
    with contextlib.suppress(OSError, AttributeError):
        link = ctypes.CDLL(None).dlopen  # a foreign function: Python's lock is given away while it runs
        link.restype, link.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
        for name in _LIBRARIES:
            for path in sorted(folder.glob(f"{name}*")):
                link(os.fsencode(path), os.RTLD_NOW)


def gc_paused_until(events: Iterator[T], until: type) -> Iterator[T]:
    """The events of a job that needs torch; the collector rests until the first of a kind has come.

    What lives by then is never looked at again: it stays as long as the program.
    """
    if not gc.isenabled():  # another job has put it to rest, and will wake it
        yield from events
        return
    gc.disable()
    try:
        preload_torch()
        for event in events:
            if isinstance(event, until) and not gc.isenabled():
                _wake()
            yield event
    finally:
        if not gc.isenabled():
            _wake()


def _wake() -> None:
    gc.freeze()
    gc.enable()
