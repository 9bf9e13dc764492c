"""The learning loop: a generator of events that any caller drains and may close at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np

from segstudio.core.metrics import scores, summed
from segstudio.core.sample import Sample, held_out_part, train_part
from segstudio.errors import TrainingError
from segstudio.events import Problem
from segstudio.formats.images import Pixels
from segstudio.training.batches import Pool
from segstudio.training.config import TrainConfig
from segstudio.training.device import choose_device
from segstudio.training.events import EpochDone, Finished, Preview, Started, StepDone, TrainEvent
from segstudio.training.predict import predict_whole
from segstudio.training.run import Run, start_run
from segstudio.training.validate import validate

REPORT_INTERVAL_S = 0.25
SAVE_INTERVAL_S = 60.0
PREVIEW_SHARE = 0.1  # of the time may go into predicting the open picture
VALIDATION_SHARE = 0.15


OpenPicture = Callable[[], tuple[str, Pixels] | None]


def train(
    config: TrainConfig, samples: Sequence[Sample], open_picture: OpenPicture = lambda: None
) -> Iterator[TrainEvent]:
    """Learn from `samples`; those held out judge.

    `open_picture` is asked now and then which picture to show a Preview of. Closing the generator stops the
    run: what was learnt so far is saved. Raises TrainingError when there is nothing to learn from.
    """
    pool = Pool(train_part(samples), config.table, config.unlabelled)
    judges = Pool(held_out_part(samples), config.table, config.unlabelled)
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
        run.save_last()
        run.release()


def _learn(run: Run, judges: Pool, open_picture: OpenPicture) -> Iterator[TrainEvent]:
    preview, save = _Clock(PREVIEW_SHARE), _Clock(0.0, SAVE_INTERVAL_S)
    report = _Clock(0.0, REPORT_INTERVAL_S, at_once=True)
    judge = _Clock(VALIDATION_SHARE)
    losses: list[float] = []
    while not run.done:
        run.update()
        if report.due():  # the only wait for the device
            losses.append(run.mean_loss())
            yield StepDone(run.step, run.progress, losses[-1], run.left_s)
        if run.step % run.plan.steps_per_epoch == 0 and judge.due() and not run.done:
            with judge:
                yield _judged(run, judges, losses)
            losses.clear()
        if preview.due():
            with preview:
                yield from _previewed(run, open_picture)
        if save.due():
            with save:
                run.save_last()
    losses.append(run.mean_loss())
    yield StepDone(run.step, 1.0, losses[-1], 0.0)
    yield _judged(run, judges, losses)
    yield from _previewed(run, open_picture)
    yield Finished(run.weights_path, run.best_miou, run.step)


def _judged(run: Run, judges: Pool, losses: list[float]) -> EpochDone:
    matrices = dict(validate(run.snapshot(), judges, run.device))
    matrix = summed(matrices.values(), len(run.config.table))
    miou = scores(matrix).miou
    loss = float(np.mean(losses)) if losses else run.mean_loss()
    run.record(loss, miou)
    run.log(f"step {run.step}: loss {loss:.4f}, held-out mIoU {miou:.4f}")
    return EpochDone(run.step, loss, matrix, miou, run.best_miou)


def _previewed(run: Run, open_picture: OpenPicture) -> Iterator[Preview]:
    asked = open_picture()
    if asked is not None:
        name, pixels = asked
        yield Preview(predict_whole(run.snapshot(), pixels, run.device, name))


class _Clock:
    """Says when something is due so that it takes at most `share` of the time, or every `interval_s`."""

    def __init__(self, share: float, interval_s: float = 1.0, at_once: bool = False) -> None:
        self._share = share
        self._interval_s = interval_s
        self._last = time.monotonic() - (interval_s if at_once else 0.0)

    def due(self) -> bool:
        if time.monotonic() - self._last < self._interval_s:
            return False
        self._last = time.monotonic()
        return True

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *exception: object) -> None:
        now = time.monotonic()
        if self._share:
            self._interval_s = max(1.0, (now - self._began) / self._share)
        self._last = now
