"""Several processes that train one model together (torchrun): who one is, and what all agree on.

Alone, every function gives back what it was given. gloo carries what runs on the CPU, nccl what runs on GPUs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]
from torch.nn.parallel import DistributedDataParallel

from segstudio.errors import TrainingError

T = TypeVar("T")
_PATIENCE = timedelta(minutes=30)


def asked_for() -> bool:
    """Whether torchrun started this process as one of several, or as one that it restarts."""
    return "WORLD_SIZE" in os.environ and "RANK" in os.environ


def rank() -> int:
    return int(os.environ["RANK"]) if asked_for() else 0


def world() -> int:
    return int(os.environ["WORLD_SIZE"]) if asked_for() else 1


def local_rank() -> int:
    return int(os.environ.get("LOCAL_RANK", "0"))




def launch() -> str:
    """The name of this start of torchrun, kept over its restarts; "" alone."""
    return os.environ.get("TORCHELASTIC_RUN_ID", "") if asked_for() else ""


def restarted() -> bool:
    """Whether torchrun started this process again after a failure."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def join(device: str) -> None:
    """Meet the other processes, once; nothing to do alone."""
    if asked_for() and not dist.is_initialized():
        if device.startswith("cuda") and int(os.environ.get("LOCAL_WORLD_SIZE", "1")) > torch.cuda.device_count():
            raise TrainingError(
                f"torchrun starts {os.environ['LOCAL_WORLD_SIZE']} processes but there are {torch.cuda.device_count()} "
                "GPUs here; start one for each, or train with device=cpu"
            )
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"  # figures travel by the CPU
        dist.init_process_group(backend, timeout=_PATIENCE, store=_store(), rank=rank(), world_size=world())


def _store() -> Store:
    """Where the processes find each other; after a restart they may not find the addresses of the dead ones."""
    by_agent = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(host, port, is_master=not by_agent and rank() == 0, timeout=_PATIENCE)
    return PrefixStore(f"attempt {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)


def leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def together() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def sum_over_ranks(values: Tensor) -> Tensor:
    """The sum of every process's tensor; gradients flow back into each."""
    if not together():
        return values
    return _Sum.apply(values) if values.requires_grad else _summed(values)  # type: ignore[no-untyped-call]


class _Sum(torch.autograd.Function):
    """The sum of all; its gradient is the sum of all gradients, since every process's loss holds every part."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _summed(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _summed(gradient.contiguous())


def _summed(values: Tensor) -> Tensor:
    out = values.clone()
    dist.all_reduce(out)
    return out


def agreed(values: Sequence[float]) -> list[float]:
    """What rank 0 says, for everyone: clocks differ, decisions may not."""
    if not together():
        return list(values)
    said = torch.tensor(values, dtype=torch.float64)
    dist.broadcast(said, src=0)
    return [float(value) for value in said.tolist()]


def gathered(value: T) -> list[T]:
    """Every process's value, in the order of ranks."""
    if not together():
        return [value]
    out: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(out, value)
    return out


def said_by_first(value: T) -> T:
    """Rank 0's value, for everyone."""
    if not together():
        return value
    box: list[Any] = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def share(items: Sequence[T]) -> list[T]:
    """This process's part of a list: every world-th, from its rank on."""
    return list(items[rank() :: world()])


def shared_net(net: nn.Module, device: torch.device) -> nn.Module:
    """The network as all train it: gradients averaged, batch statistics over the batches of all."""
    if not together():
        return net
    return DistributedDataParallel(net, device_ids=None if device.type == "cpu" else [device.index or 0])


def with_shared_statistics(net: nn.Module) -> nn.Module:
    """Every BatchNorm2d replaced by one that sums over all processes, on any backend; the same names of weights."""
    for name, child in net.named_children():
        if isinstance(child, nn.BatchNorm2d):
            shared = SharedBatchNorm2d(child.num_features, child.eps, child.momentum or 0.1)
            shared.load_state_dict(child.state_dict())
            setattr(net, name, shared.to(child.weight.device, child.weight.dtype).train(child.training))
        else:
            with_shared_statistics(child)
    return net


class SharedBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm whose mean and variance are those of all processes' batches (torch's own needs a GPU)."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if not (self.training and together()):
            return super().forward(x_BCHW)
        wide_BCHW = x_BCHW.float()
        count = wide_BCHW.new_tensor([wide_BCHW.numel() / wide_BCHW.shape[1]])
        sums = sum_over_ranks(torch.cat([wide_BCHW.sum(dim=(0, 2, 3)), count]))
        count = sums[-1]
        mean_C = sums[:-1] / count
        centred_BCHW = wide_BCHW - mean_C[:, None, None]
        variance_C = sum_over_ranks((centred_BCHW**2).sum(dim=(0, 2, 3))) / count
        self._remember(mean_C.detach(), (variance_C * count / (count - 1).clamp(min=1)).detach())
        scale_C = torch.rsqrt(variance_C + self.eps) * self.weight
        return (centred_BCHW * scale_C[:, None, None] + self.bias[:, None, None]).to(x_BCHW.dtype)

    @torch.no_grad()
    def _remember(self, mean_C: Tensor, variance_C: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.running_mean.lerp_(mean_C.to(self.running_mean.dtype), self.momentum or 0.1)
        self.running_var.lerp_(variance_C.to(self.running_var.dtype), self.momentum or 0.1)
        self.num_batches_tracked.add_(1)
