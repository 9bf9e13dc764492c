"""From a project to what learning sees."""

from __future__ import annotations

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.item import DONE, Item
from segstudio.project.project import Project
from segstudio.project.split import assign
from segstudio.project.store import load, status_of

_LOOKED_AT = 1 << 14  # bytes of a file that tell most images of one size apart


def gather(project: Project, items: list[Item]) -> Iterator[Progress | Problem | tuple[Sample, ...]]:
    """The labelled images of the project by value, split; a file that cannot be read is named and left out."""
    found: list[tuple[Item, Annotation]] = []
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        if not item.annotation_path.is_file():
            continue
        try:
            stored = load(item)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            continue
        if stored.problem:
            yield Problem(item.name, stored.problem)
        elif stored.annotation.shapes or status_of(stored.annotation) == DONE:
            found.append((item, replace(stored.annotation, extra={})))  # an embedded image may be large
    names = [item.name for item, _ in found]
    held = assign(names, project.held_out, by=project.split_by, twins=twins_among([item for item, _ in found]))
    yield tuple(Sample(item.name, item.image, annotation, held[item.name]) for item, annotation in found)


def sample_of(project: Project, item: Item, annotation: Annotation, known: Mapping[str, bool]) -> Sample:
    """One image labelled since the others were gathered; `known` says of those whether they are held out."""
    held = known.get(item.name)
    if held is None:
        held = assign([*known, item.name], known, by=project.split_by)[item.name]
    return Sample(item.name, item.image, replace(annotation, extra={}), held)


def with_sides(samples: Sequence[Sample], held_out: Mapping[str, bool]) -> tuple[Sample, ...]:
    """The samples on the sides that are given for their names; others stay where they are."""
    return tuple(replace(sample, held_out=held_out.get(sample.name, sample.held_out)) for sample in samples)


def twins_among(items: list[Item]) -> list[list[str]]:
    """Groups of images whose files are the same, byte for byte.

    Only files of one size are looked into, and only those with the same beginning are read to their end.
    """
    groups = [items]
    for trait in (_size, _beginning, _content):
        groups = [same for group in groups for same in _alike(group, trait)]
    return [[item.name for item in group] for group in groups]


def _alike(items: list[Item], trait: Callable[[Path], object]) -> list[list[Item]]:
    """Those of which there are two or more; files that cannot be read are like no other."""
    groups: dict[object, list[Item]] = defaultdict(list)
    for item in items:
        with contextlib.suppress(OSError):
            groups[trait(item.image)].append(item)
    return [group for group in groups.values() if len(group) > 1]


def _size(path: Path) -> int:
    return path.stat().st_size


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LOOKED_AT)


def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def with_split(project: Project, samples: tuple[Sample, ...]) -> Project:
    """The project with the split written down, so that later runs keep it."""
    return replace(project, held_out={**project.held_out, **{s.name: s.held_out for s in samples}})


def with_assigned(project: Project, items: list[Item]) -> dict[str, bool]:
    """For each labelled image whether it is held out, as a run would have it now."""
    names = [item.name for item in items if item.annotation_path.is_file()]
    return assign(names, project.held_out, by=project.split_by)
