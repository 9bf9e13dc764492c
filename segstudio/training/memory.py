"""Memory of this process while it learns: kept between steps, and counted."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import torch

from segstudio.training.device import Device

_TRIM, _MMAP_THRESHOLD, _MMAP_MOST = -1, -3, -4  # glibc's mallopt
_KEEP = 2**31 - 1
_USUAL = {_MMAP_MOST: 65536, _MMAP_THRESHOLD: 32 << 20, _TRIM: 64 << 20}


def _libc() -> Any:
    """glibc, or None where the C library is another."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
        return libc if hasattr(libc, "mallopt") else None
    except OSError:
        return None


def keep_freed(device: Device) -> None:
    """Large blocks stay with the process between steps instead of going back to the system each time.

    Every step asks for the same gigabytes; taken from the system anew, each page is cleared first. A step of a
    width-64 U-Net on 4 x 256 x 256 took 5.0 s instead of 7.5 s on two cores.
    """
    libc = None if device.on_gpu else _libc()
    if libc is not None:
        for option, value in ((_MMAP_MOST, 0), (_MMAP_THRESHOLD, _KEEP), (_TRIM, _KEEP)):
            libc.mallopt(option, value)


def give_freed_back() -> None:
    """The usual ways again, and what lies unused goes back to the system."""
    libc = _libc()
    if libc is not None:
        for option, value in _USUAL.items():
            libc.mallopt(option, value)
        libc.malloc_trim(0)


def used_bytes(device: Device) -> int:
    """Memory that learning holds: the device's on a GPU, else the process's own; 0 where nobody says."""
    if device.name == "cuda":
        return torch.cuda.max_memory_reserved()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # a Path would be made each time
            return int(file.read().split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return 0
