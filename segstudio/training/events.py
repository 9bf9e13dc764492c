"""Events that a training run yields, besides progress and problems. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.core.box import Box
from segstudio.core.metrics import ConfusionMatrix
from segstudio.core.prediction import Prediction
from segstudio.events import Note, Problem, Progress


@dataclass(frozen=True)
class Decision:
    """The value of one setting that the user left to the program or chose, and the reason in one phrase."""

    key: str
    value: str
    reason: str


@dataclass(frozen=True)
class Proposal:
    """What a run on these images would decide; `warnings` are about the labels."""

    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...]
    train_names: tuple[str, ...]
    held_out_names: tuple[str, ...]


@dataclass(frozen=True)
class Started:
    """The run begins. `text` summarises device, network and batch in one line; `decisions` lists all settings."""

    run_dir: Path
    text: str
    train_images: int
    held_out_images: int
    decisions: tuple[Decision, ...] = ()
    history: tuple[dict[str, Any], ...] = ()  # validations of earlier sessions, rows as in metrics.jsonl

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class StepDone:
    """Some steps were taken; `loss` is their mean. `remaining_s` is NaN while it cannot be estimated."""

    step: int
    progress: float  # 0..1 of the whole run
    loss: float
    remaining_s: float
    patches_per_s: float = 0.0
    memory_bytes: int = 0
    learning_rate: float = 0.0


@dataclass(frozen=True)
class EpochDone:
    """After a validation; `confusion` is the sum over the validation images (all 0 if there are none)."""

    step: int
    loss: float
    confusion: ConfusionMatrix
    miou: float
    best_miou: float
    classes: tuple[str, ...] = ()
    iou: tuple[float, ...] = ()  # per class, NaN where neither ground truth nor prediction has it

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Preview:
    """The model's present prediction for the open image, or for the part of it in `box`."""

    prediction: Prediction
    box: Box | None = None


@dataclass(frozen=True)
class Recovered:
    """A step failed and the run continues in another way, described in `text`."""

    step: int
    text: str


@dataclass(frozen=True)
class SamplesAdded:
    """`images` newly labelled images take part from this step on."""

    step: int
    images: int


@dataclass(frozen=True)
class PretrainedLoaded:
    """The run was initialised from pretrained weights; `lines` report what was loaded and what was not."""

    lines: tuple[str, ...]
    percent: float  # of the network's parameters that were loaded


@dataclass(frozen=True)
class Finished:
    """The run has ended; `weights` is the file of its best. `stopped_early` if the validation mIoU no longer rose."""

    weights: Path
    best_miou: float
    step: int
    stopped_early: bool = False


TrainEvent = (
    Progress
    | Note
    | Problem
    | Started
    | StepDone
    | EpochDone
    | Preview
    | Recovered
    | SamplesAdded
    | PretrainedLoaded
    | Finished
)
