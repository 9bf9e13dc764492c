"""What a run does when a step goes wrong, so that nobody has to start again."""

from __future__ import annotations

import torch

from segstudio.errors import TrainingError
from segstudio.training.checkpoint import load_newest_state
from segstudio.training.distributed import together
from segstudio.training.events import Rescued
from segstudio.training.learner import NonFiniteLossError
from segstudio.training.run import Run

MOST_RESCUES = 8
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a GPU or here."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _NO_MEMORY)


def after_out_of_memory(run: Run, error: BaseException) -> Rescued:
    """The same batch in more parts, or smaller patches. Raises TrainingError when there is nothing left to try."""
    smaller = run.plan.smaller()
    if smaller is None or together():
        raise TrainingError(
            f"memory does not do for {run.plan.batch} patches of {run.plan.patch} px; take a smaller batch, patch or "
            "width, or close other programs"
        ) from error
    run.learner.optimiser.zero_grad(set_to_none=True)
    if smaller.patch == run.plan.patch:
        text = f"memory ran out: each step is learnt in {smaller.accumulate} parts from now on"
    else:
        text = f"memory ran out: patches are {smaller.patch} px from now on, not {run.plan.patch}"
    run.use(smaller, run.device)
    return Rescued(run.step, text)


def after_non_finite(run: Run, error: NonFiniteLossError) -> Rescued:
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
    return Rescued(run.step, f"the loss was no number at step {at}: going on from {where}, {how}")


def _back(run: Run) -> str:
    """The newest saved state, or the beginning."""
    scale = run.learner.rate_scale
    state, _ = load_newest_state(run.config.run_dir)  # there is one from before the first step
    run.go_back(state)
    run.learner.rate_scale = scale
    return f"step {run.step}" if run.step else "the beginning"
