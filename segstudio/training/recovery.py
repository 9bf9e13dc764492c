"""Recovery from out of memory, a non-finite loss and a failed torch.compile, so that the run continues."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch

from segstudio.errors import TrainingError
from segstudio.run_layout import PREVIOUS_STATE
from segstudio.training.checkpoint import load_newest_state, load_state
from segstudio.training.distributed import is_distributed
from segstudio.training.events import Recovered
from segstudio.training.run import Run
from segstudio.training.trainer import NonFiniteLossError

MAX_RECOVERIES: Final = 8  # from non-finite losses at the same step


def recover_from_out_of_memory(run: Run, error: BaseException) -> Recovered:
    """Repeat the batch in more parts, or with smaller patches. Raises TrainingError when neither is possible."""
    smaller = run.plan.with_less_memory()
    if smaller is None or is_distributed():
        raise TrainingError(
            f"out of memory with {run.plan.batch_size} patches of {run.plan.patch_size} px; use a smaller batch_size, "
            "patch_size or width, or close other programs"
        ) from error
    run.trainer.discard_partial_step()
    if smaller.patch_size == run.plan.patch_size:
        text = f"out of memory: batches are processed in {smaller.accumulate} parts from now on"
    else:
        text = f"out of memory: patches are {smaller.patch_size} px from now on, not {run.plan.patch_size}"
    run.apply_plan(smaller, run.device)
    return Recovered(run.step, text)


def recover_from_failed_compile(run: Run, error: Exception) -> Recovered:
    """Continue without torch.compile: it needs a C++ compiler, which this machine may not have."""
    run.trainer.discard_partial_step()
    run.apply_plan(replace(run.plan, compiled=False), run.device)
    return Recovered(run.step, f"torch.compile failed ({type(error).__name__}): continuing without it")


def recover_from_non_finite(run: Run, error: NonFiniteLossError) -> Recovered:
    """Return to the last good state; then use full precision, or half the learning rate where it was full already."""
    if is_distributed():
        raise error
    failed_at = run.step
    _restore_good_state(run)
    if run.device.dtype != torch.float32:
        run.apply_plan(run.plan, run.device.with_full_precision())
        how = "in full precision"
    else:
        run.trainer.rate_scale /= 2
        how = f"at {run.trainer.rate_scale:g} of the learning rate"
    return Recovered(
        run.step, f"loss became NaN or infinite at step {failed_at}: continuing from step {run.step}, {how}"
    )


def _restore_good_state(run: Run) -> None:
    """The newest saved state, or the one before it if the newest was restored already and failed again."""
    scale, folder = run.trainer.rate_scale, run.config.run_dir
    state, _ = load_newest_state(folder)  # the engine saves one before the first step
    if state["step"] == run.restored_step and (folder / PREVIOUS_STATE).is_file():
        state = load_state(folder / PREVIOUS_STATE)
    run.restore_earlier(state)
    run.trainer.rate_scale = scale
