"""One optimisation step: forward, loss, backward, optimiser, and the averaged weights.

Tensors: B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import copy
import math
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from segstudio.errors import TrainingError
from segstudio.training.augment import Augmentation, compute_augmented_fraction
from segstudio.training.batches import Batch
from segstudio.training.config import SGD, TrainConfig
from segstudio.training.device import Device
from segstudio.training.distributed import is_distributed, rank, sync_batch_norm, wrap_for_training
from segstudio.training.losses import parse_loss
from segstudio.training.model import Model
from segstudio.training.plan import Plan
from segstudio.training.schedule import compute_rate_factor

_MAX_GRADIENT_NORM: Final = 5.0
_SEED_STRIDE: Final = 1_000_003  # between the augmentation seeds of two run seeds


class NonFiniteLossError(TrainingError):
    """The loss became NaN or infinite."""


class ExponentialMovingAverage:
    """Exponential moving average (EMA) of weights and statistics, used for validation, prediction and checkpoints.

    The decay at step n is min(decay, (1 + n) / (10 + n)), so that the average is useful from the first steps.
    With a decay of 0, `net` always equals the averaged network.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, net: nn.Module, step: int) -> None:
        decay = min(self._decay, (1 + step) / (10 + step)) if self._decay else 0.0
        average, new = list(self.net.state_dict().values()), list(net.state_dict().values())
        floats = [(a, b) for a, b in zip(average, new, strict=True) if a.is_floating_point()]
        torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - decay)
        for a, b in zip(average, new, strict=True):
            if not a.is_floating_point():
                a.copy_(b)


class _ForwardLevels(nn.Module):
    """Logits of every level under deep supervision, else only those at full size, through one `forward`.

    DistributedDataParallel and torch.compile wrap `forward` alone.
    """

    def __init__(self, net: nn.Module, deep: bool) -> None:
        super().__init__()
        self.net = net
        self._deep = deep

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        return self.net.forward_levels(images_BCHW) if self._deep else [self.net(images_BCHW)]  # type: ignore[operator]


class Trainer:
    """Network, optimiser, gradient scaler and averaged weights; `step` trains on one batch."""

    def __init__(self, config: TrainConfig, plan: Plan, model: Model, device: Device) -> None:
        self._config = config
        self._model = model
        if is_distributed():
            sync_batch_norm(model.net)
        self.net = model.net
        self.ema = ExponentialMovingAverage(model.net, config.ema_decay)
        self.rate_scale = 1.0  # lowered after a non-finite loss
        self.learning_rate = 0.0
        self._losses: list[Tensor] = []
        self._last_loss = math.nan
        self._non_finite = False
        self._in_step = False  # stays True after an exception: weights and moments may not belong together
        self.apply_plan(plan, device)
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

    def apply_plan(self, plan: Plan, device: Device) -> None:
        """Use this plan from now on: at the start, with less memory, or in another precision."""
        self._plan, self._device = plan, device
        self._scaler = torch.amp.GradScaler(device.kind, enabled=device.dtype == torch.float16)
        channels = plan.architecture.in_channels
        self._augment = Augmentation(channels, plan.vertical_flip) if self._config.augment else None
        weights = None if plan.class_weights is None else torch.tensor(plan.class_weights, device=device.torch)
        self._loss = parse_loss(plan.loss, plan.architecture.head, weights)
        levels: Any = _ForwardLevels(self.net, plan.architecture.deep_supervision)
        levels = wrap_for_training(levels, device.torch)
        self._forward = torch.compile(levels) if plan.compiled else levels

    def step(self, batch: Batch, number: int, progress: float, passes: float) -> None:
        """Train on a batch as step `number`; `passes` is how often the data was seen before.

        The loss stays on the device until `mean_loss`. Does nothing for a batch without labels.
        """
        if not batch.has_labels and not is_distributed():
            return
        self._in_step = True
        self.net.train()
        self.learning_rate = (
            self._config.learning_rate * self.rate_scale * compute_rate_factor(self._config.schedule, progress)
        )
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate
        images_BCHW, labels_BHW = self._prepare(batch, number, passes)
        weight = self._loss.sum_weights(labels_BHW)
        if self._may_read_numbers and not weight > 0:  # augmentation moved all labels out of the patches
            self._in_step = False
            return
        self.optimiser.zero_grad(set_to_none=True)
        size = math.ceil(len(images_BCHW) / self._plan.accumulate)
        total = torch.zeros((), device=self._device.torch)
        for images, labels in zip(torch.split(images_BCHW, size), torch.split(labels_BHW, size), strict=True):
            part = 1.0 if self._plan.accumulate == 1 else self._loss.sum_weights(labels) / weight.clamp(min=1e-6)
            loss = self._compute_loss(images, labels) * part
            self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        self._scaler.unscale_(self.optimiser)
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), _MAX_GRADIENT_NORM)
        if not self._scaler.is_enabled():
            total = total + 0 * norm  # a non-finite gradient makes the loss non-finite, so that it is not saved
        self._scaler.step(self.optimiser)
        self._scaler.update()
        self.ema.update(self.net, number)
        self._losses.append(total)
        self._in_step = False

    @property
    def _may_read_numbers(self) -> bool:
        """True where reading a tensor does not wait for a GPU, or where all ranks must decide alike."""
        return not self._device.on_gpu or is_distributed()

    def _prepare(self, batch: Batch, number: int, passes: float) -> tuple[Tensor, Tensor]:
        """Images and labels on the device, augmented and normalised."""
        device = self._device.torch
        images_BCHW = batch.images_BCHW.to(device, non_blocking=True)
        labels_BHW = batch.labels_BHW.to(device, non_blocking=True)
        if self._augment:
            torch.manual_seed((self._config.seed * _SEED_STRIDE + number) * 64 + rank())
            images_BCHW, labels_BHW = self._augment(images_BCHW, labels_BHW, compute_augmented_fraction(passes))
        return self._model.normalise(images_BCHW).contiguous(memory_format=torch.channels_last), labels_BHW

    def _compute_loss(self, images_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
        """Loss at full size, plus 1/2, 1/4 … of the loss of coarser levels (Lee et al. 2015, arXiv 1409.5185)."""
        with self._device.autocast():
            levels = self._forward(images_BCHW)
        factors = [0.5**i for i in range(len(levels))]
        total = self._loss(levels[0], labels_BHW)
        for factor, logits_BCHW in zip(factors[1:], levels[1:], strict=True):
            coarse_BHW = functional.interpolate(labels_BHW[:, None].float(), logits_BCHW.shape[2:], mode="nearest")
            total = total + factor * self._loss(logits_BCHW, coarse_BHW[:, 0].long())
        return total / sum(factors)

    def mean_loss(self) -> float:
        """Mean since the last call, NaN before the first step. Raises NonFiniteLossError."""
        if self._losses:
            self._last_loss = float(torch.stack(self._losses).mean())
            self._losses.clear()
            if not math.isfinite(self._last_loss):
                self._non_finite = True
                raise NonFiniteLossError("loss became NaN or infinite; train with a smaller learning rate")
        return self._last_loss

    @property
    def can_be_saved(self) -> bool:
        """True between two steps, if no loss has been NaN or infinite."""
        return not self._in_step and not self._non_finite and all(bool(torch.isfinite(loss)) for loss in self._losses)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, as plain types and tensors."""
        return {
            "net": self.net.state_dict(),
            "ema": self.ema.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
            "rate_scale": self.rate_scale,
            "torch_rng": torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises KeyError, ValueError or RuntimeError for a state of another network."""
        self.net.load_state_dict(state["net"])
        self.ema.net.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        if state["scaler"] and self._scaler.is_enabled():
            self._scaler.load_state_dict(state["scaler"])
        self.rate_scale = float(state["rate_scale"])
        torch.set_rng_state(state["torch_rng"])
        self._losses.clear()
        self._last_loss = math.nan
        self._non_finite = self._in_step = False

    def discard_partial_step(self) -> None:
        """After an exception inside a step: drop gradients and optimiser moments that are incomplete."""
        self.optimiser.zero_grad(set_to_none=True)
        for parameter, moments in list(self.optimiser.state.items()):
            if not {"exp_avg_sq", "momentum_buffer"} & set(moments):
                del self.optimiser.state[parameter]

    def release(self) -> None:
        """Free the memory of the device."""
        self.net.to("cpu")
        self.ema.net.to("cpu")
        self.optimiser.state.clear()
        self._losses.clear()
        self._device.empty_cache()
