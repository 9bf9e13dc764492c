"""The options of a training that the dialog offers: key, label and explanation of each field of TrainConfig."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from segstudio.tools.options import N
from segstudio.training.config import TrainConfig


@dataclass(frozen=True)
class Field:
    """One option of TrainConfig. `step` and `top` are of numbers; 0 means automatic if `automatic` is set."""

    key: str
    label: str
    explanation: str
    step: float = 1
    top: float = 1_000_000
    automatic: bool = False
    decimals: int = 2


FIELDS = (
    Field("depth", N("TrainDialog", "Depth"), N("TrainDialog", "number of downsampling steps"), 1, 8, True),
    Field("width", N("TrainDialog", "Width"), N("TrainDialog", "channels of the first level"), 4, 512, True),
    Field(
        "upsampling",
        N("TrainDialog", "Upsampling"),
        N("TrainDialog", "transposed, bilinear, or max unpooling"),
    ),
    Field("skips", N("TrainDialog", "Skip connections"), N("TrainDialog", "concatenated, or added to save memory")),
    Field("norm", N("TrainDialog", "Normalisation"), N("TrainDialog", "batch, or group for small batches")),
    Field(
        "encoder",
        N("TrainDialog", "Encoder"),
        N("TrainDialog", "pretrained backbone from the extra “encoders”; empty: none"),
    ),
    Field("head", N("TrainDialog", "Head"), N("TrainDialog", "softmax, sigmoid for two classes, or one-vs-rest")),
    Field(
        "loss",
        N("TrainDialog", "Loss"),
        N("TrainDialog", "ce, bce, dice, jaccard, focal, lovasz, tversky; joined with +"),
    ),
    Field(
        "deep_supervision",
        N("TrainDialog", "Deep supervision"),
        N("TrainDialog", "also train the coarser decoder levels"),
    ),
    Field(
        "patch_size",
        N("TrainDialog", "Patch size"),
        N("TrainDialog", "pixels; a multiple of 2 to the power of the depth"),
        16,
        8192,
        True,
    ),
    Field(
        "batch_size",
        N("TrainDialog", "Batch size"),
        N("TrainDialog", "patches per step; more are steadier and need more memory"),
        1,
        4096,
        True,
    ),
    Field(
        "accumulate",
        N("TrainDialog", "Gradient accumulation"),
        N("TrainDialog", "parts per step, one after the other, to save memory"),
        1,
        4096,
    ),
    Field(
        "rare_class_fraction",
        N("TrainDialog", "Rare class fraction"),
        N("TrainDialog", "of the patches: cut around a class chosen at random"),
        0.05,
        1,
    ),
    Field("optimiser", N("TrainDialog", "Optimiser"), N("TrainDialog", "AdamW converges fast; SGD has momentum 0.9")),
    Field(
        "learning_rate",
        N("TrainDialog", "Learning rate"),
        N("TrainDialog", "maximum of the run"),
        0.001,
        10,
        decimals=7,
    ),
    Field(
        "weight_decay",
        N("TrainDialog", "Weight decay"),
        N("TrainDialog", "regularises the weights"),
        0.01,
        10,
        decimals=7,
    ),
    Field("schedule", N("TrainDialog", "Schedule"), N("TrainDialog", "of the learning rate")),
    Field(
        "ema_decay",
        N("TrainDialog", "EMA decay"),
        N("TrainDialog", "of the averaged weights, which predict; 0: off"),
        0.01,
        0.99999,
        decimals=5,
    ),
    Field(
        "patience",
        N("TrainDialog", "Patience"),
        N("TrainDialog", "validations without improvement before an early stop; 0: never"),
    ),
    Field(
        "augment",
        N("TrainDialog", "Augmentation"),
        N("TrainDialog", "flips, rotation, scale, colour, noise; only once images repeat often"),
    ),
    Field("vertical_flip", N("TrainDialog", "Vertical flip"), N("TrainDialog", "for images that can be upside down")),
    Field("precision", N("TrainDialog", "Precision"), N("TrainDialog", "of the computation")),
    Field(
        "compile",
        N("TrainDialog", "Compile"),
        N("TrainDialog", "torch.compile: takes a minute, speeds up long runs on a GPU"),
    ),
    Field("steps", N("TrainDialog", "Maximum steps"), N("TrainDialog", "0: limited by time only"), 10, 1_000_000_000),
    Field(
        "cache_gb",
        N("TrainDialog", "Image cache"),
        N("TrainDialog", "GB of memory; other images are read again. 0: a quarter of the memory"),
        1,
        4096,
    ),
    Field(
        "tensorboard",
        N("TrainDialog", "TensorBoard"),
        N("TrainDialog", "also write TensorBoard logs; needs the extra “tensorboard”"),
    ),
    Field("seed", N("TrainDialog", "Seed"), N("TrainDialog", "the same seed gives the same patches"), 1, 2_147_483_647),
)

_DEFAULTS: dict[str, Any] = {
    field.name: getattr(TrainConfig(run_dir=Path("unused")), field.name) for field in fields(TrainConfig)
}


def default_of(key: str) -> Any:
    """The default of an option of TrainConfig."""
    return _DEFAULTS[key]
