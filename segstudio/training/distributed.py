"""torch.distributed helpers for runs under torchrun: rank, world size and collectives.

In a single process every collective returns its argument. gloo communicates between CPUs, nccl between GPUs.

Tensors: B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]
from torch.nn.parallel import DistributedDataParallel

from segstudio.errors import TrainingError

T = TypeVar("T")
_TIMEOUT: Final = timedelta(minutes=30)
_groups = itertools.count()


def is_under_torchrun() -> bool:
    """True if torchrun started this process, even as the only one."""
    return "WORLD_SIZE" in os.environ and "RANK" in os.environ


def rank() -> int:
    return int(os.environ["RANK"]) if is_under_torchrun() else 0


def world_size() -> int:
    return int(os.environ["WORLD_SIZE"]) if is_under_torchrun() else 1


def local_rank() -> int:
    return int(os.environ.get("LOCAL_RANK", "0"))


def launch_id() -> str:
    """The id of this start of torchrun, the same after it restarts its processes; "" without torchrun."""
    return os.environ.get("TORCHELASTIC_RUN_ID", "") if is_under_torchrun() else ""


def is_restarted() -> bool:
    """True if torchrun started this process again after a failure."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def join_process_group(device: str) -> None:
    """Initialise torch.distributed under torchrun, once. Raises TrainingError for more processes than GPUs."""
    if is_under_torchrun() and not dist.is_initialized():
        if device.startswith("cuda") and int(os.environ.get("LOCAL_WORLD_SIZE", "1")) > torch.cuda.device_count():
            raise TrainingError(
                f"torchrun starts {os.environ['LOCAL_WORLD_SIZE']} processes but there are {torch.cuda.device_count()} "
                "GPUs here; start one process for each, or train with device=cpu"
            )
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"  # gloo too: metrics are CPU tensors
        dist.init_process_group(backend, timeout=_TIMEOUT, store=_make_store(), rank=rank(), world_size=world_size())


def _make_store() -> Store:
    """The rendezvous store, with a prefix for each restart and each group, so that no outdated address is found."""
    by_agent = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(host, port, is_master=not by_agent and rank() == 0, timeout=_TIMEOUT)
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return PrefixStore(f"attempt {attempt} group {next(_groups)}", store)


def leave_process_group() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def is_distributed() -> bool:
    """True if several processes train together."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def sum_over_ranks(values: Tensor) -> Tensor:
    """The sum of the tensors of all ranks; gradients flow back to every rank."""
    if not is_distributed():
        return values
    if not values.requires_grad:
        return _all_reduce_sum(values)
    return _AllReduceSum.apply(values)  # type: ignore[no-untyped-call]


class _AllReduceSum(torch.autograd.Function):
    """Differentiable all-reduce; its gradient is the sum of all gradients, as the loss of each rank uses the sum."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _all_reduce_sum(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _all_reduce_sum(gradient.contiguous())


def _all_reduce_sum(values: Tensor) -> Tensor:
    out = values.clone()
    dist.all_reduce(out)
    return out


def broadcast_number(value: float) -> float:
    """The number of rank 0 on every rank: clocks differ, but all ranks must take the same decisions."""
    if not is_distributed():
        return value
    tensor = torch.tensor(value, dtype=torch.float64)
    dist.broadcast(tensor, src=0)
    return float(tensor)


def broadcast_object(value: T) -> T:
    """The value of rank 0 on every rank."""
    if not is_distributed():
        return value
    box: list[Any] = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def gather_objects(value: T) -> list[T]:
    """The values of all ranks, in the order of ranks, on every rank."""
    if not is_distributed():
        return [value]
    out: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(out, value)
    return out


def shard(items: Sequence[T]) -> list[T]:
    """The items of this rank: every world_size-th, beginning with its rank."""
    return list(items[rank() :: world_size()])


def wrap_for_training(net: nn.Module, device: torch.device) -> nn.Module:
    """The network in DistributedDataParallel, which averages gradients over ranks; unchanged in a single process."""
    if not is_distributed():
        return net
    return DistributedDataParallel(net, device_ids=None if device.type == "cpu" else [device.index or 0])


def sync_batch_norm(net: nn.Module) -> nn.Module:
    """Replace every BatchNorm2d, in place, by one with statistics over all ranks; names of weights stay."""
    for name, child in net.named_children():
        if isinstance(child, nn.BatchNorm2d):
            synced = SyncBatchNorm2d(child.num_features, child.eps, child.momentum or 0.1)
            synced.load_state_dict(child.state_dict())
            setattr(net, name, synced.to(child.weight.device, child.weight.dtype).train(child.training))
        else:
            sync_batch_norm(child)
    return net


class SyncBatchNorm2d(nn.BatchNorm2d):
    """Batch norm with mean and variance over the batches of all ranks; torch's own SyncBatchNorm needs a GPU."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if not (self.training and is_distributed()):
            return super().forward(x_BCHW)
        float_BCHW = x_BCHW.float()
        count = float_BCHW.new_tensor([float_BCHW.numel() / float_BCHW.shape[1]])
        sums = sum_over_ranks(torch.cat([float_BCHW.sum(dim=(0, 2, 3)), count]))
        count = sums[-1]
        mean_C = sums[:-1] / count
        centred_BCHW = float_BCHW - mean_C[:, None, None]
        variance_C = sum_over_ranks((centred_BCHW**2).sum(dim=(0, 2, 3))) / count
        self._update_running(mean_C.detach(), (variance_C * count / (count - 1).clamp(min=1)).detach())
        scale_C = torch.rsqrt(variance_C + self.eps) * self.weight
        return (centred_BCHW * scale_C[:, None, None] + self.bias[:, None, None]).to(x_BCHW.dtype)

    @torch.no_grad()
    def _update_running(self, mean_C: Tensor, variance_C: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.running_mean.lerp_(mean_C.to(self.running_mean.dtype), self.momentum or 0.1)
        self.running_var.lerp_(variance_C.to(self.running_var.dtype), self.momentum or 0.1)
        self.num_batches_tracked.add_(1)
