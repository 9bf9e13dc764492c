"""One step of learning: forward, loss, backward, and the weights that follow.

B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from segstudio.errors import TrainingError
from segstudio.training.augment import Augmentation, augmented_share
from segstudio.training.average import ExponentialMovingAverage
from segstudio.training.batches import Batch
from segstudio.training.choices import SGD
from segstudio.training.config import TrainConfig
from segstudio.training.device import Device
from segstudio.training.distributed import rank, shared_net, together, with_shared_statistics
from segstudio.training.losses import parse_loss
from segstudio.training.model import Model
from segstudio.training.plan import Plan
from segstudio.training.schedule import rate_factor

_CLIP_NORM = 5.0
_STRIDE = 1_000_003  # between the random numbers of one step and the next


class NonFiniteLossError(TrainingError):
    """The loss is no number any more."""


class _Levels(nn.Module):
    """Calls what the network has: logits of every level under deep supervision, else of full size alone."""

    def __init__(self, net: nn.Module, deep: bool) -> None:
        super().__init__()
        self.net = net
        self._deep = deep

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        return self.net.levels(images_BCHW) if self._deep else [self.net(images_BCHW)]  # type: ignore[operator]


class Trainer:
    """Network, optimiser, precision and averaged weights; `step` learns from one batch."""

    def __init__(self, config: TrainConfig, plan: Plan, model: Model, device: Device) -> None:
        self._config = config
        self._device = device
        self._model = model
        if together():
            with_shared_statistics(model.net)
        self.net = model.net
        self.average = ExponentialMovingAverage(model.net, config.ema)
        self.rate_scale = 1.0  # lowered when the loss ran away
        self.rate = 0.0
        self._losses: list[Tensor] = []
        self._last_loss = math.nan
        self._broken = False
        self.in_step = False  # an exception inside a step leaves weights and moments that do not belong together
        self._prepare(plan)
        parameters = list(model.net.parameters())
        fused = device.kind != "mps"
        self.optimiser: torch.optim.Optimizer
        if config.optimiser == SGD:
            self.optimiser = torch.optim.SGD(
                parameters, config.learning_rate, 0.9, weight_decay=config.weight_decay, nesterov=True, fused=fused
            )
        else:
            self.optimiser = torch.optim.AdamW(
                parameters, config.learning_rate, weight_decay=config.weight_decay, fused=fused
            )
        self._scaler = torch.amp.GradScaler(device.kind, enabled=device.dtype == torch.float16)

    def _prepare(self, plan: Plan) -> None:
        self._plan = plan
        channels = plan.architecture.in_channels
        self._augment = Augmentation(channels, plan.vertical_flip) if self._config.augment else None
        weights = None if plan.weights is None else torch.tensor(plan.weights, device=self._device.torch)
        self._loss = parse_loss(plan.loss, plan.architecture.head, weights)
        levels: Any = _Levels(self.net, plan.architecture.deep_supervision)
        levels = shared_net(levels, self._device.torch)
        self._forward = torch.compile(levels) if plan.compiled else levels

    def use(self, plan: Plan, device: Device) -> None:
        """Go on with another plan, after memory ran out, or in another precision."""
        self._device = device
        self._scaler = torch.amp.GradScaler(device.kind, enabled=device.dtype == torch.float16)
        self._prepare(plan)

    @property
    def _on_cpu_or_together(self) -> bool:
        """Where looking at a number costs nothing, or where all processes must decide alike."""
        return not self._device.on_gpu or together()

    def step(self, batch: Batch, number: int, progress: float, passes: float) -> None:
        """Learn from a batch as step `number`, the loss stays on the device; `passes` of the data were seen before."""
        if not batch.counted and not together():
            return  # nothing to learn from: weights, averages and moments stay as they are
        self.in_step = True
        self.net.train()
        self.rate = self._config.learning_rate * self.rate_scale * rate_factor(self._config.schedule, progress)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        images_BCHW, labels_BHW = self._ready(batch, number, passes)
        weight = self._loss.weight_of(labels_BHW)
        if self._on_cpu_or_together and not weight > 0:
            self.in_step = False
            return  # the strokes were turned out of the patches
        self.optimiser.zero_grad(set_to_none=True)
        size = math.ceil(len(images_BCHW) / self._plan.accumulate)
        total = torch.zeros((), device=self._device.torch)
        for images, labels in zip(torch.split(images_BCHW, size), torch.split(labels_BHW, size), strict=True):
            share = 1.0 if self._plan.accumulate == 1 else self._loss.weight_of(labels) / weight.clamp(min=1e-6)
            loss = self._loss_of(images, labels) * share
            self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        self._scaler.unscale_(self.optimiser)
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), _CLIP_NORM)
        if not self._scaler.is_enabled():
            total = total + 0 * norm  # a gradient that is no number shows in the loss before it is saved
        self._scaler.step(self.optimiser)
        self._scaler.update()
        self.average.follow(self.net, number)
        self._losses.append(total)
        self.in_step = False

    def _ready(self, batch: Batch, number: int, passes: float) -> tuple[Tensor, Tensor]:
        """On the device, augmented, normalised."""
        device = self._device.torch
        images_BCHW = batch.images_BCHW.to(device, non_blocking=True)
        labels_BHW = batch.labels_BHW.to(device, non_blocking=True)
        if self._augment:
            torch.manual_seed((self._config.seed * _STRIDE + number) * 64 + rank())
            images_BCHW, labels_BHW = self._augment(images_BCHW, labels_BHW, augmented_share(passes))
        return self._model.normalised(images_BCHW).contiguous(memory_format=torch.channels_last), labels_BHW

    def _loss_of(self, images_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
        """Of full size, and of the coarser levels at 1/2, 1/4 … of its weight (Lee et al. 2015, arXiv 1409.5185)."""
        with self._device.autocast():
            levels = self._forward(images_BCHW)
        factors = [0.5**i for i in range(len(levels))]
        total = self._loss(levels[0], labels_BHW)
        for factor, logits_BCHW in zip(factors[1:], levels[1:], strict=True):
            coarse_BHW = functional.interpolate(labels_BHW[:, None].float(), logits_BCHW.shape[2:], mode="nearest")
            total = total + factor * self._loss(logits_BCHW, coarse_BHW[:, 0].long())
        return total / sum(factors)

    def mean_loss(self) -> float:
        """Mean since it was asked for last, NaN before the first step. Raises NonFiniteLossError."""
        if self._losses:
            self._last_loss = float(torch.stack(self._losses).mean())
            self._losses.clear()
            if not math.isfinite(self._last_loss):
                self._broken = True
                raise NonFiniteLossError("the loss is not a number any more; train with a smaller learning rate")
        return self._last_loss

    @property
    def healthy(self) -> bool:
        """Whether this is a state between two steps with a loss that is a number; no other may be saved."""
        return not self.in_step and not self._broken and all(bool(torch.isfinite(loss)) for loss in self._losses)

    def state(self) -> dict[str, Any]:
        """Plain types and tensors."""
        return {
            "net": self.net.state_dict(),
            "ema": self.average.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
            "rate_scale": self.rate_scale,
            "torch_rng": torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises KeyError, ValueError or RuntimeError for a state of another network."""
        self.net.load_state_dict(state["net"])
        self.average.net.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        if state["scaler"] and self._scaler.is_enabled():
            self._scaler.load_state_dict(state["scaler"])
        self.rate_scale = float(state["rate_scale"])
        torch.set_rng_state(state["torch_rng"])
        self.forget_losses()

    def forget_half_made(self) -> None:
        """After an exception inside a step: gradients, and moments that were only begun."""
        self.optimiser.zero_grad(set_to_none=True)
        for parameter, moments in list(self.optimiser.state.items()):
            if not {"exp_avg_sq", "momentum_buffer"} & set(moments):
                del self.optimiser.state[parameter]

    def forget_losses(self) -> None:
        self._losses.clear()
        self._last_loss = math.nan
        self._broken = self.in_step = False

    def release(self) -> None:
        """Give the device's memory back."""
        self.net.to("cpu")
        self.average.net.to("cpu")
        self.optimiser.state.clear()
        self._losses.clear()
        self._device.free()
