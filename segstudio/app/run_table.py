"""What the list and the comparison of runs show: times, settings, curves, best metrics, and what can be done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from segstudio.project.runs import RunInfo, compare_configs
from segstudio.review.report import format_metric
from segstudio.training.config import rename_old_keys

_MAIN_SETTINGS = ("preset", "width", "depth", "head", "loss", "minutes", "steps", "patch_size", "batch_size")


def format_duration(seconds: float) -> str:
    """As h:mm:ss or m:ss; empty for NaN."""
    if math.isnan(seconds):
        return ""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


def read_number(value: Any) -> float:
    """A number of a row of metrics; NaN for null, or where there is none."""
    return float(value) if isinstance(value, int | float) else math.nan


def read_curve(run: RunInfo, key: str) -> list[tuple[float, float]]:
    """Steps and values of the rows that have a number under `key`."""
    return [(row["step"], float(row[key])) for row in run.rows if isinstance(row.get(key), int | float)]


def describe_settings(run: RunInfo) -> str:
    """The main settings of a run, one a line."""
    config = rename_old_keys(run.config)
    values = ((key, config.get(key)) for key in (*_MAIN_SETTINGS, "learning_rate", "init"))
    return "\n".join(f"{key}: {value}" for key, value in values if value not in (None, "", 0))


def list_allowed(chosen: Sequence[RunInfo], *, training: bool) -> frozenset[str]:
    """What can be done with the chosen runs: use, compare, resume, fine_tune, export, rename, delete."""
    allowed = {"compare"} if len(chosen) > 1 else set()
    if chosen and not training:
        allowed.add("delete")
    if len(chosen) == 1:
        if chosen[0].has_weights:
            allowed |= {"use", "export"} if training else {"use", "export", "fine_tune"}
        if not training:
            allowed |= {"rename", "resume"} if chosen[0].resumable else {"rename"}
    return frozenset(allowed)


def compare_classes(runs: Sequence[RunInfo]) -> list[tuple[str, list[str]]]:
    """A row for each class: its IoU at the best validation of each run."""
    best: list[dict[str, Any]] = []
    for run in runs:
        validated = [row for row in run.rows if not math.isnan(read_number(row.get("miou")))]
        best.append(max(validated, key=lambda row: row["miou"]).get("iou", {}) if validated else {})
    names = list(dict.fromkeys(name for each in best for name in each))
    return [(f"IoU {name}", [format_metric(read_number(each.get(name))) for each in best]) for name in names]


def compare_settings(runs: Sequence[RunInfo]) -> list[tuple[str, list[str]]]:
    """A row for each setting in which the runs differ, under its present name."""
    return compare_configs([replace(run, config=rename_old_keys(run.config)) for run in runs])
