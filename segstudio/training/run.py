"""State of one training run between steps: trainer, clock, history and files."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from segstudio.core.metrics import Metrics
from segstudio.errors import TrainingError
from segstudio.events import Problem
from segstudio.formats.atomic import write_text
from segstudio.run_layout import BEST_WEIGHTS, LAST_STATE, LAUNCH_FILE, LOG_FILE, SPLIT_FILE
from segstudio.training.batches import Batch, BatchPrefetcher, PatchSampler
from segstudio.training.checkpoint import find_best_miou, save_state, save_weights
from segstudio.training.clock import RunClock
from segstudio.training.config import TrainConfig, write_config
from segstudio.training.dataset import PatchDataset
from segstudio.training.device import Device
from segstudio.training.distributed import launch_id, rank, world_size
from segstudio.training.history import History
from segstudio.training.model import Model
from segstudio.training.plan import Plan, count_epoch_steps
from segstudio.training.schedule import EarlyStop
from segstudio.training.trainer import Trainer

PLAN_KEYS: Final = ("patch_size", "batch_size", "accumulate")  # recovery may have changed them; resumed as they were


class Run:
    """Holds everything that a run needs between two steps; `update` takes one step."""

    def __init__(self, config: TrainConfig, dataset: PatchDataset, device: Device, plan: Plan, model: Model) -> None:
        self.config = config
        self.device = device
        self.plan = plan
        self.dataset = dataset
        self.step = 0
        self.best_miou = math.nan
        self.restored_step = -1  # of the last `restore_earlier`
        self.history = History(config.run_dir, config.tensorboard and rank() == 0)
        self.early_stop = EarlyStop(config.patience)
        self.trainer = Trainer(config, plan, model, device)
        self._model = model
        self._batches = BatchPrefetcher(self._make_batch)
        self.clock = RunClock(config)

    def _make_batch(self, step: int) -> Batch:
        size, config = self.plan.batch_size, self.config
        sampler = PatchSampler(
            self.dataset, self.plan.patch_size, size * world_size(), config.seed, config.rare_class_fraction
        )
        return sampler.make_batch(step, rank() * size, size)

    @property
    def weights_path(self) -> Path:
        return self.config.run_dir / BEST_WEIGHTS

    def write_start(self, train: Sequence[str], held_out: Sequence[str]) -> None:
        """Write `config.json` and `split.json`, and remove temporary files of a process that was killed."""
        for left in self.config.run_dir.glob(".*.tmp"):
            left.unlink(missing_ok=True)
        write_config(self.config)
        if launch_id():
            write_text(self.config.run_dir / LAUNCH_FILE, launch_id())
        self.write_split(train, held_out)

    def write_split(self, train: Sequence[str], held_out: Sequence[str]) -> None:
        split = json.dumps({"train": list(train), "val": list(held_out)}, indent=1, ensure_ascii=False)
        write_text(self.config.run_dir / SPLIT_FILE, split + "\n")

    def log(self, line: str) -> None:
        """Append to `log.txt`; a failure to write is ignored here, it is reported when the state is saved."""
        if rank():
            return
        path = self.config.run_dir / LOG_FILE
        with contextlib.suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")

    def describe(self) -> str:
        architecture = self.plan.architecture
        parameters = sum(p.numel() for p in self._model.net.parameters())
        return (
            f"{self.device.describe()}; U-Net of depth {architecture.depth} and width {architecture.width}, "
            f"{parameters / 1e6:.1f} M parameters; {self.plan.batch_size} patches of {self.plan.patch_size} px per step"
        )

    def update(self) -> list[Problem]:
        """Take one step; returns a problem for each image that could not be read."""
        started_s = time.monotonic()
        batch = self._batches.get(self.step)
        pixels = self.plan.pixels_per_step
        passes = self.step * pixels * world_size() / max(1, self.dataset.num_pixels)
        self.trainer.step(batch, self.step, self.clock.progress, passes)
        self.step += 1
        if self.step > 1:  # the first step includes warm-up
            self.clock.add_step(self.plan.batch_size, pixels, time.monotonic() - started_s)
        return batch.problems

    def snapshot(self) -> Model:
        """The model with the averaged weights of now, marked with its step; the weights are shared, not copied."""
        return self._model.with_net(self.trainer.ema.net, self.step)

    def record(self, loss: float, metrics: Metrics) -> None:
        """Save the weights if they are the best so far, and append to the history. Raises FileError."""
        names = self.config.table.names
        row = {
            "step": self.step,
            "time_s": round(self.clock.spent_s, 2),
            "loss": loss,
            "miou": metrics.miou,
            "learning_rate": self.trainer.learning_rate,
            "iou": {name: float(value) for name, value in zip(names, metrics.iou, strict=True)},
        }
        if math.isnan(metrics.miou) or not metrics.miou < self.best_miou:
            self._save_weights(metrics.miou)
            self.best_miou = metrics.miou  # set only after its weights are on disk
        if rank() == 0:
            self.history.add(row)

    def _save_weights(self, miou: float = math.nan) -> None:
        if rank() == 0:
            save_weights(self.snapshot(), self.weights_path, miou)

    def save_last(self) -> None:
        """Save everything needed to resume, and weights if no validation has saved any. Raises FileError.

        Saves nothing after a non-finite loss, within a step, or of a restored state, which would replace the one
        before it.
        """
        if not self.trainer.can_be_saved or self.step == self.restored_step or rank():
            return
        if self.step and not self.weights_path.exists():
            self._save_weights()
        state = {
            "step": self.step,
            "spent_s": self.clock.spent_s,
            "progress": self.clock.progress,
            "best_miou": self.best_miou,
            "early": self.early_stop.state(),
            "history": self.history.rows,
            "architecture": asdict(self._model.architecture),
            "classes": list(self.config.table.names),
            "precision": self.device.precision,
            "plan": {key: getattr(self.plan, key) for key in PLAN_KEYS},
            "chosen": {key: getattr(self.config, key) for key in (*PLAN_KEYS, "precision")},
            "input": {"mean": self._model.mean, "std": self._model.std, "white": self._model.white},
            "sampler": {"seed": self.config.seed, "step": self.step, "names": self.dataset.names},
            **self.trainer.state(),
        }
        save_state(self.config.run_dir / LAST_STATE, state)

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a saved state. Raises TrainingError for one of another network or other classes."""
        path = self.config.run_dir / LAST_STATE
        try:
            same = state["architecture"] == asdict(self._model.architecture)
            if not same or state["classes"] != self.config.table.names:
                raise TrainingError(f"{path}: was saved with other classes or another network; start a new run")
            self.trainer.restore(state)
            self.step = int(state["step"])
            self.clock.spent_s = float(state["spent_s"])
            self.clock.progress = float(state["progress"])
            self.best_miou = find_best_miou(float(state["best_miou"]), self.weights_path)
            self.early_stop.restore(state["early"])
            self.history.rows = list(state["history"])
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise TrainingError(f"{path}: cannot be resumed from ({error}); start a new run") from error

    def restore_earlier(self, state: dict[str, Any]) -> None:
        """Return to a state of this session; the time since then still counts as spent."""
        spent_s, best = self.clock.spent_s, self.best_miou
        self.restore(state)
        self.clock.spent_s = spent_s
        self.restored_step = self.step
        if best > self.best_miou or math.isnan(self.best_miou):
            self.best_miou = best  # its weights are still on disk

    def apply_plan(self, plan: Plan, device: Device) -> None:
        """Continue with less memory or in another precision."""
        self.plan, self.device = plan, device
        self.trainer.apply_plan(plan, device)
        self.device.empty_cache()
        self._batches.restart(self._make_batch)

    def drop_batches(self) -> None:
        """Wait until nothing reads the dataset: call it before images are added."""
        self._batches.drop_all()

    def update_epoch_length(self) -> None:
        """After images were added: prepared batches are dropped and an epoch has more steps."""
        steps = count_epoch_steps(self.dataset.num_pixels, self.plan.pixels_per_step)
        self.plan = replace(self.plan, steps_per_epoch=steps)
        self._batches.restart(self._make_batch)

    def release(self) -> None:
        """Stop the prefetching thread and free the memory of the device."""
        self._batches.close()
        self.history.close()
        self.trainer.release()
