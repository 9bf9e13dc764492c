"""The whole job in a real window on a real X server, with a real mouse and real keys.

It runs in a process of its own, so that Qt can take the xcb platform there. Screenshots are left in
tests/output/journey.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual X server of its own."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("Xvfb and xdotool are not installed (packaging/system-packages.sh installs them)")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


def run_journey(module: str, display: str, home: Path, *arguments: Path) -> None:
    environment = {
        **os.environ,
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(home / "config"),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
    }
    environment.pop("WAYLAND_DISPLAY", None)
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments), str(ROOT / "tests/output/journey")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "arrived"


def test_open_paint_train_predict_and_export_with_mouse_and_keys(shared: Path, display: str, tmp_path: Path) -> None:
    data = tmp_path / "data_annotated"
    shutil.copytree(shared / "labelme_examples" / "semantic_segmentation" / "data_annotated", data)
    shutil.copy(shared / "labelme_examples" / "semantic_segmentation" / "labels.txt", tmp_path / "labels.txt")
    run_journey("tests.journey", display, tmp_path, data, tmp_path / "voc")


def test_every_tool_with_mouse_and_keys(display: str, tmp_path: Path) -> None:
    run_journey("tests.journey.canvas", display, tmp_path, tmp_path / "images")


def test_import_export_and_check_labels_with_mouse_and_keys(shared: Path, display: str, tmp_path: Path) -> None:
    run_journey("tests.journey.data", display, tmp_path, shared, tmp_path)
