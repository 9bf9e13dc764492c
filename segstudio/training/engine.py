"""The learning loop: a generator of events that any caller drains and may close at any moment."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from segstudio.core.box import Box
from segstudio.core.metrics import compute_metrics, sum_matrices
from segstudio.core.prediction import Prediction
from segstudio.core.sample import Sample, held_out_samples, train_samples
from segstudio.errors import FileError, TrainingError
from segstudio.events import Note, Problem, Progress
from segstudio.training.config import TrainConfig
from segstudio.training.dataset import PatchDataset
from segstudio.training.device import choose_device, is_out_of_memory
from segstudio.training.distributed import agreed, join, rank, sum_over_ranks
from segstudio.training.events import EpochDone, Finished, SamplesAdded, Preview, Recovered, Started, StepDone, TrainEvent
from segstudio.training.hooks import PreviewImage, RunHooks
from segstudio.training.learner import NonFiniteLossError
from segstudio.training.memory import give_freed_back, keep_freed, used_bytes
from segstudio.training.predict import predict
from segstudio.training.recovery import MOST_RESCUES, after_failed_compile, after_non_finite, after_out_of_memory
from segstudio.training.run import Run
from segstudio.training.start import Pools, start_run, warnings
from segstudio.training.validate import validate

REPORT_INTERVAL_S = 0.25
SAVE_INTERVAL_S = 30.0
PREVIEW_SHARE = 0.1  # of the time may go into predicting the open image
VALIDATION_SHARE = 0.15
MOST_STEPS_PER_EPOCH = 100

_ALONE = RunHooks()


def train(config: TrainConfig, samples: Sequence[Sample], around: RunHooks = _ALONE) -> Iterator[TrainEvent]:
    """Learn from `samples`; those held out judge.

    Closing the generator stops the run: what was learnt so far is saved. Time that the caller holds an event
    does not count as the run's. Raises TrainingError when there is nothing to learn from. Under torchrun every
    process calls this with the same arguments.
    """
    device = choose_device(config.device)
    join(device.name)
    keep_freed(device)
    try:
        yield from _train(config, samples, around)
    finally:
        give_freed_back()


def _train(config: TrainConfig, samples: Sequence[Sample], around: RunHooks) -> Iterator[TrainEvent]:
    pools = Pools(config, samples)
    problems = []
    for event in pools.load():
        if isinstance(event, Problem):
            problems.append(str(event))
        yield event
    run, moved, remark = start_run(config, pools.learn)
    try:
        if not rank():
            run.write_beginning(pools.learn.names, [sample.name for sample in held_out_samples(samples)])
        remarks = [*problems, *warnings(config, pools.learn), *([remark] if remark else [])]
        for line in (run.describe(), *remarks, *(moved.lines if moved else ())):
            run.log(line)
        yield Started(
            config.run_dir,
            run.describe(),
            len(pools.learn),
            len(pools.judge),
            run.plan.choices,
            tuple(run.history.rows),
        )
        yield from (Note("", line) for line in remarks[len(problems) :])
        if moved:
            yield moved
        run.save_last()  # so that there is always a good state to go back to
        run.clock.go_on()
        for told in _Loop(run, pools.judge, around).events():
            run.clock.pause()
            yield told
            run.clock.go_on()
    finally:
        try:
            run.save_last()
        finally:
            run.release()


class _Loop:
    """Steps, and between them judging, showing, saving and mending."""

    def __init__(self, run: Run, judges: PatchDataset, around: RunHooks) -> None:
        self._run = run
        self._judges = judges
        self._around = around
        self._losses: list[tuple[float, int]] = []  # means, and over how many steps
        self._told_step = run.step
        self._report, self._save = _Clock(REPORT_INTERVAL_S, at_once=True), _Clock(SAVE_INTERVAL_S)
        self._preview, self._judge = _Clock(0.5, at_once=True), _Clock(1.0)
        self._rest = _Clock(2.0)
        self._unshowable: set[str] = set()
        self._unsaved = ""
        self._rescues, self._failed_at = 0, -1
        self._ended_early = False

    def events(self) -> Iterator[TrainEvent]:
        """Raises TrainingError when the run ends without having learnt anything."""
        run, step = self._run, -1
        while step != run.step:  # once more if the last report went back to an earlier state
            yield from self._steps()
            step = run.step
            yield from self._reported()
        if not self._ended_early:
            yield from self._judged()
        self._preview.reset()
        self._rest.reset()
        yield from self._shown()
        if not run.step:
            raise TrainingError(
                "the run ended before its first good step; give it more time or a smaller learning rate"
            )
        yield Finished(run.weights_path, run.best_miou, run.step, self._ended_early)

    def _steps(self) -> Iterator[TrainEvent]:
        run = self._run
        while run.clock.look(run.step) < 1.0 and not self._ended_early:
            yield from self._stepped()
            if self._report.due():  # the only wait for the device
                yield from self._reported()
            if run.step % min(run.plan.steps_per_epoch, MOST_STEPS_PER_EPOCH) == 0:
                yield from self._at_epoch()
            yield from self._shown()
            if self._save.due():
                yield from self._careful(run.save_last)

    def _stepped(self) -> Iterator[Problem | Recovered]:
        """One step, tried again in another way if memory does not do, or compiling."""
        run = self._run
        while True:
            try:
                for problem in run.update():
                    run.log(str(problem))
                    yield problem
                return
            except (RuntimeError, MemoryError) as error:
                if is_out_of_memory(error):
                    yield self._told(after_out_of_memory(run, error))
                elif run.plan.compiled:
                    yield self._told(after_failed_compile(run, error))
                else:
                    raise

    def _told(self, event: Recovered) -> Recovered:
        self._run.log(event.text)
        return event

    def _reported(self) -> Iterator[StepDone | Recovered]:
        run = self._run
        if run.step == self._told_step:
            return  # nothing new
        try:
            self._losses.append((run.learner.mean_loss(), run.step - self._told_step))
            self._told_step = run.step
        except NonFiniteLossError as error:
            self._rescues = 1 if run.step > self._failed_at else self._rescues + 1
            self._failed_at = max(self._failed_at, run.step)
            if self._rescues > MOST_RESCUES:
                raise TrainingError(
                    f"the loss is no number at step {run.step}, after {MOST_RESCUES} attempts to mend it; look for "
                    "spoilt images, or train with a smaller learning rate"
                ) from error
            yield self._told(after_non_finite(run, error))
            self._told_step = run.step
            return
        yield StepDone(
            run.step,
            run.clock.progress,
            self._losses[-1][0],
            run.clock.left_s(run.step),
            run.clock.patches_s,
            used_bytes(run.device),
            run.learner.rate,
        )

    def _at_epoch(self) -> Iterator[TrainEvent]:
        """New images join; the model is judged if that does not take too large a share of the time."""
        run = self._run
        arrived = self._around.arrivals()
        if arrived:
            yield from self._joined(arrived)
        seconds = run.clock.seconds_for(self._judges.pixels) / VALIDATION_SHARE
        due = agreed([float(self._judge.due(seconds))])[0]
        if due and run.clock.look(run.step) < 1.0:
            yield from self._judged()

    def _joined(self, arrived: Sequence[Sample]) -> Iterator[TrainEvent]:
        run = self._run
        run.wait_for_feed()
        parts = ((run.pool, self._judges, train_samples(arrived)), (self._judges, run.pool, held_out_samples(arrived)))
        for pool, other, part in parts:
            for sample in part:
                other.drop(sample.name)  # nothing learns and judges
            for event in pool.join(part):
                if isinstance(event, Problem):
                    run.log(str(event))
                yield event
        run.renew_pool()
        run.write_split(run.pool.names, self._judges.names)
        run.log(f"step {run.step}: {len(arrived)} new or changed masks joined")
        yield SamplesAdded(run.step, len(arrived))

    def _judged(self) -> Iterator[TrainEvent]:
        run, step = self._run, self._run.step
        yield from self._reported()  # so that the loss is the mean of all steps since the last judgement
        if run.step != step:
            return  # it went back: there is something to learn again before it is judged
        matrices = []
        for event in validate(run.snapshot(), self._judges, run.device):
            if isinstance(event, np.ndarray):
                matrices.append(event)
            else:
                if isinstance(event, Problem):
                    run.log(str(event))
                yield event
        local = torch.from_numpy(sum_matrices(matrices, len(run.config.table))).to(run.device.torch)
        figures = compute_metrics(sum_over_ranks(local).cpu().numpy())
        loss = _mean(self._losses)
        self._losses.clear()
        yield from self._careful(lambda: run.record(loss, figures))
        run.log(f"step {run.step}: loss {loss:.4f}, held-out mIoU {figures.miou:.4f}")
        self._ended_early = run.early.tell(figures.miou)
        names, iou = tuple(run.config.table.names), tuple(float(value) for value in figures.iou)
        yield EpochDone(run.step, loss, figures.confusion, figures.miou, run.best_miou, names, iou)

    def _shown(self) -> Iterator[Progress | Preview | Problem]:
        """The open image, what is on the screen first; one that the model cannot be shown does not end the run."""
        shown, run = self._around.open_image(), self._run
        if shown is None or shown.name in self._unshowable:
            return
        height, width = shown.pixels.shape[:2]
        box = shown.visible.intersect(Box(0, 0, height, width)) if shown.visible else None
        if box is not None and (box.empty or box.area * 2 > height * width):
            box = None
        seconds = run.clock.seconds_for(height * width if box is None else box.area)
        if not self._preview.due(min(seconds / PREVIEW_SHARE, 1e6) if run.step > 1 else 0.0):
            return
        try:
            if box is not None:
                yield from self._predicted(shown, box)
            if box is None or self._rest.due(run.clock.seconds_for(height * width) / PREVIEW_SHARE):
                yield from self._predicted(shown, None)
        except TrainingError as error:
            self._unshowable.add(shown.name)
            yield Problem(shown.name, str(error))

    def _predicted(self, shown: PreviewImage, box: Box | None) -> Iterator[Progress | Preview]:
        pixels = shown.pixels if box is None else shown.pixels[box.slices]
        for event in predict(self._run.snapshot(), pixels, self._run.device, shown.name):
            yield Preview(event, box) if isinstance(event, Prediction) else event

    def _careful(self, write: Callable[[], None]) -> Iterator[Problem]:
        """A disk that is full is told once; what is saved already stays, and learning goes on."""
        try:
            write()
            self._unsaved = ""
        except FileError as error:
            if error.fault != self._unsaved:
                self._unsaved = error.fault
                yield Problem(str(error.path), str(error))


def _mean(losses: list[tuple[float, int]]) -> float:
    steps = sum(count for _, count in losses)
    return sum(loss * count for loss, count in losses) / steps if steps else math.nan


class _Clock:
    """Says when something is due: every `interval_s`, or as many seconds as it asks for if that is longer."""

    def __init__(self, interval_s: float, at_once: bool = False) -> None:
        self._interval_s = interval_s
        self._last = time.monotonic() - (1e9 if at_once else 0.0)

    def reset(self) -> None:
        """Due at once."""
        self._last = -1e9

    def due(self, at_least_s: float = 0.0) -> bool:
        if time.monotonic() - self._last < max(self._interval_s, at_least_s):
            return False
        self._last = time.monotonic()
        return True
