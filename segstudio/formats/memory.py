"""How much memory is free."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_PLENTY = 1 << 40  # where the system does not tell


def available_bytes() -> int:
    """What programs may still take without swapping, as the system says."""
    try:
        return _from_proc(Path("/proc/meminfo").read_text("ascii"))
    except (OSError, ValueError):
        pass
    if os.name == "nt":
        return _from_windows()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return _PLENTY


def _from_proc(text: str) -> int:
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no MemAvailable")


class _Status(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        *(
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "page", "page_free", "virtual", "virtual_free", "more")
        ),
    )


def _from_windows() -> int:
    status = _Status()
    status.length = ctypes.sizeof(_Status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined]
        return _PLENTY
    return int(status.free)
