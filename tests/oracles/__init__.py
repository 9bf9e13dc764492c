"""Truth from outside: other people's programs, each run in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent


def labelme_planes(labels: Path, out: Path, files: list[Path]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(class plane with -1 for ignored, instance plane) by file stem, as the installed labelme computes them."""
    if importlib.util.find_spec("labelme") is None:
        pytest.skip("labelme is not installed, so its pixels cannot be compared")
    run_labelme(str(HERE / "labelme_planes.py"), str(labels), str(out), *map(str, files))
    planes = {}
    for path in files:
        with np.load(out / f"{path.stem}.npz") as held:
            planes[path.stem] = (held["cls"], held["ins"])
    return planes


def labelme_reads(files: list[Path]) -> None:
    """Fails unless labelme's own reader takes every file."""
    code = (
        "import sys; from labelme._label_file import read_label_file\nfor name in sys.argv[1:]: read_label_file(name)"
    )
    run_labelme("-c", code, *map(str, files))


def run_labelme(*arguments: str) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
