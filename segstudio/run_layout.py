"""Names of the files in the folder of a run: `training` writes them, `project` reads them."""

from typing import Final

CONFIG_FILE: Final = "config.json"
SPLIT_FILE: Final = "split.json"
METRICS_FILE: Final = "metrics.jsonl"  # one row per validation
LOG_FILE: Final = "log.txt"
BEST_WEIGHTS: Final = "best.safetensors"  # what predicts
LAST_STATE: Final = "last.ckpt"  # what a run is resumed from
PREVIOUS_STATE: Final = "previous.ckpt"  # the state before it, used where the last one cannot be read
LAUNCH_FILE: Final = "launch.txt"  # which start of torchrun began the run
