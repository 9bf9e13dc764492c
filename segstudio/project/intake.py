"""Import: pictures and annotations of a source become a project; the source is left as it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from segstudio.core.classes import ClassTable
from segstudio.errors import FileError, ProjectError, SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.source import Entry, Source
from segstudio.project.item import Item
from segstudio.project.project import Project, open_project
from segstudio.project.store import save


@dataclass(frozen=True)
class Imported:
    """The report: how many pictures came in, with how many shapes."""

    folder: Path
    pictures: int
    shapes: int


def import_source(source: Source, folder: Path) -> Iterator[Progress | Problem | Imported]:
    """Nothing is overwritten: a picture whose name is taken in `folder` is named and left out."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error
    project = open_project(folder)
    if source.table is not None:
        project = _with_classes(project, source.table)
    pictures = shapes = 0
    held_out = dict(project.held_out)
    for note in source.notes:
        yield Problem(str(folder), note)
    for done, entry in enumerate(source.entries):
        yield Progress(done, len(source.entries), entry.name)
        try:
            item, count, notes, project = _take(entry, project)
        except SegstudioError as error:
            yield Problem(entry.name, str(error))
            continue
        yield from (Problem(entry.name, note) for note in notes)
        pictures, shapes = pictures + 1, shapes + count
        if source.held_out is not None:
            held_out[item.name] = item.picture.stem in source.held_out
    unlabelled = project.unlabelled if project.file.exists() else source.unlabelled
    replace(project, unlabelled=unlabelled, held_out=held_out).save()
    yield Imported(folder, pictures, shapes)


def _with_classes(project: Project, table: ClassTable) -> Project:
    """A new project takes the source's classes as they are; one with classes keeps its own and adds."""
    if not project.file.exists() and not project.listed:
        return replace(project, table=table)
    return project.with_labels(table.names)


def _take(entry: Entry, project: Project) -> tuple[Item, int, tuple[str, ...], Project]:
    picture, annotation, notes = entry.read()
    target = project.folder / picture.name
    item = Item(target.name, target, target.with_suffix(".json"))
    if target.exists() or item.annotation_path.exists():
        raise FileError(target, "is there already", "import into an empty folder or remove it")
    project = project.with_labels(annotation.labels)
    try:
        shutil.copyfile(picture, target)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise FileError(target, f"could not be written ({error.strerror})", "free some space") from error
    save(item, annotation, project.table, None)
    return item, len(annotation.shapes), notes, project
