"""One training: its network, optimiser, schedule, history and files."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from segstudio.errors import FileError, TrainingError
from segstudio.formats.atomic import write_text
from segstudio.training.augment import Augmentation, augmented_share
from segstudio.training.batches import Pool, random_batch, statistics
from segstudio.training.checkpoint import BEST, LAST, load_state, save_state, save_weights
from segstudio.training.config import TrainConfig, write_config
from segstudio.training.device import Device
from segstudio.training.losses import segmentation_loss
from segstudio.training.model import Architecture, Model
from segstudio.training.plan import Plan, make_plan

WARM_UP = 0.15  # of the run: the learning rate rises
_CLIP_NORM = 5.0


def one_cycle(progress: float) -> float:
    """Learning-rate factor over a run: cosine up from 1/25 to 1, cosine down to 1e-3 (Smith 2018, arXiv 1803.09820)."""
    if progress < WARM_UP:
        return _cosine(1 / 25, 1.0, progress / WARM_UP)
    return _cosine(1.0, 1e-3, min(1.0, (progress - WARM_UP) / (1 - WARM_UP)))


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


class Run:
    """Holds the state between steps; `update` is one step."""

    def __init__(self, config: TrainConfig, pool: Pool, device: Device, plan: Plan, model: Model) -> None:
        self.config = config
        self.device = device
        self.plan = plan
        self.step = 0
        self.best_miou = float("nan")
        self.history: list[dict[str, Any]] = []
        self._pool = pool
        self._model = model
        self._augment = Augmentation(pool.channels, plan.vertical_flip) if config.augment else None
        self._optimiser = torch.optim.AdamW(
            model.net.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=device.name != "mps",
        )
        self._rng = np.random.default_rng(config.seed)
        self._losses: list[torch.Tensor] = []
        self._last_loss = math.nan
        self._first_step = 0
        self._spent_s = 0.0  # in earlier sessions of this run
        self._began = time.monotonic()

    @property
    def spent_s(self) -> float:
        return self._spent_s + time.monotonic() - self._began

    @property
    def progress(self) -> float:
        """0..1, by steps or by time, whichever is further."""
        by_steps = self.step / self.config.steps if self.config.steps else 0.0
        by_time = self.spent_s / (60 * self.config.minutes) if self.config.minutes > 0 else 0.0
        return min(1.0, max(by_steps, by_time))

    @property
    def done(self) -> bool:
        return self.progress >= 1.0

    @property
    def healthy(self) -> bool:
        """Whether the loss is still a number; a run that is not may not replace what it saved before."""
        return all(bool(torch.isfinite(loss)) for loss in self._losses[-1:]) and not math.isinf(self._last_loss)

    def seconds_for(self, pixels: int) -> float:
        """About how long predicting so many pixels takes: a third of the time to learn from them, twice for overlap."""
        learnt = (self.step - self._first_step) * self.plan.batch * self.plan.patch**2
        return pixels * (time.monotonic() - self._began) / learnt * 2 / 3 if learnt else math.inf

    @property
    def left_s(self) -> float:
        progress = self.progress
        return self.spent_s * (1 - progress) / progress if progress > 0 else math.nan

    @property
    def weights_path(self) -> Path:
        return self.config.run_dir / BEST

    def write_beginning(self, train: list[str], held_out: list[str]) -> None:
        """`config.json` and `split.json`."""
        write_config(self.config)
        split = json.dumps({"train": train, "val": held_out}, indent=1, ensure_ascii=False)
        write_text(self.config.run_dir / "split.json", split + "\n")

    def log(self, line: str) -> None:
        """Append to `log.txt`."""
        path = self.config.run_dir / "log.txt"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")
        except OSError as error:
            raise FileError(path, f"could not be written ({error.strerror})", "free some space") from error

    def describe(self) -> str:
        parameters = sum(p.numel() for p in self._model.net.parameters())
        return (
            f"{self.device.describe()}; U-Net of depth {self.plan.depth} and width {self.plan.width}, "
            f"{parameters / 1e6:.1f} M parameters; "
            f"{self.plan.batch} patches of {self.plan.patch} px a step"
        )

    def update(self) -> None:
        """One step of the optimiser; the loss stays on the device."""
        net = self._model.net
        net.train()
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.learning_rate * one_cycle(self.progress)
        images_BCHW, labels_BHW = random_batch(self._pool, self.plan.batch, self.plan.patch, self._rng)
        images_BCHW, labels_BHW = images_BCHW.to(self.device.torch), labels_BHW.to(self.device.torch)
        if self._augment:
            share = augmented_share(self.step / self.plan.steps_per_epoch)
            images_BCHW, labels_BHW = self._augment(images_BCHW, labels_BHW, share)
        images_BCHW = self._model.normalised(images_BCHW).contiguous(memory_format=torch.channels_last)
        with self.device.autocast():
            logits_BCHW = net(images_BCHW)
        loss = segmentation_loss(logits_BCHW, labels_BHW)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), _CLIP_NORM)
        self._optimiser.step()
        self._losses.append(loss.detach())
        self.step += 1

    def mean_loss(self) -> float:
        """Mean since it was asked for last. Raises TrainingError when it is not a number any more."""
        if self._losses:
            self._last_loss = float(torch.stack(self._losses).mean())
            self._losses.clear()
        if not math.isfinite(self._last_loss):
            self._last_loss = math.inf
            raise TrainingError(
                f"the loss is {self._last_loss} at step {self.step}; train with a smaller learning rate"
            )
        return self._last_loss

    def snapshot(self) -> Model:
        """The model as it is now, marked with its step."""
        self._model.step = self.step
        return self._model

    def record(self, loss: float, miou: float) -> None:
        """Append to the history and keep the weights if they are the best so far."""
        row = {
            "step": self.step,
            "time_s": round(self.spent_s, 2),
            "loss": loss,
            "miou": None if math.isnan(miou) else miou,
            "learning_rate": self._optimiser.param_groups[0]["lr"],
        }
        self.history.append(row)
        lines = [json.dumps(entry) for entry in self.history]
        write_text(self.config.run_dir / "metrics.jsonl", "\n".join(lines) + "\n")
        if math.isnan(miou) or not miou < self.best_miou:
            self.best_miou = miou
            save_weights(self.snapshot(), self.weights_path)

    def save_last(self) -> None:
        """Everything needed to resume, and weights to use if no validation came yet; nothing from a run gone wrong."""
        if self.step == 0 or not self.healthy:
            return
        if not self.weights_path.exists():
            save_weights(self.snapshot(), self.weights_path)
        state = {
            "step": self.step,
            "spent_s": self.spent_s,
            "best_miou": self.best_miou,
            "history": self.history,
            "net": self._model.net.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "rng": self._rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "architecture": vars(self._model.architecture),
            "classes": self.config.table.names,
        }
        save_state(self.config.run_dir / LAST, state)

    def resume(self) -> None:
        """Go on where `last.ckpt` stopped. Raises FileError or TrainingError."""
        path = self.config.run_dir / LAST
        state = load_state(path)
        try:
            if state["architecture"] != vars(self._model.architecture) or state["classes"] != self.config.table.names:
                raise TrainingError(f"{path}: was made for other classes or another network; start a new run")
            self._model.net.load_state_dict(state["net"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._rng.bit_generator.state = state["rng"]
            torch.set_rng_state(state["torch_rng"])
            self.step = self._first_step = int(state["step"])
            self._spent_s = float(state["spent_s"])
            self.best_miou, self.history = float(state["best_miou"]), list(state["history"])
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise TrainingError(f"{path}: cannot be resumed from ({error}); start a new run") from error

    def release(self) -> None:
        """Give the device's memory back."""
        self._model.net.to("cpu")
        del self._optimiser
        self._losses.clear()
        self.device.free()


def start_run(config: TrainConfig, pool: Pool, device: Device) -> Run:
    """Decide what was left open, build, and resume if asked. An earlier run of that name is never written over."""
    if not config.resume and config.run_dir.is_dir() and any(config.run_dir.iterdir()):
        raise TrainingError(f"{config.run_dir.name}: there is a run of this name; choose another, or resume it")
    torch.manual_seed(config.seed)
    plan = make_plan(config, device, pool)
    mean, deviation = statistics(pool)
    architecture = Architecture(pool.channels, len(config.table), plan.width, plan.depth, config.up)
    net = architecture.build()
    net.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    model = Model(net, architecture, config.table, config.unlabelled, mean, deviation, plan.tile, pool.white)
    run = Run(config, pool, device, plan, model)
    if config.resume:
        run.resume()
        if run.done:
            raise TrainingError(f"{config.run_dir.name}: is finished; give it more minutes or steps to go on")
    return run
