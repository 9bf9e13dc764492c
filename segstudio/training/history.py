"""The figures of a run as they come: metrics.jsonl, and TensorBoard's files where somebody wants them."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from typing import Any

from segstudio.errors import TrainingError
from segstudio.formats.atomic import write_text
from segstudio.run_layout import METRICS_FILE


class History:
    """One row a judgement; a line of JSON each, NaN written as null."""

    def __init__(self, folder: Path, tensorboard: bool) -> None:
        self.rows: list[dict[str, Any]] = []
        self._path = folder / METRICS_FILE
        self._writer = _writer(folder / "tensorboard") if tensorboard else None

    def add(self, row: dict[str, Any]) -> None:
        """Raises FileError when it cannot be written; it is remembered all the same."""
        self.rows.append({key: _plain(value) for key, value in row.items()})
        if self._writer is not None:
            self._write_scalars(self._writer, row)
        write_text(self._path, "\n".join(json.dumps(each, ensure_ascii=False) for each in self.rows) + "\n")

    def _write_scalars(self, writer: Any, row: dict[str, Any]) -> None:
        for key, value in row.items():
            if key == "iou":
                for name, iou in value.items():
                    writer.add_scalar(f"iou/{name}", iou, row["step"])
            elif key != "step":
                writer.add_scalar(key, value, row["step"])
        writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _writer(folder: Path) -> Any:
    """Raises TrainingError when TensorBoard is not installed."""
    try:
        return importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(folder))
    except ImportError as error:
        raise TrainingError("tensorboard needs the extra: pip install 'segstudio[tensorboard]'") from error
