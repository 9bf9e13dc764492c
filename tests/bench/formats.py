"""Exporting VOC against labelme's way, loading COCO against pycocotools, and the list of a very large folder."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.shape import Shape
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.registry import open_dataset
from segstudio.formats.voc.writer import VOC_WRITER
from segstudio.formats.writer import ExportOptions
from segstudio.project.export import export
from segstudio.project.item import Item
from segstudio.project.project import Project, open_project
from segstudio.project.store import save

EXPORTED, SIDE, OBJECTS, VERTICES = 200, 1000, 20, 40
IMAGES, ANNOTATIONS = 5_000, 36_000
LISTED, LABELLED = 100_000, 20_000

# What labelme2voc does for an image: planes, PNG, npy and visualisation of classes and of objects.
_LABELME = """
import json, sys, time
from pathlib import Path
import imgviz, numpy as np
from labelme.utils.shape import shapes_to_label
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
kinds = ("JPEGImages", "SegmentationClass", "SegmentationClassNpy", "SegmentationClassVisualization",
         "SegmentationObject", "SegmentationObjectNpy", "SegmentationObjectVisualization")
for kind in kinds:
    (out / kind).mkdir(parents=True)
began = time.perf_counter()
for path in sorted(folder.glob("*.json")):
    data = json.loads(path.read_text())
    image = imgviz.io.imread(str(path.with_suffix(".jpg")))
    imgviz.io.imsave(str(out / "JPEGImages" / f"{path.stem}.jpg"), image)
    cls, ins = shapes_to_label(image.shape, data["shapes"], {"_background_": 0, "a": 1, "b": 2})
    ins[cls == -1] = 0
    for name, plane in (("Class", cls), ("Object", ins)):
        imgviz.io.lblsave(str(out / f"Segmentation{name}" / f"{path.stem}.png"), plane.astype(np.uint8))
        np.save(str(out / f"Segmentation{name}Npy" / f"{path.stem}.npy"), plane)
        shown = imgviz.label2rgb(plane, imgviz.rgb2gray(image), font_size=15)
        imgviz.io.imsave(str(out / f"Segmentation{name}Visualization" / f"{path.stem}.jpg"), shown)
print(time.perf_counter() - began)
"""


_LISTING = """
import os, sys, time
from pathlib import Path
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtCore import QEventLoop, QSettings
from PySide6.QtWidgets import QApplication
QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, sys.argv[1] + "/.settings")
from segstudio.ui.app import make_window
app = QApplication([])
window = make_window()
window.show()
app.processEvents()
began = time.perf_counter()
window.open_path(Path(sys.argv[1]))
wait = QEventLoop.ProcessEventsFlag.WaitForMoreEvents
while len(window.state.items) < 100_000:
    app.processEvents(wait)
listed = time.perf_counter() - began
while len(window.state.item_states) < 100_000:
    app.processEvents(wait)
took = time.perf_counter() - began
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(f"list in {listed:.2f} s, states in {took:.2f} s, peak {peak:.0f} MB")
window.close()
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        exporting(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        loading(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        listing(Path(folder))


def exporting(home: Path) -> None:
    project = labelled_images(home / "in")
    items = list(project.items())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LABELME, str(home / "in"), str(home / "labelme")],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = float(done.stdout)
    for name, options in (
        ("the same files", ExportOptions(visualisations=True, npy=True)),
        ("images, class and object PNGs", ExportOptions()),
    ):
        began = time.perf_counter()
        *_, report = export(project, items, home / "voc", VOC_WRITER, options)
        ours = time.perf_counter() - began
        assert report.images == EXPORTED
        shutil.rmtree(home / "voc")
        print(f"VOC of {EXPORTED} images ({name}): {ours:.1f} s; labelme {theirs:.1f} s; {theirs / ours:.1f} x")


def labelled_images(folder: Path) -> Project:
    """Photographs of 1 megapixel, in that noise of many sizes fills them."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    turn = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    table = ClassTable().with_added("a").with_added("b")
    base = sum(
        np.asarray(
            Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8)).resize((SIDE, SIDE)), np.float32
        )
        for side in (4, 16, 64, 250)
    )
    data = io.BytesIO()
    Image.fromarray((base / 4).astype(np.uint8)).save(data, "JPEG", quality=92)
    for number in range(EXPORTED):
        shapes = []
        for x, y in rng.uniform(60, SIDE - 60, (OBJECTS, 2)):
            radius = rng.uniform(20, 60, VERTICES)
            points = tuple(zip((x + radius * np.cos(turn)).tolist(), (y + radius * np.sin(turn)).tolist(), strict=True))
            shapes.append(Shape("ab"[len(shapes) % 2], "polygon", points))
        path = folder / f"{number:04d}.jpg"
        path.write_bytes(data.getvalue())
        save(Item(path.name, path, path.with_suffix(".json")), Annotation(SIDE, SIDE, tuple(shapes)), table, None)
    return open_project(folder).with_labels(["a", "b"])


def loading(home: Path) -> None:
    from pycocotools.coco import COCO

    path = home / "instances.json"
    path.write_text(json.dumps(coco_file()))
    ours, theirs = [], []
    for _ in range(5):
        began = time.perf_counter()
        _, source = open_dataset(path, ReadOptions())
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            COCO(str(path))
        theirs.append(time.perf_counter() - began)
    assert len(source.entries) == IMAGES
    a, b = float(np.median(ours)), float(np.median(theirs))
    print(f"COCO of {IMAGES} images, {ANNOTATIONS} annotations: {a:.2f} s; pycocotools {b:.2f} s; {b / a:.1f} x")


def coco_file() -> dict[str, object]:
    rng = np.random.default_rng(0)
    annotations = []
    for number in range(ANNOTATIONS):
        ring = np.round(rng.uniform(0, 400, (rng.integers(8, 60), 2)), 2)
        annotations.append(
            {
                "id": number + 1,
                "image_id": int(rng.integers(1, IMAGES + 1)),
                "category_id": int(rng.integers(1, 91)),
                "segmentation": [ring.ravel().tolist()],
                "area": 1000.5,
                "bbox": [1.0, 2.0, 30.0, 40.0],
                "iscrowd": 0,
            }
        )
    images = [{"id": n, "file_name": f"{n:012d}.jpg", "height": 480, "width": 640} for n in range(1, IMAGES + 1)]
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": n, "name": f"class {n}"} for n in range(1, 91)],
    }


def listing(home: Path) -> None:
    """Tiny images, some labelled; the second time the states come from the index."""
    data = io.BytesIO()
    Image.new("L", (2, 2)).save(data, "PNG")
    labels = (
        b'{"version":"5.0.0","flags":{},"shapes":[{"label":"a","points":[[0,0],[1,0],[1,1]],"shape_type":"polygon"}],'
    )
    labels += b'"imagePath":"","imageData":null,"imageHeight":2,"imageWidth":2}'
    for number in range(LISTED):
        (home / f"p{number}.png").write_bytes(data.getvalue())
        if number < LABELLED:
            (home / f"p{number}.json").write_bytes(labels)
    for turn in ("first", "second"):
        done = subprocess.run(
            [sys.executable, "-c", _LISTING, str(home)], capture_output=True, text=True, check=True, cwd=Path.cwd()
        )
        print(f"{LISTED} images opened in the window, {turn} time: {done.stdout.strip()}")
