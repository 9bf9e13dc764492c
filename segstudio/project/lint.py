"""Lint: what is likely wrong in a project, and what would fix it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise_shape
from segstudio.core.shape import LINE, LINESTRIP, POINT, POINTS, Shape
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.images import image_size
from segstudio.formats.labelme import labelme_json
from segstudio.formats.writer import describe_shape
from segstudio.project.duplicates import find_duplicate_images
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.samples import split_items
from segstudio.project.store import is_annotated, load

NAMES, UNKNOWN, SIZE, EMPTY, SLIVER = "class names", "unknown label", "size", "empty", "sliver"
DUPLICATE: Final = "duplicate"
_THIN_PX: Final = 2
_TINY_PX: Final = 8
_SIMILAR: Final = 0.9  # ratio of equal letters
_THIN_KINDS: Final = (LINE, LINESTRIP, POINT, POINTS)


@dataclass(frozen=True)
class MergeClasses:
    kept: str
    merged: str


@dataclass(frozen=True)
class AddLabel:
    """As an alias of a class, or as a new class where `alias_of` is ""."""

    label: str
    alias_of: str = ""


@dataclass(frozen=True)
class CorrectSize:
    """Write the image's size in place of `stated` (height, width); with `scale` also scale the shapes to it."""

    stated: tuple[int, int]
    scale: bool


@dataclass(frozen=True)
class DeleteShape:
    """`label` is the shape's, to notice that another shape has its index now."""

    index: int
    label: str


@dataclass(frozen=True)
class RecordSides:
    """Record one side of the split for duplicate images."""

    names: tuple[str, ...]
    held_out: bool


Fix = MergeClasses | AddLabel | CorrectSize | DeleteShape | RecordSides


@dataclass(frozen=True)
class Finding:
    """`item` is an image's name, or "" for the project; `fix_text` says what `fix` would do."""

    kind: str
    item: str
    text: str
    fix_text: str = ""
    fix: Fix | None = None

    def __str__(self) -> str:
        return f"{self.item}: {self.text}" if self.item else self.text


def lint_project(project: Project, items: list[Item]) -> Iterator[Progress | Problem | Finding]:
    """Every finding. Reads each annotation once, and of the images only what may be duplicates."""
    yield from find_similar_names(project.table)
    unknown: dict[str, str] = {}
    annotated: list[Item] = []
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        if not item.annotation_path.is_file():
            continue
        try:
            stored = load(item)
            if stored.problem:
                raise SegstudioError(stored.problem)
            size = _check_size(item)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            continue
        # Labels for another size are in the wrong place, so that single shapes cannot be checked yet.
        yield from size or _check_shapes(item.name, stored.annotation)
        for label in project.find_unknown_labels(stored.annotation):
            unknown.setdefault(label, item.name)
        if is_annotated(stored.annotation):
            annotated.append(item)
    yield from (_make_unknown(label, name, project.table) for label, name in unknown.items())
    yield from _check_duplicates(project, annotated)


def find_similar_names(table: ClassTable) -> list[Finding]:
    """Pairs of classes whose names differ in case, blanks, an s, or one letter, but not in a number only."""
    return [
        Finding(NAMES, "", f"classes {a!r} and {b!r} have similar names", f"merge {b!r} into {a!r}", MergeClasses(a, b))
        for a, b in combinations(table.names, 2)
        if _is_similar(a, b)
    ]


def _is_similar(a: str, b: str) -> bool:
    plain = [re.sub(r"[\W_]+", "", name.casefold()) for name in (a, b)]
    if plain[0] == plain[1] or plain[0].removesuffix("s") == plain[1].removesuffix("s"):
        return bool(plain[0])
    if re.sub(r"\d+", "", plain[0]) == re.sub(r"\d+", "", plain[1]):
        return False
    close = SequenceMatcher(None, plain[0], plain[1]).ratio() >= _SIMILAR
    return close and min(map(len, plain)) >= 5 and abs(len(plain[0]) - len(plain[1])) <= 1


def _make_unknown(label: str, item: str, table: ClassTable) -> Finding:
    near = next((name for name in table.names if _is_similar(name, label)), "")
    fix = f"read it as {near!r}" if near else f"add {label!r} to the classes"
    return Finding(UNKNOWN, item, f"label {label!r} is not a class", fix, AddLabel(label, near))


def _check_size(item: Item) -> list[Finding]:
    height, width = image_size(item.image)
    stated = labelme_json.read_size(item.annotation_path)
    if stated is None or stated == (height, width):
        return []
    scaled = stated[0] > 0 and stated[1] > 0 and abs(width / stated[1] - height / stated[0]) < 0.01 * width / stated[1]
    fix = f"scale the labels to {width}x{height}" if scaled else f"write {width}x{height} and keep the labels"
    text = f"labels are for {stated[1]}x{stated[0]} but the image is {width}x{height}"
    return [Finding(SIZE, item.name, text, fix, CorrectSize(stated, scaled))]


def _check_shapes(name: str, annotation: Annotation) -> Iterator[Finding]:
    for index, shape in enumerate(annotation.shapes):
        kind, text = find_fault(shape, annotation)
        if kind:
            text = f"{describe_shape(shape, index)} {text}"
            yield Finding(kind, name, text, "delete it", DeleteShape(index, shape.label))


def find_fault(shape: Shape, annotation: Annotation) -> tuple[str, str]:
    """Kind and text of what is likely wrong with a shape; two "" where nothing is."""
    box, mask = rasterise_shape(shape, annotation.box)
    count = int(mask.sum())
    if not count:
        return EMPTY, "has no pixel in the image"
    if shape.kind in _THIN_KINDS:
        return "", ""
    rows, columns = mask.any(axis=1), mask.any(axis=0)
    thin = min(int(rows.sum()), int(columns.sum())) <= _THIN_PX
    if count <= _TINY_PX or (thin and max(box.height, box.width) > _THIN_PX):
        return SLIVER, f"has {count} pixels in {int(columns.sum())} x {int(rows.sum())}"
    return "", ""


def _check_duplicates(project: Project, annotated: Sequence[Item]) -> Iterator[Finding]:
    """Duplicate images whose recorded sides differ, or which the split cannot put on one side."""
    held = split_items(project, annotated)
    for names in find_duplicate_images(annotated):
        same = f"is the same image as {', '.join(names[1:])}"
        if len({held[name] for name in names}) > 1:
            text = f"{same}: the project has no other images, so training and validation use the same one"
            yield Finding(DUPLICATE, names[0], text)
        elif len({project.held_out[name] for name in names if name in project.held_out}) > 1:
            use = "validation" if held[names[0]] else "training"
            text = f"{same}, but their recorded sides of the split differ; all of them are used for {use}"
            fix = RecordSides(tuple(names), held[names[0]])
            yield Finding(DUPLICATE, names[0], text, f"record all of them for {use}", fix)
