"""What a run does when a step goes wrong, so that nobody has to start again."""

from __future__ import annotations

from dataclasses import replace

import torch

from segstudio.errors import TrainingError
from segstudio.run_layout import PREVIOUS_STATE
from segstudio.training.checkpoint import load_newest_state, load_state
from segstudio.training.distributed import together
from segstudio.training.events import Recovered
from segstudio.training.learner import NonFiniteLossError
from segstudio.training.run import Run

MOST_RESCUES = 8


def after_out_of_memory(run: Run, error: BaseException) -> Recovered:
    """The same batch in more parts, or smaller patches. Raises TrainingError when there is nothing left to try."""
    smaller = run.plan.smaller()
    if smaller is None or together():
        raise TrainingError(
            f"memory does not do for {run.plan.batch} patches of {run.plan.patch} px; take a smaller batch, patch or "
            "width, or close other programs"
        ) from error
    run.learner.forget_half_made()
    if smaller.patch == run.plan.patch:
        text = f"memory ran out: each step is learnt in {smaller.accumulate} parts from now on"
    else:
        text = f"memory ran out: patches are {smaller.patch} px from now on, not {run.plan.patch}"
    run.use(smaller, run.device)
    return Recovered(run.step, text)


def after_failed_compile(run: Run, error: Exception) -> Recovered:
    """Go on without compiling: it needs a compiler that this machine may not have."""
    run.learner.forget_half_made()
    run.use(replace(run.plan, compiled=False), run.device)
    return Recovered(run.step, f"compiling failed ({type(error).__name__}): going on without")


def after_non_finite(run: Run, error: NonFiniteLossError) -> Recovered:
    """Back to the last good state; in full precision if it was lower, else at half the learning rate."""
    if together():
        raise error
    at = run.step
    where = _back(run)
    if run.device.dtype != torch.float32:
        run.use(run.plan, run.device.in_full_precision())
        how = "in full precision"
    else:
        run.learner.rate_scale /= 2
        how = f"at {run.learner.rate_scale:g} of the learning rate"
    return Recovered(run.step, f"the loss was no number at step {at}: going on from {where}, {how}")


def _back(run: Run) -> str:
    """The newest saved state; where that did not help before, the one before it."""
    scale, folder = run.learner.rate_scale, run.config.run_dir
    state, _ = load_newest_state(folder)  # there is one from before the first step
    if state["step"] == run.gone_back_to and (folder / PREVIOUS_STATE).is_file():
        state = load_state(folder / PREVIOUS_STATE)
    run.go_back(state)
    run.learner.rate_scale = scale
    return f"step {run.step}" if run.step else "the beginning"
