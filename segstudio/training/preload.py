"""Imports torch without stopping the window. Imports no torch at its top.

`import torch` links 400 MB of libraries while it holds the GIL: 0.2 to 0.4 s. Linking them before, with a ctypes call,
releases the GIL. The import also creates a million objects, which every run of the cyclic garbage collector then
traverses, 0.1 s and more each time; so it is disabled until the first step. The longest delay of the window's event
loop from here to the first step is 0.03 s instead of 0.26 s.
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
from typing import Final, TypeVar

T = TypeVar("T")

_LIBRARIES: Final = ("libgomp", "libc10.", "libtorch_cpu.", "libtorch.", "libtorch_python.")  # each needs the former


@functools.cache
def preload_torch() -> None:
    """Link torch's libraries; call it in a job, before its first import that needs torch. Linux only."""
    found = importlib.util.find_spec("torch")
    if "torch" in sys.modules or found is None or found.origin is None or not sys.platform.startswith("linux"):
        return
    folder = Path(found.origin).parent / "lib"
    with contextlib.suppress(OSError, AttributeError):
        link = ctypes.CDLL(None).dlopen  # ctypes releases the GIL during a foreign call
        link.restype, link.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
        for name in _LIBRARIES:
            for path in sorted(folder.glob(f"{name}*")):
                link(os.fsencode(path), os.RTLD_NOW)


def gc_paused_until(events: Iterator[T], until: type) -> Iterator[T]:
    """Pass on the events of a job that needs torch, with the cyclic GC disabled until the first event of a type.

    The objects that exist by then are frozen: torch's modules stay as long as the program, so the GC skips them.
    """
    if not gc.isenabled():  # another job has paused it and will enable it again
        yield from events
        return
    gc.disable()
    try:
        preload_torch()
        for event in events:
            if isinstance(event, until) and not gc.isenabled():
                _enable_gc()
            yield event
    finally:
        if not gc.isenabled():
            _enable_gc()


def _enable_gc() -> None:
    gc.freeze()
    gc.enable()
