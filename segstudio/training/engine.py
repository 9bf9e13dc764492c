"""The learning loop: a generator of events that any caller drains and may close at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np

from segstudio.core.metrics import scores, summed
from segstudio.core.prediction import Prediction
from segstudio.core.sample import Sample, held_out_part, train_part
from segstudio.errors import TrainingError
from segstudio.events import Problem, Progress
from segstudio.formats.images import Pixels
from segstudio.training.batches import Pool
from segstudio.training.config import TrainConfig
from segstudio.training.device import choose_device, memory_bytes
from segstudio.training.events import EpochDone, Finished, Preview, Started, StepDone, TrainEvent
from segstudio.training.predict import predict
from segstudio.training.run import Run, start_run
from segstudio.training.validate import validate

REPORT_INTERVAL_S = 0.25
SAVE_INTERVAL_S = 60.0
PREVIEW_SHARE = 0.1  # of the time may go into predicting the open picture
VALIDATION_SHARE = 0.15
MOST_STEPS_PER_EPOCH = 100
MEMORY_SHARE = 0.25


OpenPicture = Callable[[], tuple[str, Pixels] | None]


def train(
    config: TrainConfig, samples: Sequence[Sample], open_picture: OpenPicture = lambda: None
) -> Iterator[TrainEvent]:
    """Learn from `samples`; those held out judge.

    `open_picture` is asked now and then which picture to show a Preview of. Closing the generator stops the
    run: what was learnt so far is saved. Raises TrainingError when there is nothing to learn from.
    """
    budget = int(memory_bytes() * MEMORY_SHARE)
    pool = Pool(train_part(samples), config.table, config.unlabelled, budget)
    judges = Pool(held_out_part(samples), config.table, config.unlabelled, budget // 4)
    problems = []
    for event in chain(pool.load("reading pictures to learn from"), judges.load("reading held-out pictures")):
        if isinstance(event, Problem):
            problems.append(str(event))
        yield event
    if not len(pool):
        raise TrainingError("no picture to learn from has labels; label at least one, then train")
    run = start_run(config, pool, choose_device(config.device))
    try:
        run.write_beginning(pool.names, judges.names)
        for line in (run.describe(), *problems):
            run.log(line)
        yield Started(config.run_dir, run.describe(), len(pool), len(judges))
        yield from _learn(run, judges, open_picture)
    finally:
        try:
            run.save_last()
        finally:
            run.release()


def _learn(run: Run, judges: Pool, open_picture: OpenPicture) -> Iterator[TrainEvent]:
    report, save = _Clock(REPORT_INTERVAL_S, at_once=True), _Clock(SAVE_INTERVAL_S)
    preview, judge = _Clock(1.0), _Clock(1.0)
    to_judge = sum(pair.labels.size for pair in judges)
    losses: list[float] = []
    while not run.done:
        run.update()
        if report.due():  # the only wait for the device
            losses.append(run.mean_loss())
            yield StepDone(run.step, run.progress, losses[-1], run.left_s)
        epoch_ends = run.step % min(run.plan.steps_per_epoch, MOST_STEPS_PER_EPOCH) == 0
        if epoch_ends and judge.due(run.seconds_for(to_judge) / VALIDATION_SHARE) and not run.done:
            yield from _judged(run, judges, losses)
            losses.clear()
        shown = open_picture()
        if shown is not None and preview.due(run.seconds_for(shown[1].shape[0] * shown[1].shape[1]) / PREVIEW_SHARE):
            yield from _previewed(run, shown)
        if save.due():
            run.save_last()
    losses.append(run.mean_loss())
    yield StepDone(run.step, 1.0, losses[-1], 0.0)
    yield from _judged(run, judges, losses)
    yield from _previewed(run, open_picture())
    yield Finished(run.weights_path, run.best_miou, run.step)


def _judged(run: Run, judges: Pool, losses: list[float]) -> Iterator[Progress | EpochDone]:
    matrices = []
    for event in validate(run.snapshot(), judges, run.device):
        if isinstance(event, Progress):
            yield event
        else:
            matrices.append(event)
    matrix = summed(matrices, len(run.config.table))
    miou = scores(matrix).miou
    loss = float(np.mean(losses)) if losses else run.mean_loss()
    run.record(loss, miou)
    run.log(f"step {run.step}: loss {loss:.4f}, held-out mIoU {miou:.4f}")
    yield EpochDone(run.step, loss, matrix, miou, run.best_miou)


def _previewed(run: Run, shown: tuple[str, Pixels] | None) -> Iterator[Progress | Preview | Problem]:
    """A picture that the model cannot be shown, of other channels say, does not end the training."""
    if shown is None:
        return
    name, pixels = shown
    try:
        for event in predict(run.snapshot(), pixels, run.device, name):
            yield Preview(event) if isinstance(event, Prediction) else event
    except TrainingError as error:
        yield Problem(name, str(error))


class _Clock:
    """Says when something is due: every `interval_s`, or as many seconds as it asks for if that is longer."""

    def __init__(self, interval_s: float, at_once: bool = False) -> None:
        self._interval_s = interval_s
        self._last = time.monotonic() - (interval_s if at_once else 0.0)

    def due(self, at_least_s: float = 0.0) -> bool:
        if time.monotonic() - self._last < max(self._interval_s, at_least_s):
            return False
        self._last = time.monotonic()
        return True
