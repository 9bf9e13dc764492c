"""What a training reports, besides progress and problems; no torch here, so the window can show them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segstudio.core.metrics import Confusion
from segstudio.core.prediction import Prediction
from segstudio.events import Problem, Progress


@dataclass(frozen=True)
class Started:
    """What the run decided; `text` is one line for a person."""

    run_dir: Path
    text: str
    train_pictures: int
    held_out_pictures: int


@dataclass(frozen=True)
class StepDone:
    step: int
    progress: float  # 0..1 of the whole run
    loss: float
    left_s: float


@dataclass(frozen=True)
class EpochDone:
    """After a validation; `confusion` is the sum over the held-out pictures (all 0 if there are none)."""

    step: int
    loss: float
    confusion: Confusion
    miou: float
    best_miou: float


@dataclass(frozen=True)
class Preview:
    """The open picture as the model sees it now."""

    prediction: Prediction


@dataclass(frozen=True)
class Finished:
    """The run came to its end; `weights` are its best."""

    weights: Path
    best_miou: float
    step: int


TrainEvent = Progress | Problem | Started | StepDone | EpochDone | Preview | Finished
