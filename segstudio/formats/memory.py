"""How much memory is free."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_UNKNOWN_BYTES = 1 << 40  # assumed where the system gives no number, so that nothing is refused


def available_bytes() -> int:
    """Memory that can be allocated without swapping, as the operating system reports it."""
    try:
        return _parse_meminfo(Path("/proc/meminfo").read_text("ascii"))
    except (OSError, ValueError):
        pass
    if os.name == "nt":
        return _ask_windows()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return _UNKNOWN_BYTES


def _parse_meminfo(text: str) -> int:
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


def _ask_windows() -> int:
    status = _Status()
    status.length = ctypes.sizeof(_Status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined]
        return _UNKNOWN_BYTES
    return int(status.free)
