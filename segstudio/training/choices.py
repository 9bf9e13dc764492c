"""The words that a configuration may hold. No torch here, so that the window can offer them."""

from __future__ import annotations

from typing import Any, Final

AUTO: Final = "auto"

TRANSPOSED, BILINEAR, UNPOOL = "transposed", "bilinear", "unpool"
CONCAT, ADD = "concat", "add"
BATCH, GROUP = "batch", "group"
SOFTMAX, SIGMOID, ONE_VS_REST = "softmax", "sigmoid", "one-vs-rest"
ONE_CYCLE, COSINE, POLY, CONSTANT = "one-cycle", "cosine", "poly", "constant"
ADAMW, SGD = "adamw", "sgd"
NONE, MEDIAN, INVERSE = "none", "median", "inverse"

UPS: Final = (TRANSPOSED, BILINEAR, UNPOOL)
SKIPS: Final = (CONCAT, ADD)
NORMS: Final = (BATCH, GROUP)
HEADS: Final = (SOFTMAX, SIGMOID, ONE_VS_REST)
SCHEDULES: Final = (ONE_CYCLE, COSINE, POLY, CONSTANT)
OPTIMISERS: Final = (ADAMW, SGD)
BALANCES: Final = (NONE, MEDIAN, INVERSE)
LOSS_TERMS: Final = ("ce", "bce", "dice", "jaccard", "focal", "lovasz", "tversky")

PRESETS: Final[dict[str, dict[str, Any]]] = {
    AUTO: {},
    "classic": {"width": 64, "depth": 4, "up": TRANSPOSED, "skips": CONCAT, "norm": BATCH},
    "shallow": {"width": 64, "depth": 2, "up": TRANSPOSED, "skips": CONCAT, "norm": BATCH},
    "add": {"width": 64, "depth": 4, "up": TRANSPOSED, "skips": ADD, "norm": BATCH},
    "unpool": {"width": 64, "depth": 4, "up": UNPOOL, "skips": CONCAT, "norm": BATCH},
}

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "preset": tuple(PRESETS),
    "up": (AUTO, *UPS),
    "skips": (AUTO, *SKIPS),
    "norm": (AUTO, *NORMS),
    "head": (AUTO, *HEADS),
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "precision": (AUTO, "float32", "bfloat16", "float16"),
    "compile": (AUTO, "yes", "no"),
    "vertical_flip": (AUTO, "yes", "no"),
    "unlabelled": ("background", "ignore"),
}
