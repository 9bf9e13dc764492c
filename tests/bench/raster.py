"""Polygons to a class plane: ours against labelme's full-size canvas a shape, and one brush event."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.core.raster import rasterise, rasterise_capsule
from segstudio.core.shape import Shape

HEIGHT, WIDTH, COUNT, VERTICES = 3000, 4000, 300, 40
_LABELME = """
import json, sys, time
from labelme.utils.shape import shapes_to_label
shapes = json.load(open(sys.argv[1]))
began = time.perf_counter()
shapes_to_label((3000, 4000), shapes, {"a": 1})
print(time.perf_counter() - began)
"""


def polygons() -> Annotation:
    rng = np.random.default_rng(0)
    turn = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    shapes = []
    for x, y in rng.uniform((100, 100), (WIDTH - 100, HEIGHT - 100), (COUNT, 2)):
        radius = rng.uniform(40, 90, VERTICES)
        points = tuple(zip((x + radius * np.cos(turn)).tolist(), (y + radius * np.sin(turn)).tolist(), strict=True))
        shapes.append(Shape("a", "polygon", points))
    return Annotation(HEIGHT, WIDTH, tuple(shapes))


def main() -> None:
    annotation, table = polygons(), ClassTable().with_added("a")
    times = []
    for _ in range(10):
        began = time.perf_counter()
        rasterise(annotation, table)
        times.append(time.perf_counter() - began)
    ours = float(np.median(times))
    plain = [{"label": "a", "points": [list(p) for p in s.points], "shape_type": "polygon"} for s in annotation.shapes]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shapes.json"
        path.write_text(json.dumps(plain))
        done = subprocess.run([sys.executable, "-c", _LABELME, str(path)], capture_output=True, text=True, check=True)
    theirs = float(done.stdout)
    print(f"300 polygons on 12 megapixels: {ours * 1000:.0f} ms; labelme {theirs * 1000:.0f} ms; {theirs / ours:.0f} x")
    document = Document(annotation, table)
    document.begin()
    strokes = []
    for step in range(200):
        began = time.perf_counter()
        document.paint(
            1, *rasterise_capsule((step * 15, step * 12), (step * 15 + 15, step * 12 + 12), 20, annotation.box)
        )
        strokes.append(time.perf_counter() - began)
    document.commit("stroke")
    began = time.perf_counter()
    document.undo()
    undo = time.perf_counter() - began
    print(
        f"brush event of 40 px: p95 {np.percentile(strokes, 95) * 1000:.2f} ms; undo of the stroke {undo * 1000:.1f} ms"
    )
