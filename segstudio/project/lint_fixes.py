"""Fixes for what lint finds. A labels file is copied to `.segstudio/before-mending` before it is changed."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from segstudio.core.annotation import Annotation
from segstudio.core.geometry import Point
from segstudio.core.shape import Shape
from segstudio.errors import FileError, SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.labelme import json as labelme
from segstudio.project.item import HIDDEN, Item
from segstudio.project.lint import EMPTY, NAMES, SIZE, SLIVER, TWICE, UNKNOWN, Finding, fault_of
from segstudio.project.project import Project, open_project
from segstudio.project.store import load, save


def mend(
    project: Project, items: Sequence[Item], findings: Sequence[Finding]
) -> Iterator[Progress | Problem | Finding]:
    """Yields each finding that was mended. What cannot be mended is named and left."""
    by_name = {item.name: item for item in items}
    project, done = _mended_project(open_project(project.folder), findings)
    project.save()
    yield from done
    of_item: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.kind in (SIZE, EMPTY, SLIVER):
            of_item[finding.item].append(finding)
    for number, (name, group) in enumerate(of_item.items()):
        yield Progress(number, len(of_item), name)
        try:
            if name in by_name:
                yield from _mend_item(project, by_name[name], group)
        except SegstudioError as error:
            yield Problem(name, str(error))


def _mended_project(project: Project, findings: Sequence[Finding]) -> tuple[Project, list[Finding]]:
    """What is mended in project.json alone: classes, their aliases, and the split."""
    done = []
    for finding in findings:
        try:
            if finding.kind == NAMES:
                kept, gone = map(str, finding.about)
                project = replace(project, table=project.table.with_merged(kept, gone))
            elif finding.kind == UNKNOWN:
                label, near = map(str, finding.about)
                table = project.table.with_alias(near, label) if near else project.with_labels([label]).table
                project = replace(project, table=table)
            elif finding.kind == TWICE:
                project = _on_one_side(project, [str(name) for name in finding.about])
            else:
                continue
        except ValueError:  # an earlier fix took the class away
            continue
        done.append(finding)
    return project, done


def _on_one_side(project: Project, names: list[str]) -> Project:
    """To training, unless nothing else would be left to judge by."""
    others = any(held for name, held in project.held_out.items() if name not in names)
    return replace(project, held_out={**project.held_out, **dict.fromkeys(names, not others)})


def _mend_item(project: Project, item: Item, findings: list[Finding]) -> list[Finding]:
    """Those that were mended; one whose shape has changed since it was found is left."""
    stored = load(item)
    if stored.problem:
        raise SegstudioError(stored.problem)
    annotation = stored.annotation
    gone: set[int] = set()
    mended = []
    for finding in findings:
        if finding.kind == SIZE:
            if labelme.said_size(item.annotation_path) != finding.about[0]:
                continue
            if finding.about[1]:
                annotation = _scaled(annotation, finding.about[0])  # type: ignore[arg-type]
        elif finding.kind in (EMPTY, SLIVER):
            index, label = finding.about
            assert isinstance(index, int)
            if not _still(finding.kind, index, str(label), annotation):
                continue
            gone.add(index)
        mended.append(finding)
    if mended:
        kept = tuple(shape for index, shape in enumerate(annotation.shapes) if index not in gone)
        _keep_copy(project, item)
        save(item, annotation.with_shapes(kept), project.table, stored.stamp)
    return mended


def _still(kind: str, index: int, label: str, annotation: Annotation) -> bool:
    """Whether the shape at this place is the one that was found, and still at fault."""
    if index >= len(annotation.shapes) or annotation.shapes[index].label != label:
        return False
    return fault_of(annotation.shapes[index], annotation)[0] == kind


def _scaled(annotation: Annotation, said: tuple[int, int]) -> Annotation:
    """Points of an image of size `said`, on the image as it is; masks stay, as pixels do not scale exactly."""
    y, x = annotation.height / said[0], annotation.width / said[1]

    def scaled(shape: Shape) -> Shape:
        points: tuple[Point, ...] = tuple((a * x, b * y) for a, b in shape.points)
        return shape if shape.bitmap is not None else shape.with_points(points)

    return annotation.with_shapes(tuple(map(scaled, annotation.shapes)))


def _keep_copy(project: Project, item: Item) -> None:
    """The first copy stays: it is the file as a person left it."""
    copy = project.folder / HIDDEN / "before-mending" / f"{item.name}.json"
    if copy.exists():
        return
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(item.annotation_path, copy)
    except OSError as error:
        raise FileError(copy, f"could not be written ({error.strerror})", "free some space") from error
