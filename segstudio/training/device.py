"""Where learning runs, and in which precision."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from segstudio.errors import TrainingError
from segstudio.training.distributed import asked_for, local_rank


@dataclass(frozen=True)
class Device:
    """`dtype` is what autocast computes in; float32 means no autocast."""

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
        """ "cpu", "cuda" or "mps", without a number."""
        return self.name.partition(":")[0]

    def autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.kind, self.dtype, enabled=self.dtype != torch.float32)

    def in_full_precision(self) -> Device:
        return Device(self.name, torch.float32)

    def describe(self) -> str:
        if self.kind == "cuda":
            return f"{torch.cuda.get_device_name(self.torch)} ({self.precision})"
        kind = "Apple GPU" if self.kind == "mps" else f"CPU, {torch.get_num_threads()} threads"
        return f"{kind} ({self.precision})"

    def free(self) -> None:
        """Give cached GPU memory back."""
        if self.kind == "cuda":
            torch.cuda.empty_cache()


def choose_device(name: str = "auto", precision: str = "auto") -> Device:
    """The best device there is, or the one named ("cpu", "cuda", "mps"); under torchrun each process its own GPU."""
    if name == "auto":
        name = "cpu"
        if torch.cuda.is_available():
            name = "cuda"
        elif torch.backends.mps.is_available():
            name = "mps"
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(name, False):
        known = ", ".join(key for key, value in there.items() if value)
        raise TrainingError(f"device {name!r} is not on this machine; there is {known}")
    dtype = _best_dtype(name) if precision == "auto" else getattr(torch, precision)
    if name == "cuda" and asked_for():
        name = f"cuda:{local_rank() % torch.cuda.device_count()}"
        torch.cuda.set_device(name)
    return Device(name, dtype)


_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a GPU or here."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _NO_MEMORY)


def _best_dtype(name: str) -> torch.dtype:
    if name == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if name == "cpu" and cpu_has_bf16():
        return torch.bfloat16
    return torch.float32


def cpu_has_bf16() -> bool:
    """Whether this processor has matrix tiles for bfloat16 (AMX).

    AVX-512 bf16 alone does not pay: a step of a width-16 U-Net took 455 ms in float32 and 536 ms in bf16.
    """
    ask = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(ask and ask())


def memory_bytes(device: Device | None = None) -> int:
    """Memory of a GPU, else of this machine, or 8 GiB where it does not say."""
    if device is not None and device.kind == "cuda":
        return int(torch.cuda.get_device_properties(device.torch).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 << 30
