"""What a training reports, besides progress and problems; no torch here, so the window can show them."""

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
    """One thing that a run decided or was told, and why, in words."""

    key: str
    value: str
    reason: str


@dataclass(frozen=True)
class Proposal:
    """What a run on these images would choose; `warnings` are about the data."""

    choices: tuple[Decision, ...]
    warnings: tuple[str, ...]
    train_names: tuple[str, ...]
    held_out_names: tuple[str, ...]


@dataclass(frozen=True)
class Started:
    """What the run decided; `text` is one line for a person, `choices` all of it with reasons."""

    run_dir: Path
    text: str
    train_images: int
    held_out_images: int
    choices: tuple[Decision, ...] = ()
    history: tuple[dict[str, Any], ...] = ()  # judgements of earlier sessions, as in metrics.jsonl

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class StepDone:
    """`patches_s` patches a second, `memory_bytes` held by learning; `rate` the learning rate of the step."""

    step: int
    progress: float  # 0..1 of the whole run
    loss: float
    left_s: float
    patches_s: float = 0.0
    memory_bytes: int = 0
    rate: float = 0.0


@dataclass(frozen=True)
class EpochDone:
    """After a validation; `confusion` is the sum over the held-out images (all 0 if there are none)."""

    step: int
    loss: float
    confusion: ConfusionMatrix
    miou: float
    best_miou: float
    classes: tuple[str, ...] = ()
    iou: tuple[float, ...] = ()  # of each class, NaN where neither truth nor prediction has it

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Preview:
    """The open image, or the part of it in `box`, as the model sees it now."""

    prediction: Prediction
    box: Box | None = None


@dataclass(frozen=True)
class Recovered:
    """Something went wrong and was mended; the run goes on."""

    step: int
    text: str


@dataclass(frozen=True)
class SamplesAdded:
    """`images` newly labelled ones take part from this step on."""

    step: int
    images: int


@dataclass(frozen=True)
class PretrainedLoaded:
    """What came of the weights that the run began from: a line each."""

    lines: tuple[str, ...]
    percent: float  # of the network's parameters that were loaded


@dataclass(frozen=True)
class Finished:
    """The run came to its end; `weights` are its best. `early` when the score had stopped rising."""

    weights: Path
    best_miou: float
    step: int
    early: bool = False


TrainEvent = (
    Progress | Note | Problem | Started | StepDone | EpochDone | Preview | Recovered | SamplesAdded | PretrainedLoaded | Finished
)
