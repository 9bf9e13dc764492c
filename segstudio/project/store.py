"""Load and save annotations. A file that could not be read is never written over."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.errors import ChangedError, SegstudioError
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import image_size
from segstudio.formats.labelme import labelme_json
from segstudio.project.item import DONE, TODO, Item, ItemState

REVIEW_KEY: Final = "segstudio"  # our one top-level key of a labelme file; labelme keeps it

Stamp = tuple[int, int] | None  # (modification time in ns, size in bytes); None: no file


@dataclass(frozen=True)
class Stored:
    """An annotation as loaded. Where the file cannot be read, `problem` says why, and the annotation is empty.

    An annotation with a problem must not be saved.
    """

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
    """The item's annotation, empty where there is no file. With `size` the image's header is not read."""
    height, width = size or image_size(item.image)
    stamp = stamp_of(item)
    empty = Annotation(height, width)
    if stamp is None:
        return Stored(empty, None)
    try:
        found = labelme_json.read(item.annotation_path, (height, width))
    except SegstudioError as error:
        return Stored(empty, stamp, problem=str(error))
    return Stored(found.annotation, stamp, found.notes)


def load_annotated(item: Item) -> Annotation | None:
    """The item's annotation; None where it is not annotated (see `is_annotated`). Raises SegstudioError."""
    if not item.annotation_path.is_file():
        return None
    stored = load(item)
    if stored.problem:
        raise SegstudioError(stored.problem)
    return stored.annotation if is_annotated(stored.annotation) else None


def save(item: Item, annotation: Annotation, table: ClassTable, known: Stamp) -> Stamp:
    """Write the item's labelme file with the current class names, and return its new stamp.

    Raises ChangedError where the file is not the one that was loaded with the stamp `known`.
    """
    if stamp_of(item) not in (known, None):
        raise ChangedError(
            item.annotation_path,
            "was changed by another program since it was opened",
            "take that version, or move the file away and save again to keep yours",
        )
    image = os.path.relpath(item.image, item.annotation_path.parent).replace(os.sep, "/")
    write_bytes(item.annotation_path, labelme_json.encode(use_current_names(annotation, table), image))
    return stamp_of(item)


def write_copy(path: Path, item: Item, annotation: Annotation, table: ClassTable) -> Path:
    """Write the labels to a file of the user's choice, which names the image by its path relative to that file."""
    try:
        image = os.path.relpath(item.image, path.absolute().parent).replace(os.sep, "/")
    except ValueError:  # another drive
        image = item.image.absolute().as_posix()
    write_bytes(path, labelme_json.encode(use_current_names(annotation, table), image))
    return path


def use_current_names(annotation: Annotation, table: ClassTable) -> Annotation:
    """The annotation with labels that are aliases of a class replaced by the name of the class."""
    if all(table.canonical_name(label) == label for label in annotation.labels):
        return annotation
    return annotation.with_shapes(
        tuple(replace(shape, label=table.canonical_name(shape.label)) for shape in annotation.shapes)
    )


def state_of(name: str, annotation: Annotation) -> ItemState:
    """What lists show of the image `name` with this annotation."""
    return ItemState(name, bool(annotation.shapes), status_of(annotation), tuple(annotation.labels))


def is_annotated(annotation: Annotation) -> bool:
    """`ItemState.is_annotated` of an image with this annotation."""
    return ItemState("", bool(annotation.shapes), status_of(annotation)).is_annotated


def status_of(annotation: Annotation) -> str:
    """DONE or TODO, as the user marked the image."""
    review = annotation.extra.get(REVIEW_KEY)
    return DONE if isinstance(review, dict) and review.get("status") == DONE else TODO


def with_status(annotation: Annotation, status: str) -> Annotation:
    review = annotation.extra.get(REVIEW_KEY)
    kept = dict(review) if isinstance(review, dict) else {}
    return annotation.with_extra(REVIEW_KEY, {**kept, "status": status})
