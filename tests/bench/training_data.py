"""Real labelled images for the training benchmarks, from ../shared/data where that exists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import IGNORE_NAME, ClassTable
from segstudio.core.raster import Labels
from segstudio.core.sample import Sample
from segstudio.core.shape import MASK, Shape

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def find_folder(name: str) -> Path | None:
    folder = SHARED / name
    if folder.is_dir():
        return folder
    print(f"skipped: {folder} is not there")
    return None


def make_annotation(plane: Labels, names: list[str]) -> Annotation:
    """One mask shape per class of a plane; other values stay unlabelled."""
    shapes = [
        Shape(name, MASK, bitmap=Bitmap.from_array(plane == index))
        for index, name in enumerate(names)
        if (plane == index).any()
    ]
    return Annotation(*plane.shape, tuple(shapes))


def load_isbi(folder: Path) -> tuple[list[Sample], ClassTable]:
    """30 slices of neural tissue, 24 for training and 6 for validation: membrane or cell."""
    table = ClassTable.from_names(["membrane", "cell"])
    val = set((folder / "split_val.txt").read_text().split())
    samples = []
    for image in sorted((folder / "train" / "images").glob("*.png")):
        plane = (np.asarray(Image.open(folder / "train" / "labels" / image.name)) > 127).astype(np.uint8)
        samples.append(Sample(image.name, image, make_annotation(plane, table.names), image.stem in val))
    return samples, table


def load_camvid(folder: Path) -> tuple[list[Sample], ClassTable]:
    """120 street scenes for training and 40 for validation: 11 classes, void ignored."""
    names = [line.split()[-1] for line in (folder / "class_names.txt").read_text().splitlines() if line.strip()][:11]
    table = ClassTable.from_names(names)
    samples = []
    for part in ("train", "val"):
        for stem in (folder / "ImageSets" / "Segmentation" / f"{part}.txt").read_text().split():
            plane = np.asarray(Image.open(folder / "SegmentationClass" / f"{stem}.png"))
            annotation = make_annotation(plane, [*names, IGNORE_NAME])
            samples.append(Sample(stem, folder / "JPEGImages" / f"{stem}.jpg", annotation, part == "val"))
    return samples, table


def draw_strokes(sample: Sample, table: ClassTable, share: float, seed: int) -> Sample:
    """A few short strokes of every class, together `share` of the pixels; the rest unlabelled."""
    import cv2

    from segstudio.core.sample import rasterise_ground_truth

    rng = np.random.default_rng(seed)
    truth = rasterise_ground_truth(sample.annotation, table, "ignore")
    kept = np.full_like(truth, 255)
    wanted = share * truth.size
    present = [int(c) for c in np.unique(truth) if c < len(table)]
    while (kept != 255).sum() < wanted:
        label = present[int(rng.integers(len(present)))]
        ys, xs = np.nonzero(truth == label)
        at = int(rng.integers(len(ys)))
        angle, length = rng.uniform(0, np.pi), 30
        end = (int(xs[at] + length * np.cos(angle)), int(ys[at] + length * np.sin(angle)))
        stroke = np.zeros_like(truth)
        cv2.line(stroke, (int(xs[at]), int(ys[at])), end, 1, 3)
        kept[(stroke == 1) & (truth == label)] = label  # an annotator keeps within the object
    return replace(sample, annotation=make_annotation(kept, table.names))
