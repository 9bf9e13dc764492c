"""Prints the seconds of one step of the classic U-Net, `plain` or `ours`; run as a program."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from segstudio.core.classes import ClassTable
from segstudio.training.batches import Batch
from segstudio.training.config import TrainConfig
from segstudio.training.device import choose_device, keep_freed_memory
from segstudio.training.model import Architecture, Model
from segstudio.training.plan import Plan
from segstudio.training.trainer import Trainer
from segstudio.training.unet import UNet


def plain(size: int, batch: int) -> float:
    """A plain loop: float32, Adam, the loss read at every step."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = UNet(1, 2).to(device).train()
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    images, labels = torch.rand(batch, 1, size, size), torch.randint(0, 2, (batch, size, size))

    def step() -> None:
        optimiser.zero_grad()
        loss = functional.cross_entropy(net(images.to(device)), labels.to(device))
        loss.backward()
        optimiser.step()
        loss.item()

    return time_median(step)


def ours(size: int, batch: int) -> float:
    """Everything that a step of a run does, with averaged weights."""
    device = choose_device()
    keep_freed_memory(device)
    architecture = Architecture(1, 2, 64, 4, head="softmax")
    table = ClassTable.from_names(["background", "thing"])
    net = architecture.build().to(device.torch, memory_format=torch.channels_last)
    plan = Plan(architecture, "ce", None, size, batch, 1, False, False, 100, size)
    config = TrainConfig(run_dir=Path("unused"), table=table, augment=False)
    model = Model(net, architecture, table, "background", [0.5], [0.25], size)
    trainer = Trainer(config, plan, model, device)
    data = Batch(torch.rand(batch, 1, size, size), torch.randint(0, 2, (batch, size, size)))

    def step() -> None:
        trainer.step(data, 0, 0.5, 0.0)
        trainer.mean_loss()

    return time_median(step)


def augmentation(size: int, batch: int) -> float:
    """Time to augment every patch, as a fraction of a step of the automatic network."""
    from segstudio.training.augment import Augmentation

    device = choose_device()
    keep_freed_memory(device)
    architecture = Architecture(1, 2, 32 if device.on_gpu else 16, 4 if device.on_gpu else 3)
    table = ClassTable.from_names(["background", "thing"])
    net = architecture.build().to(device.torch, memory_format=torch.channels_last)
    plan = Plan(architecture, "ce+dice", None, size, batch, 1, True, False, 100, size)
    model = Model(net, architecture, table, "background", [0.5], [0.25], size)
    trainer = Trainer(TrainConfig(run_dir=Path("unused"), table=table, augment=False), plan, model, device)
    data = Batch(torch.rand(batch, 1, size, size), torch.randint(0, 2, (batch, size, size)))
    augment = Augmentation(1, True)
    images, labels = data.images_BCHW.to(device.torch), data.labels_BHW.to(device.torch)

    def augment_all() -> None:
        augment(images, labels, 1.0)[1].sum().item()

    def step() -> None:
        trainer.step(data, 0, 0.5, 0.0)
        trainer.mean_loss()

    return time_median(augment_all) / time_median(step)


def time_median(step: Callable[[], None]) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return float(np.median(times[1:]))


if __name__ == "__main__":
    torch.manual_seed(0)
    print({"plain": plain, "ours": ours, "augmentation": augmentation}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3])))
