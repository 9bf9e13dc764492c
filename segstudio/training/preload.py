"""Brings torch's libraries into memory without holding Python's lock, so that a window goes on while it happens.

No torch here. `import torch` links 400 MB of libraries while no other thread may run Python: the window stood
still for 0.2 to 0.4 s. Linked beforehand by a call that gives the lock away, the import finds them ready: 0.07 s.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import os
import sys
from pathlib import Path

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
