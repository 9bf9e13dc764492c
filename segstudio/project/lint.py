"""What is likely wrong in a project, and how to mend it."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import combinations
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.raster import shape_mask
from segstudio.core.shape import LINE, LINESTRIP, POINT, POINTS, Shape
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.images import image_size
from segstudio.formats.labelme import json as labelme
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.samples import with_assigned
from segstudio.project.store import load

NAMES, UNKNOWN, SIZE, EMPTY, SLIVER, TWICE = "class names", "unknown label", "size", "empty", "sliver", "duplicate"
_THIN_PX: Final = 2
_TINY_PX: Final = 8
_ALIKE: Final = 0.9
_THIN_KINDS: Final = (LINE, LINESTRIP, POINT, POINTS)


@dataclass(frozen=True)
class Finding:
    """`item` is an image's name, or "" for the project. `about` is what a fix needs; `fix_text` says what it does."""

    kind: str
    item: str
    text: str
    fix_text: str = ""
    about: tuple[object, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.item}: {self.text}" if self.item else self.text


def lint_project(project: Project, items: list[Item]) -> Iterator[Progress | Problem | Finding]:
    """Every finding; reads each annotation once, and those images whole that may be copies of one another."""
    yield from alike_names(project.table)
    unknown: dict[str, str] = {}
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        if not item.annotation_path.is_file():
            continue
        try:
            stored = load(item)
            if stored.problem:
                raise SegstudioError(stored.problem)
            size = _size(item)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            continue
        # Labels of another size lie in the wrong place, so that nothing can be said of single shapes yet.
        yield from size or _shapes(item.name, stored.annotation)
        for label in stored.annotation.labels:
            if project.table.id_of(label) is None:
                unknown.setdefault(label, item.name)
    yield from (_unknown(label, name, project.table) for label, name in unknown.items())
    yield from _twice(project, items)


def alike_names(table: ClassTable) -> list[Finding]:
    """Pairs of classes whose names differ in case, blanks, an s, or one letter; numbered classes are left alone."""
    return [
        Finding(NAMES, "", f"classes {a!r} and {b!r} look like one", f"merge {b!r} into {a!r}", (a, b))
        for a, b in combinations(table.names, 2)
        if _alike(a, b)
    ]


def _alike(a: str, b: str) -> bool:
    plain = [re.sub(r"[\W_]+", "", name.casefold()) for name in (a, b)]
    if plain[0] == plain[1] or plain[0].removesuffix("s") == plain[1].removesuffix("s"):
        return bool(plain[0])
    if re.sub(r"\d+", "", plain[0]) == re.sub(r"\d+", "", plain[1]):
        return False
    close = SequenceMatcher(None, plain[0], plain[1]).ratio() >= _ALIKE
    return close and min(map(len, plain)) >= 5 and abs(len(plain[0]) - len(plain[1])) <= 1


def _unknown(label: str, item: str, table: ClassTable) -> Finding:
    near = next((name for name in table.names if _alike(name, label)), "")
    fix = f"read it as {near!r}" if near else f"add {label!r} to the classes"
    return Finding(UNKNOWN, item, f"label {label!r} is no class", fix, (label, near))


def _size(item: Item) -> list[Finding]:
    height, width = image_size(item.image)
    said = labelme.said_size(item.annotation_path)
    if said is None or said == (height, width):
        return []
    scaled = said[0] > 0 and said[1] > 0 and abs(width / said[1] - height / said[0]) < 0.01 * width / said[1]
    fix = f"scale the labels to {width}x{height}" if scaled else f"write {width}x{height} and leave the labels"
    text = f"labels are for {said[1]}x{said[0]} but the image is {width}x{height}"
    return [Finding(SIZE, item.name, text, fix, (said, scaled))]


def _shapes(name: str, annotation: Annotation) -> Iterator[Finding]:
    for index, shape in enumerate(annotation.shapes):
        kind, text = fault_of(shape, annotation)
        if kind:
            yield Finding(kind, name, f"object {index + 1} ({shape.label}) {text}", "delete it", (index, shape.label))


def fault_of(shape: Shape, annotation: Annotation) -> tuple[str, str]:
    """Kind and words of what is likely wrong with a shape, "" for nothing."""
    box, mask = shape_mask(shape, annotation.box)
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


def _twice(project: Project, items: list[Item]) -> Iterator[Finding]:
    """Images of the same bytes, of which some train and some judge."""
    held = with_assigned(project, items)
    sizes: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        try:
            sizes[item.image.stat().st_size].append(item)
        except OSError:
            continue  # told by whoever opens it
    for group in sizes.values():
        digests: dict[str, list[Item]] = defaultdict(list)
        for item in group if len(group) > 1 else ():
            digests[_digest(item)].append(item)
        for alike in digests.values():
            names = [item.name for item in alike]
            if len({held.get(name, False) for name in names}) > 1:
                text = f"is the same image as {', '.join(names[1:])}, and they stand on both sides of the split"
                yield Finding(TWICE, names[0], text, "put all of them on one side", tuple(names))


def _digest(item: Item) -> str:
    try:
        return hashlib.sha256(item.image.read_bytes()).hexdigest()
    except OSError:
        return item.name
