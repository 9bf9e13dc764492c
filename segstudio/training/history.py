"""Metrics of the validations of a run: `metrics.jsonl`, and TensorBoard files on request."""

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
    """One row per validation; a line of JSON each, with NaN as null. Raises TrainingError without TensorBoard."""

    def __init__(self, folder: Path, tensorboard: bool) -> None:
        self.rows: list[dict[str, Any]] = []
        self._path = folder / METRICS_FILE
        self._writer = _make_writer(folder / "tensorboard") if tensorboard else None

    def add(self, row: dict[str, Any]) -> None:
        """Append a row and write all rows; a row whose write failed with FileError is written with the next one."""
        self.rows.append({key: _replace_nan(value) for key, value in row.items()})
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


def _replace_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _replace_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _make_writer(folder: Path) -> Any:
    try:
        return importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(folder))
    except ImportError as error:
        raise TrainingError("tensorboard needs the extra: pip install 'segstudio[tensorboard]'") from error
