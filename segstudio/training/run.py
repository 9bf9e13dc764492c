"""One training: its learner, its clock, its history and its files."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from segstudio.core.metrics import Metrics
from segstudio.errors import TrainingError
from segstudio.events import Problem
from segstudio.formats.atomic import write_text
from segstudio.run_layout import BEST_WEIGHTS, LAST_STATE, LAUNCH_FILE, LOG_FILE, SPLIT_FILE
from segstudio.training.batches import Batch, BatchPrefetcher, Sampler
from segstudio.training.checkpoint import best_of, save_state, save_weights
from segstudio.training.clock import Clock
from segstudio.training.config import TrainConfig, write_config
from segstudio.training.dataset import PatchDataset
from segstudio.training.device import Device
from segstudio.training.distributed import launch, rank, world
from segstudio.training.history import History
from segstudio.training.learner import Trainer
from segstudio.training.model import Model
from segstudio.training.plan import Plan
from segstudio.training.schedule import EarlyStop


class Run:
    """Holds the state between steps; `update` is one step."""

    def __init__(self, config: TrainConfig, pool: PatchDataset, device: Device, plan: Plan, model: Model) -> None:
        self.config = config
        self.device = device
        self.plan = plan
        self.pool = pool
        self.step = 0
        self.best_miou = math.nan
        self.gone_back_to = -1  # the step of the last rescue
        self.history = History(config.run_dir, config.tensorboard and rank() == 0)
        self.early = EarlyStop(config.patience)
        self.learner = Trainer(config, plan, model, device)
        self._model = model
        self._feed = BatchPrefetcher(self._batch_at)
        self.clock = Clock(config)

    def _batch_at(self, step: int) -> Batch:
        count = self.plan.batch
        sampler = Sampler(self.pool, self.plan.patch, count * world(), self.config.seed, self.config.rare)
        return sampler.batch_at(step, rank() * count, count)

    @property
    def weights_path(self) -> Path:
        return self.config.run_dir / BEST_WEIGHTS

    def write_beginning(self, train: Sequence[str], held_out: Sequence[str]) -> None:
        """`config.json` and `split.json`."""
        for left in self.config.run_dir.glob(".*.tmp"):
            left.unlink(missing_ok=True)  # of a process that was killed while it wrote
        write_config(self.config)
        if launch():
            write_text(self.config.run_dir / LAUNCH_FILE, launch())
        self.write_split(train, held_out)

    def write_split(self, train: Sequence[str], held_out: Sequence[str]) -> None:
        split = json.dumps({"train": list(train), "val": list(held_out)}, indent=1, ensure_ascii=False)
        write_text(self.config.run_dir / SPLIT_FILE, split + "\n")

    def log(self, line: str) -> None:
        """Append to `log.txt`; a full disk is told when it matters, not here."""
        if rank():
            return
        path = self.config.run_dir / LOG_FILE
        with contextlib.suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")

    def describe(self) -> str:
        shape, parameters = self.plan.architecture, sum(p.numel() for p in self._model.net.parameters())
        where = f"{world()} x " if world() > 1 else ""
        return (
            f"{where}{self.device.describe()}; U-Net of depth {shape.depth} and width {shape.width}, "
            f"{parameters / 1e6:.1f} M parameters; {self.plan.batch} patches of {self.plan.patch} px a step"
        )

    def update(self) -> list[Problem]:
        """One step; gives what turned out to be unreadable on the way."""
        began = time.monotonic()
        batch = self._feed.take(self.step)
        passes = self.step * self.plan.batch * world() * self.plan.patch**2 / max(1, self.pool.pixels)
        self.learner.step(batch, self.step, self.clock.progress, passes)
        self.step += 1
        if self.step > 1:  # the first one also warms up
            pixels = self.plan.batch * self.plan.patch**2
            self.clock.count(self.plan.batch, pixels, time.monotonic() - began)
        return batch.problems

    def snapshot(self) -> Model:
        """The averaged model as it is now, marked with its step."""
        return self._model.with_net(self.learner.average.net, self.step)

    def record(self, loss: float, figures: Metrics) -> None:
        """Keep the weights if they are the best so far, and append to the history."""
        names = self.config.table.names
        row = {
            "step": self.step,
            "time_s": round(self.clock.spent_s, 2),
            "loss": loss,
            "miou": figures.miou,
            "learning_rate": self.learner.rate,
            "iou": {name: float(value) for name, value in zip(names, figures.iou, strict=True)},
        }
        if math.isnan(figures.miou) or not figures.miou < self.best_miou:
            self._save_weights(figures.miou)
            self.best_miou = figures.miou  # only once its weights are on disk
        if rank() == 0:
            self.history.add(row)

    def _save_weights(self, miou: float = math.nan) -> None:
        if rank() == 0:
            save_weights(self.snapshot(), self.weights_path, miou)

    def save_last(self) -> None:
        """Everything needed to resume, and weights to use if no validation came yet; nothing from a run gone wrong."""
        if not self.learner.healthy or rank():
            return
        if self.step and not self.weights_path.exists():
            self._save_weights()
        state = {
            "step": self.step,
            "spent_s": self.clock.spent_s,
            "progress": self.clock.progress,
            "best_miou": self.best_miou,
            "early": self.early.state(),
            "history": self.history.rows,
            "architecture": asdict(self._model.architecture),
            "classes": list(self.config.table.names),
            "precision": self.device.precision,
            "plan": {key: getattr(self.plan, key) for key in ("patch", "batch", "accumulate")},
            "chosen": {key: getattr(self.config, key) for key in ("patch", "batch", "accumulate", "precision")},
            "input": {"mean": self._model.mean, "deviation": self._model.deviation, "white": self._model.white},
            "sampler": {"seed": self.config.seed, "step": self.step, "names": self.pool.names},
            **self.learner.state(),
        }
        save_state(self.config.run_dir / LAST_STATE, state)

    def resume(self, state: dict[str, Any]) -> None:
        """Go on where a state was saved. Raises TrainingError."""
        path = self.config.run_dir / LAST_STATE
        try:
            same = state["architecture"] == asdict(self._model.architecture)
            if not same or state["classes"] != self.config.table.names:
                raise TrainingError(f"{path}: was made for other classes or another network; start a new run")
            self.learner.restore(state)
            self.step = int(state["step"])
            self.clock.spent_s = float(state["spent_s"])
            self.clock.progress = float(state["progress"])
            self.best_miou = best_of(float(state["best_miou"]), self.weights_path)
            self.early.restore(state["early"])
            if self.early.waited >= self.early.patience:
                self.early.waited = 0  # it had ended early: whoever goes on wants to see whether it rises again
            self.history.rows = list(state["history"])
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise TrainingError(f"{path}: cannot be resumed from ({error}); start a new run") from error

    def go_back(self, state: dict[str, Any]) -> None:
        """To an earlier state of this session; the time since then is spent all the same."""
        spent_s, best = self.clock.spent_s, self.best_miou
        self.resume(state)
        self.clock.spent_s = spent_s
        self.gone_back_to = self.step
        if best > self.best_miou or math.isnan(self.best_miou):
            self.best_miou = best  # its weights are still on disk

    def use(self, plan: Plan, device: Device) -> None:
        """Go on with a smaller plan or in another precision."""
        self.plan, self.device = plan, device
        self.learner.use(plan, device)
        self.device.free()
        self._feed.restart(self._batch_at)

    def renew_pool(self) -> None:
        """After images joined: what was prepared is dropped, and an epoch has another length."""
        per_step = self.plan.batch * self.plan.patch**2
        self.plan = replace(self.plan, steps_per_epoch=max(4, math.ceil(self.pool.pixels / per_step)))
        self._feed.restart(self._batch_at)

    def wait_for_feed(self) -> None:
        self._feed.wait()

    def release(self) -> None:
        """Give threads and the device's memory back."""
        self._feed.close()
        self.history.close()
        self.learner.release()
