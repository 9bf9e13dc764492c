"""Export: a VOC folder as labelme2voc lays it out, with image sets and label map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, IGNORE_NAME, ClassTable
from segstudio.core.instances import rasterise_instances
from segstudio.core.raster import rasterise
from segstudio.core.sample import reading
from segstudio.errors import FileError, ProjectError, SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats import class_list
from segstudio.formats.atomic import write_bytes, write_text
from segstudio.formats.images import jpeg_bytes, read_picture
from segstudio.formats.masks import index_png, instance_png
from segstudio.project.item import DONE, Item
from segstudio.project.project import Project
from segstudio.project.split import assign
from segstudio.project.store import load, status_of


@dataclass(frozen=True)
class Exported:
    """The report. `untouched` pictures have no labels and are not marked done, so they got no mask."""

    folder: Path
    pictures: int
    untouched: int


def export_voc(
    project: Project, items: list[Item], out: Path, table: ClassTable | None = None
) -> Iterator[Progress | Problem | Exported]:
    """Raises ProjectError when `out` holds anything. A picture that fails is named; the rest goes on."""
    table = table or project.table
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ProjectError(f"{out}: is not empty, and nothing is written over; choose a new folder")
    done_stems: dict[str, str] = {}
    untouched = 0
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        try:
            stored = load(item)
            if stored.problem:
                raise SegstudioError(stored.problem)
            if not stored.annotation.shapes and status_of(stored.annotation) != DONE:
                untouched += 1
                continue
            stem = _free_stem(item, done_stems)
            yield from _write_picture(item, stored.annotation, out, stem, (table, project.unlabelled))
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            continue
        done_stems[stem] = item.name
    _write_lists(out, table, done_stems, project)
    yield Exported(out, len(done_stems), untouched)


def _free_stem(item: Item, taken: dict[str, str]) -> str:
    """Folders are flattened into the name, as VOC has none."""
    stem = item.name.rpartition(".")[0].replace("/", "_")
    if stem in taken:
        raise FileError(item.picture, f"would be exported as {stem}, like {taken[stem]}", "rename one of them")
    return stem


def _write_picture(
    item: Item, annotation: Annotation, out: Path, stem: str, meaning: tuple[ClassTable, str]
) -> Iterator[Problem]:
    table, unlabelled = meaning
    unknown = [label for label in annotation.labels if table.id_of(label) is None]
    if unknown:
        raise SegstudioError(
            f"{item.annotation_path}: has labels {', '.join(unknown)}, which are no classes; add them to the classes"
        )
    pixels = read_picture(item.picture)
    plane = reading(rasterise(annotation, table), unlabelled)
    instances = rasterise_instances(annotation)
    instances[_of_label(annotation, table) == IGNORE] = 0
    png, wide = instance_png(instances)
    if wide:
        yield Problem(item.name, f"{item.name}: has {int(instances.max())} objects, so its object mask has 16 bits")
    write_bytes(out / "JPEGImages" / f"{stem}.jpg", jpeg_bytes(pixels))
    write_bytes(out / "SegmentationObject" / f"{stem}.png", png)
    write_bytes(out / "SegmentationClass" / f"{stem}.png", index_png(plane))


def _of_label(annotation: Annotation, table: ClassTable) -> np.ndarray:
    """255 exactly where an `__ignore__` shape is on top."""
    if IGNORE_NAME not in annotation.labels:
        return np.zeros((annotation.height, annotation.width), np.uint8)
    return rasterise(annotation, table)


def _write_lists(out: Path, table: ClassTable, stems: dict[str, str], project: Project) -> None:
    held = assign(list(stems.values()), project.held_out)
    sets = {
        "train": [stem for stem, name in stems.items() if not held[name]],
        "val": [stem for stem, name in stems.items() if held[name]],
        "trainval": list(stems),
    }
    for name, members in sets.items():
        write_text(out / "ImageSets" / "Segmentation" / f"{name}.txt", "".join(f"{m}\n" for m in members))
    write_text(out / "labelmap.txt", class_list.labelmap_txt(table))
    write_text(out / "class_names.txt", class_list.class_names_txt(table))
    write_text(out / "labels.txt", class_list.labels_txt(table))
