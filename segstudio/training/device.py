"""The device that training runs on, its precision, and the memory of device and process."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import torch

from segstudio.errors import TrainingError
from segstudio.training.distributed import is_under_torchrun, local_rank

_OUT_OF_MEMORY: Final = ("out of memory", "can't allocate memory", "not enough memory")

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # options of glibc's mallopt
_NEVER_RETURN: Final = ((_MMAP_MAX, 0), (_MMAP_THRESHOLD, 2**31 - 1), (_TRIM_THRESHOLD, 2**31 - 1))
_DEFAULTS: Final = ((_MMAP_MAX, 65536), (_MMAP_THRESHOLD, 32 << 20), (_TRIM_THRESHOLD, 64 << 20))


@dataclass(frozen=True)
class Device:
    """`name` as torch takes it; `dtype` is what autocast computes in, float32 means no autocast."""

    name: str
    dtype: torch.dtype

    @property
    def torch(self) -> torch.device:
        return torch.device(self.name)

    @property
    def precision(self) -> str:
        return str(self.dtype).removeprefix("torch.")

    @property
    def on_gpu(self) -> bool:
        return self.kind != "cpu"

    @property
    def kind(self) -> str:
        """ "cpu", "cuda" or "mps", without an index."""
        return self.name.partition(":")[0]

    def autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.kind, self.dtype, enabled=self.dtype != torch.float32)

    def with_full_precision(self) -> Device:
        return Device(self.name, torch.float32)

    def describe(self) -> str:
        if self.kind == "cuda":
            return f"{torch.cuda.get_device_name(self.torch)} ({self.precision})"
        threads = torch.get_num_threads()
        kind = "Apple GPU" if self.kind == "mps" else f"CPU, {threads} thread{'s' * (threads > 1)}"
        return f"{kind} ({self.precision})"

    def empty_cache(self) -> None:
        """Return cached GPU memory to the driver."""
        if self.kind == "cuda":
            torch.cuda.empty_cache()


def choose_device(name: str = "auto", precision: str = "auto") -> Device:
    """The best device available, or the one named ("cpu", "cuda", "mps"); under torchrun one GPU per process.

    Raises TrainingError for a device that is not on this machine.
    """
    if name == "auto":
        name = "cpu"
        if torch.cuda.is_available():
            name = "cuda"
        elif torch.backends.mps.is_available():
            name = "mps"
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(name, False):
        known = ", ".join(key for key, value in available.items() if value)
        raise TrainingError(f"device {name!r} is not on this machine; use auto or one of: {known}")
    dtype = _choose_dtype(name) if precision == "auto" else getattr(torch, precision)
    if name == "cuda" and is_under_torchrun():
        name = f"cuda:{local_rank() % torch.cuda.device_count()}"
        torch.cuda.set_device(name)
    return Device(name, dtype)


def _choose_dtype(name: str) -> torch.dtype:
    if name == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if name == "cpu" and _has_amx():
        return torch.bfloat16
    return torch.float32


def _has_amx() -> bool:
    """True if this processor has matrix tiles for bfloat16 (AMX).

    AVX-512 bf16 alone is slower than float32: a step of a width-16 U-Net took 536 ms in bf16 and 455 ms in float32.
    """
    check = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(check and check())


def is_out_of_memory(error: BaseException) -> bool:
    """True if GPU or main memory ran out; torch reports a failed allocation on the CPU as a plain RuntimeError."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _OUT_OF_MEMORY)


def total_memory_bytes(device: Device | None = None) -> int:
    """Memory of a CUDA device, else of this machine; 8 GiB where the system does not report it."""
    if device is not None and device.kind == "cuda":
        return int(torch.cuda.get_device_properties(device.torch).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 << 30


def used_memory_bytes(device: Device) -> int:
    """Memory in use: peak reserved on a CUDA device, else resident memory of this process; 0 if unknown."""
    if device.kind == "cuda":
        return torch.cuda.max_memory_reserved(device.torch)
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # called every report; Path is slower
            return int(file.read().split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return 0


def keep_freed_memory(device: Device) -> None:
    """On the CPU, keep large freed blocks in the process between steps instead of returning them to the system.

    Every step allocates the same gigabytes; pages that come fresh from the system are zeroed first. A step of a
    width-64 U-Net on 4 x 256 x 256 took 5.0 s instead of 7.5 s on two cores. Only glibc has the options for it.
    """
    if not device.on_gpu:
        _set_malloc_options(_NEVER_RETURN)


def return_freed_memory() -> None:
    """Restore malloc defaults and trim the heap."""
    libc = _set_malloc_options(_DEFAULTS)
    if libc is not None:
        libc.malloc_trim(0)


def _set_malloc_options(options: tuple[tuple[int, int], ...]) -> Any:
    """glibc with these options set, or None where the C library is another."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    if not hasattr(libc, "mallopt"):
        return None
    for option, value in options:
        libc.mallopt(option, value)
    return libc
