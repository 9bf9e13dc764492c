"""The canvas against labelme's (and napari's, where it is installed) on one image, in windows of 1600 x 1000.

Each program runs in a process of its own under one virtual X server, and prints its figures as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

HEIGHT, WIDTH, COUNT, VERTICES = 6000, 8000, 300, 40
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    if shutil.which("Xvfb") is None:
        print("Xvfb is not installed (packaging/system-packages.sh installs it)")
        return
    read, write = os.pipe()
    screen = ["-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), *screen], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        display = f":{answer.readline().strip()}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            _compare(display, Path(folder))
    finally:
        server.terminate()
        server.wait(10)


def _compare(display: str, folder: Path) -> None:
    make_large(folder / "large")
    theirs = run("tests.bench.canvas_labelme", display, folder)  # before anything is drawn into the file
    ours = run("tests.bench.canvas_ours", display, folder)
    napari = run("tests.bench.canvas_napari", display, folder)
    for key, text in (("repaint", "full repaint at fit"), ("hover", "hover over the polygons"), ("open", "opening"),
                      ("start", "window up")):  # fmt: skip
        mine, other = ours[key], theirs.get(key)
        ratio = f"; labelme {other * 1000:.1f} ms; {other / mine:.1f} x" if other else "; labelme did not answer"
        print(f"48 megapixels, 300 polygons: {text} {mine * 1000:.1f} ms{ratio}")
    for key in ("brush40", "brush1000"):
        other = napari.get(key)
        ratio = f"; napari {other * 1000:.1f} ms, {other / ours[key]:.1f} x" if other else "; napari is not installed"
        print(f"brush of {key[5:]} px, event to repainted: p95 {ours[key] * 1000:.2f} ms{ratio}")
    for line in ours["lines"]:
        print(line)


def run(module: str, display: str, folder: Path) -> dict[str, Any]:
    """What a program printed last; nothing where it is not installed or fails, which is said."""
    environment = {
        **os.environ,
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    python = os.environ.get("NAPARI_PYTHON", sys.executable) if module.endswith("napari") else sys.executable
    environment.pop("QT_API", None)
    done = subprocess.run(
        [python, "-m", module, str(folder)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900
    )
    if done.returncode:
        if "No module named" not in done.stderr:
            print(f"{module} failed: {done.stderr.strip().splitlines()[-1:]}")
        return {}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def make_large(folder: Path) -> None:
    """A noisy gradient of 48 megapixels with 300 polygons in a labelme file beside it."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    small = cv2.resize(
        rng.integers(0, 255, (60, 80, 3), dtype=np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    cv2.imwrite(str(folder / "large.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 90])
    turn = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    shapes = []
    for number, (x, y) in enumerate(rng.uniform((200, 200), (WIDTH - 200, HEIGHT - 200), (COUNT, 2))):
        radius = rng.uniform(80, 180, VERTICES)
        points = np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1).tolist()
        shapes.append({"label": f"c{number % 5}", "points": points, "shape_type": "polygon", "flags": {},
                       "group_id": None, "description": ""})  # fmt: skip
    content = {"version": "6.3.1", "flags": {}, "shapes": shapes, "imagePath": "large.jpg", "imageData": None,
               "imageHeight": HEIGHT, "imageWidth": WIDTH}  # fmt: skip
    (folder / "large.json").write_text(json.dumps(content))
