"""Fixes for what lint finds. A labels file is copied to `.segstudio/before-fixes` before it is changed."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.geometry import Point
from segstudio.core.shape import Shape
from segstudio.errors import FileError, SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.labelme import labelme_json
from segstudio.project.item import HIDDEN, Item
from segstudio.project.lint import (
    AddLabel,
    CorrectSize,
    DeleteShape,
    Finding,
    MergeClasses,
    RecordSides,
    find_fault,
)
from segstudio.project.project import Project, open_project
from segstudio.project.store import load, save

_COPIES: Final = "before-fixes"
_OLD_COPIES: Final = "before-mending"  # of 0.1.0


def apply_fixes(
    project: Project, items: Sequence[Item], findings: Sequence[Finding]
) -> Iterator[Progress | Problem | Finding]:
    """Yields each finding that was fixed. What cannot be fixed is reported and left as it is."""
    by_name = {item.name: item for item in items}
    project, fixed = _fix_project(open_project(project.folder), findings)
    project.save()
    yield from fixed
    of_item: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if isinstance(finding.fix, CorrectSize | DeleteShape):
            of_item[finding.item].append(finding)
    for done, (name, group) in enumerate(of_item.items()):
        yield Progress(done, len(of_item), name)
        try:
            if name in by_name:
                yield from _fix_item(project, by_name[name], group)
        except SegstudioError as error:
            yield Problem(name, str(error))


def _fix_project(project: Project, findings: Sequence[Finding]) -> tuple[Project, list[Finding]]:
    """What is fixed in project.json alone: classes, their aliases, and the split."""
    fixed = []
    for finding in findings:
        try:
            match finding.fix:
                case MergeClasses(kept, merged):
                    project = replace(project, table=project.table.with_merged(kept, merged))
                case AddLabel(label, alias_of):
                    if alias_of:
                        project = replace(project, table=project.table.with_alias(alias_of, label))
                    else:
                        project = project.with_labels([label])
                case RecordSides(names, held_out):
                    project = replace(project, held_out={**project.held_out, **dict.fromkeys(names, held_out)})
                case _:
                    continue
        except ValueError:  # an earlier fix removed the class
            continue
        fixed.append(finding)
    return project, fixed


def _fix_item(project: Project, item: Item, findings: list[Finding]) -> list[Finding]:
    """The findings that were fixed; one whose shape has changed since is left."""
    stored = load(item)
    if stored.problem:
        raise SegstudioError(stored.problem)
    annotation = stored.annotation
    deleted: set[int] = set()
    fixed = []
    for finding in findings:
        match finding.fix:
            case CorrectSize(stated, scale) if labelme_json.read_size(item.annotation_path) == stated:
                annotation = _scale(annotation, stated) if scale else annotation
            case DeleteShape(index, label) if _has_fault(finding.kind, index, label, annotation):
                deleted.add(index)
            case _:
                continue
        fixed.append(finding)
    if fixed:
        kept = tuple(shape for index, shape in enumerate(annotation.shapes) if index not in deleted)
        _keep_copy(project, item)
        save(item, annotation.with_shapes(kept), project.table, stored.stamp)
    return fixed


def _has_fault(kind: str, index: int, label: str, annotation: Annotation) -> bool:
    """True if the shape at this index is still the one that was found, with the same fault."""
    if index >= len(annotation.shapes) or annotation.shapes[index].label != label:
        return False
    return find_fault(annotation.shapes[index], annotation)[0] == kind


def _scale(annotation: Annotation, stated: tuple[int, int]) -> Annotation:
    """Scale points from an image of size `stated` to the image's size; masks stay, as pixels do not scale exactly."""
    y, x = annotation.height / stated[0], annotation.width / stated[1]

    def scale_shape(shape: Shape) -> Shape:
        points: tuple[Point, ...] = tuple((a * x, b * y) for a, b in shape.points)
        return shape if shape.bitmap is not None else shape.with_points(points)

    return annotation.with_shapes(tuple(map(scale_shape, annotation.shapes)))


def _keep_copy(project: Project, item: Item) -> None:
    """Copy the labels file, unless an earlier fix has: the first copy is the file as a person left it."""
    copy, old_copy = (project.folder / HIDDEN / folder / f"{item.name}.json" for folder in (_COPIES, _OLD_COPIES))
    if copy.exists() or old_copy.exists():
        return
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(item.annotation_path, copy)
    except OSError as error:
        raise FileError(copy, f"could not be written ({error.strerror})", "free some space") from error
