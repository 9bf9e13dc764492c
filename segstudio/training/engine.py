"""The training loop: a generator of events that any caller drains and may close at any moment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import torch

from segstudio.core.box import Box
from segstudio.core.metrics import compute_metrics, sum_matrices
from segstudio.core.prediction import Prediction
from segstudio.core.sample import Sample, held_out_samples, train_samples
from segstudio.errors import FileError, TrainingError
from segstudio.events import Note, Problem, Progress
from segstudio.training.clock import RateLimiter
from segstudio.training.config import TrainConfig
from segstudio.training.dataset import PatchDataset
from segstudio.training.device import (
    choose_device,
    is_out_of_memory,
    keep_freed_memory,
    return_freed_memory,
    used_memory_bytes,
)
from segstudio.training.distributed import broadcast_number, join_process_group, rank, sum_over_ranks
from segstudio.training.events import (
    EpochDone,
    Finished,
    Preview,
    Recovered,
    SamplesAdded,
    Started,
    StepDone,
    TrainEvent,
)
from segstudio.training.hooks import PreviewImage, RunHooks
from segstudio.training.predict import predict
from segstudio.training.recovery import (
    MAX_RECOVERIES,
    recover_from_failed_compile,
    recover_from_non_finite,
    recover_from_out_of_memory,
)
from segstudio.training.run import Run
from segstudio.training.start import Datasets, find_warnings, start_run
from segstudio.training.trainer import NonFiniteLossError
from segstudio.training.validate import validate

REPORT_INTERVAL_S = 0.25
SAVE_INTERVAL_S = 30.0
PREVIEW_INTERVAL_S: Final = 0.5
WHOLE_PREVIEW_INTERVAL_S: Final = 2.0
VALIDATION_INTERVAL_S: Final = 1.0
PREVIEW_FRACTION: Final = 0.1  # of the time may be spent on previews
VALIDATION_FRACTION: Final = 0.15
MAX_STEPS_PER_EPOCH: Final = 100

_NO_HOOKS: Final = RunHooks()


def train(config: TrainConfig, samples: Sequence[Sample], hooks: RunHooks = _NO_HOOKS) -> Iterator[TrainEvent]:
    """Train on `samples`, validate on those that are held out.

    Closing the generator stops the run and saves its state. Time in which the caller holds an event does not count
    towards `minutes`. Raises TrainingError or FileError when the run cannot start or go on. Under torchrun every
    process calls this with the same arguments.
    """
    device = choose_device(config.device)
    join_process_group(device.name)
    keep_freed_memory(device)
    try:
        yield from _train(config, samples, hooks)
    finally:
        return_freed_memory()


def _train(config: TrainConfig, samples: Sequence[Sample], hooks: RunHooks) -> Iterator[TrainEvent]:
    datasets = Datasets(config, samples)
    problems = []
    for loading in datasets.load():
        if isinstance(loading, Problem):
            problems.append(str(loading))
        yield loading
    start = start_run(config, datasets.train)
    run, pretrained = start.run, start.pretrained
    try:
        if not rank():
            run.write_start(datasets.train.names, [sample.name for sample in held_out_samples(samples)])
        remarks = [*find_warnings(config, datasets.train), *([start.remark] if start.remark else [])]
        for line in (run.describe(), *problems, *remarks, *(pretrained.lines if pretrained else ())):
            run.log(line)
        yield Started(
            config.run_dir,
            run.describe(),
            len(datasets.train),
            len(datasets.val),
            run.plan.decisions,
            tuple(run.history.rows),
        )
        yield from (Note("", line) for line in remarks)
        if pretrained:
            yield pretrained
        run.save_last()  # recovery from a failure in the first steps needs a saved state
        run.clock.resume()
        for event in _Loop(run, datasets.val, hooks).events():
            run.clock.pause()
            yield event
            run.clock.resume()
    finally:
        try:
            run.save_last()
        finally:
            run.release()


class _Loop:
    """Takes steps; between them reports, validates, predicts previews, saves and recovers."""

    def __init__(self, run: Run, val: PatchDataset, hooks: RunHooks) -> None:
        self._run = run
        self._val = val
        self._hooks = hooks
        self._loss_sum, self._loss_steps = 0.0, 0  # since the last validation
        self._reported_step = run.step
        self._report, self._save = RateLimiter(REPORT_INTERVAL_S, at_once=True), RateLimiter(SAVE_INTERVAL_S)
        self._validation = RateLimiter(VALIDATION_INTERVAL_S)
        self._preview = RateLimiter(PREVIEW_INTERVAL_S, at_once=True)
        self._whole_preview = RateLimiter(WHOLE_PREVIEW_INTERVAL_S)
        self._no_preview: set[str] = set()  # images with other channels than the model
        self._write_fault = ""
        self._recoveries, self._failed_at = 0, -1
        self._stopped_early = False

    def events(self) -> Iterator[TrainEvent]:
        """Raises TrainingError when the run ends without a step."""
        run, step = self._run, -1
        while step != run.step:  # again if the last report found a non-finite loss and restored an earlier state
            yield from self._take_steps()
            step = run.step
            yield from self._report_loss()
        if not self._stopped_early:
            yield from self._validate()
        self._preview.reset()
        self._whole_preview.reset()
        yield from self._predict_previews()
        if not run.step:
            raise TrainingError("the run ended before its first step; give it more time or a smaller learning rate")
        yield Finished(run.weights_path, run.best_miou, run.step, self._stopped_early)

    def _take_steps(self) -> Iterator[TrainEvent]:
        run = self._run
        while run.clock.update_progress(run.step) < 1.0 and not self._stopped_early:
            yield from self._take_step()
            if self._report.is_due():  # reading the loss is the only wait for a GPU
                yield from self._report_loss()
            if run.step % min(run.plan.steps_per_epoch, MAX_STEPS_PER_EPOCH) == 0:
                yield from self._end_epoch()
            yield from self._predict_previews()
            if self._save.is_due():
                yield from self._try_to_write(run.save_last)

    def _take_step(self) -> Iterator[Problem | Recovered]:
        """One step, repeated after out of memory or a failed torch.compile."""
        run = self._run
        while True:
            try:
                for problem in run.update():
                    run.log(str(problem))
                    yield problem
                return
            except (RuntimeError, MemoryError) as error:
                if is_out_of_memory(error):
                    yield self._log(recover_from_out_of_memory(run, error))
                elif run.plan.compiled:
                    yield self._log(recover_from_failed_compile(run, error))
                else:
                    raise

    def _log(self, event: Recovered) -> Recovered:
        self._run.log(event.text)
        return event

    def _report_loss(self) -> Iterator[StepDone | Recovered]:
        run = self._run
        if run.step == self._reported_step:
            return
        try:
            loss = run.trainer.mean_loss()
        except NonFiniteLossError as error:
            yield self._log(self._recover(error))
            self._reported_step = run.step
            return
        steps = run.step - self._reported_step
        self._loss_sum += loss * steps
        self._loss_steps += steps
        self._reported_step = run.step
        yield StepDone(
            run.step,
            run.clock.progress,
            loss,
            run.clock.estimate_remaining_s(run.step),
            run.clock.patches_per_s,
            used_memory_bytes(run.device),
            run.trainer.learning_rate,
        )

    def _recover(self, error: NonFiniteLossError) -> Recovered:
        """Raises TrainingError after MAX_RECOVERIES attempts that did not get past the same step."""
        step = self._run.step
        self._recoveries = 1 if step > self._failed_at else self._recoveries + 1
        self._failed_at = max(self._failed_at, step)
        if self._recoveries > MAX_RECOVERIES:
            raise TrainingError(
                f"loss became NaN or infinite at step {step}, after {MAX_RECOVERIES} attempts to recover; check the "
                "images, or train with a smaller learning rate"
            ) from error
        return recover_from_non_finite(self._run, error)

    def _end_epoch(self) -> Iterator[TrainEvent]:
        """Add new samples; validate unless it would take too large a fraction of the time."""
        run = self._run
        samples = self._hooks.new_samples()
        if samples:
            yield from self._add_samples(samples)
        seconds = run.clock.estimate_prediction_s(self._val.num_pixels) / VALIDATION_FRACTION
        due = broadcast_number(float(self._validation.is_due(seconds)))
        if due and run.clock.update_progress(run.step) < 1.0:
            yield from self._validate()

    def _add_samples(self, samples: Sequence[Sample]) -> Iterator[TrainEvent]:
        run = self._run
        run.drop_batches()
        parts = ((run.dataset, self._val, train_samples(samples)), (self._val, run.dataset, held_out_samples(samples)))
        for dataset, other, part in parts:
            for sample in part:
                other.drop(sample.name)  # a sample is never in both the training and the validation set
            for event in dataset.add(part):
                if isinstance(event, Problem):
                    run.log(str(event))
                yield event
        run.update_epoch_length()
        run.write_split(run.dataset.names, self._val.names)
        run.log(f"step {run.step}: {len(samples)} newly labelled or changed images added")
        yield SamplesAdded(run.step, len(samples))

    def _validate(self) -> Iterator[TrainEvent]:
        run, step = self._run, self._run.step
        yield from self._report_loss()  # so that the mean loss covers all steps since the last validation
        if run.step != step:
            return  # an earlier state was restored: train on before validating
        matrices = []
        for event in validate(run.snapshot(), self._val, run.device):
            if isinstance(event, np.ndarray):
                matrices.append(event)
            else:
                if isinstance(event, Problem):
                    run.log(str(event))
                yield event
        local = torch.from_numpy(sum_matrices(matrices, len(run.config.table))).to(run.device.torch)
        metrics = compute_metrics(sum_over_ranks(local).cpu().numpy())
        loss = self._loss_sum / self._loss_steps if self._loss_steps else math.nan
        self._loss_sum, self._loss_steps = 0.0, 0
        yield from self._try_to_write(lambda: run.record(loss, metrics))
        run.log(f"step {run.step}: loss {loss:.4f}, validation mIoU {metrics.miou:.4f}")
        self._stopped_early = run.early_stop.update(metrics.miou)
        names, iou = tuple(run.config.table.names), tuple(float(value) for value in metrics.iou)
        yield EpochDone(run.step, loss, metrics.confusion, metrics.miou, run.best_miou, names, iou)

    def _predict_previews(self) -> Iterator[Progress | Preview | Problem]:
        """Predict the open image, its visible part first; one that the model cannot take is reported and skipped."""
        image, clock = self._hooks.open_image(), self._run.clock
        if image is None or image.name in self._no_preview:
            return
        height, width = image.pixels.shape[:2]
        box = image.visible_box.intersect(Box(0, 0, height, width)) if image.visible_box else None
        if box is not None and (box.empty or box.area * 2 > height * width):
            box = None
        whole_s = clock.estimate_prediction_s(height * width) / PREVIEW_FRACTION
        seconds = whole_s if box is None else clock.estimate_prediction_s(box.area) / PREVIEW_FRACTION
        if not self._preview.is_due(min(seconds, 1e6) if self._run.step > 1 else 0.0):
            return
        try:
            if box is not None:
                yield from self._predict_preview(image, box)
            if box is None or self._whole_preview.is_due(whole_s):
                yield from self._predict_preview(image, None)
        except TrainingError as error:
            self._no_preview.add(image.name)
            yield Problem(image.name, str(error))

    def _predict_preview(self, image: PreviewImage, box: Box | None) -> Iterator[Progress | Preview]:
        pixels = image.pixels if box is None else image.pixels[box.slices]
        for event in predict(self._run.snapshot(), pixels, self._run.device, image.name):
            yield Preview(event, box) if isinstance(event, Prediction) else event

    def _try_to_write(self, write: Callable[[], None]) -> Iterator[Problem]:
        """Report a failed write once and continue; the files that were saved before remain."""
        try:
            write()
            self._write_fault = ""
        except FileError as error:
            if error.fault != self._write_fault:
                self._write_fault = error.fault
                yield Problem(str(error.path), str(error))
