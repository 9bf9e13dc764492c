"""Annotations to and from disk. What could not be read is never written over."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.errors import ChangedError, SegstudioError
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import image_size
from segstudio.formats.labelme import json as labelme
from segstudio.project.item import DONE, TODO, Item

REVIEW_KEY = "segstudio"  # the one top-level key of ours; labelme keeps it

Stamp = tuple[int, int] | None  # (time of change in ns, size in bytes); None: no file


@dataclass(frozen=True)
class Stored:
    """`problem` says why the file cannot be read; then the annotation is empty and must not be saved."""

    annotation: Annotation
    stamp: Stamp
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def read_only(self) -> bool:
        return bool(self.problem)


def stamp_of(item: Item) -> Stamp:
    try:
        found = item.annotation_path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def load(item: Item, size: tuple[int, int] | None = None) -> Stored:
    """The item's annotation, empty where there is no file. `size` spares reading the image's header."""
    height, width = size or image_size(item.image)
    stamp = stamp_of(item)
    empty = Annotation(height, width)
    if stamp is None:
        return Stored(empty, None)
    try:
        found = labelme.read(item.annotation_path, (height, width))
    except SegstudioError as error:
        return Stored(empty, stamp, problem=str(error))
    return Stored(found.annotation, stamp, found.notes)


def save(item: Item, annotation: Annotation, table: ClassTable, known: Stamp) -> Stamp:
    """Write the item's labelme file with today's class names, and give its new stamp.

    Raises ChangedError when there is a file that is not the one loaded with the stamp `known`.
    """
    if stamp_of(item) not in (known, None):
        raise ChangedError(
            item.annotation_path,
            "was changed by another program since it was opened",
            "take that version, or move the file away and save again to keep yours",
        )
    image = os.path.relpath(item.image, item.annotation_path.parent).replace(os.sep, "/")
    write_bytes(item.annotation_path, labelme.write(canonical(annotation, table), image))
    return stamp_of(item)


def write_copy(path: Path, item: Item, annotation: Annotation, table: ClassTable) -> Path:
    """The labels into a file of the user's choice, which names the image by its path from there."""
    try:
        image = os.path.relpath(item.image, path.absolute().parent).replace(os.sep, "/")
    except ValueError:  # another drive
        image = item.image.absolute().as_posix()
    write_bytes(path, labelme.write(canonical(annotation, table), image))
    return path


def canonical(annotation: Annotation, table: ClassTable) -> Annotation:
    """Labels under their present names."""
    if all(table.canonical(label) == label for label in annotation.labels):
        return annotation
    return annotation.with_shapes(
        tuple(replace(shape, label=table.canonical(shape.label)) for shape in annotation.shapes)
    )


def status_of(annotation: Annotation) -> str:
    review = annotation.extra.get(REVIEW_KEY)
    return DONE if isinstance(review, dict) and review.get("status") == DONE else TODO


def with_status(annotation: Annotation, status: str) -> Annotation:
    review = annotation.extra.get(REVIEW_KEY)
    kept = dict(review) if isinstance(review, dict) else {}
    return annotation.with_extra(REVIEW_KEY, {**kept, "status": status})
