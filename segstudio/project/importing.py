"""Import: images and annotations of a source become a project; the source is left as it is."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.instances import overlaps_ignored
from segstudio.errors import FileError, ProjectError, SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.formats.atomic import copy_file
from segstudio.formats.dataset import Entry, Reading, Source
from segstudio.formats.images import SUFFIXES
from segstudio.project.item import DONE, Item, annotation_path, natural_key
from segstudio.project.mapping import ClassMapping
from segstudio.project.project import Project, open_project
from segstudio.project.store import save, with_status

IN_ORDER, IGNORED = "order", "ignore"
SKIP, RENAME = "skip", "rename"
NO_NAME: Final = "no_name"
_PREVIEWED: Final = 6


@dataclass(frozen=True)
class IntakeOptions:
    """`overlap`: pixels of several objects go to the later one (IN_ORDER) or count for none (IGNORED).

    `taken`: an image whose name is in use is left out (SKIP) or gets a number behind its name (RENAME).
    """

    mapping: ClassMapping = field(default_factory=ClassMapping)
    overlap: str = IN_ORDER
    taken: str = SKIP

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Imported:
    """The report: how many images came in, with how many shapes; `left_out` are those that did not."""

    folder: Path
    images: int
    shapes: int
    left_out: int = 0


@dataclass(frozen=True)
class Survey:
    """What an import would bring. `readings` are the first images; `taken` are entries whose place is in use."""

    names: tuple[str, ...]
    table: ClassTable | None
    readings: tuple[Reading, ...]
    taken: tuple[str, ...]
    entries: int
    held_out: int
    notes: tuple[str, ...] = ()

    __hash__ = None  # type: ignore[assignment]


def survey(source: Source, folder: Path) -> Iterator[Progress | Problem | Survey]:
    """Looks at a source before it is imported; nothing is written. All labels are read where no list names them."""
    names: dict[str, None] = dict.fromkeys(source.table.names if source.table else ())
    readings: list[Reading] = []
    for done, entry in enumerate(source.entries):
        if source.table is not None and len(readings) >= _PREVIEWED:
            break
        yield Progress(done, len(source.entries), entry.name)
        try:
            reading = entry.read()
        except SegstudioError as error:
            yield Problem(entry.name, str(error))
            continue
        names |= dict.fromkeys(reading.annotation.labels)
        if len(readings) < _PREVIEWED:
            readings.append(reading)
    taken = tuple(entry.name for entry in source.entries if (folder / f"{entry.name}.json").exists())
    yield Survey(
        tuple(names),
        source.table,
        tuple(readings),
        taken,
        len(source.entries),
        len(source.held_out or ()),
        source.notes,
    )


def import_source(
    source: Source, folder: Path, options: IntakeOptions | None = None
) -> Iterator[Progress | Problem | Note | Imported]:
    """Nothing is overwritten. What came in stays when the job is stopped."""
    options = options or IntakeOptions()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error
    project = open_project(folder)
    fresh = not project.file.exists()
    if source.table is not None:
        project = _with_classes(project, options.mapping.table(source.table))
    for note in source.notes:
        yield Note(str(folder), note)
    images = shapes = 0
    held_out = dict(project.held_out)
    places = _Places(project)
    try:
        for done, entry in enumerate(source.entries):
            yield Progress(done, len(source.entries), entry.name)
            try:
                item, annotation, notes = _take(entry, project, places, options)
                project = project.with_labels(annotation.labels, options.mapping.colours)
                save(item, annotation, project.table, None)
            except SegstudioError as error:
                yield Problem(entry.name, str(error))
                continue
            except (OSError, ValueError) as error:  # a name that this disk cannot have
                yield Problem(entry.name, f"cannot be placed ({error})"[:200])
                continue
            images, shapes = images + 1, shapes + len(annotation.shapes)
            if source.held_out is not None:
                held_out[item.name] = entry.name in source.held_out
            for note in notes:
                yield Problem(item.name, note)
    finally:
        unlabelled = source.unlabelled if fresh else project.unlabelled
        replace(project, unlabelled=unlabelled, held_out=held_out).save()
    yield Imported(folder, images, shapes, len(source.entries) - images)


def _with_classes(project: Project, table: ClassTable) -> Project:
    """A new project takes the source's classes as they are; one with classes keeps its own and adds."""
    if not project.file.exists() and not project.listed:
        return replace(project, table=table)
    return project.with_labels(table.names, {item.name: item.colour for item in table})


def _take(
    entry: Entry, project: Project, places: _Places, options: IntakeOptions
) -> tuple[Item, Annotation, list[str]]:
    """Copies the image to its place, unless it lies there already, and gives its annotation to be saved."""
    reading = entry.read()
    named, unnamed = _all_named(reading.annotation)
    annotation, notes = options.mapping.annotation(named)
    told = [*reading.notes, *unnamed, *notes]
    if options.overlap == IGNORED:
        annotation, pixels = overlaps_ignored(annotation)
        if pixels:
            told.append(f"{pixels} pixels that several objects claim are ignored")
    if reading.complete and not reading.annotation.shapes and not reading.notes:
        annotation = with_status(annotation, DONE)
    project.with_labels(annotation.labels)  # raises before anything is written
    item = places.place(entry, reading.image, options.taken)
    if not item.image.exists():
        copy_file(reading.image, item.image)
    places.settle(item)
    if item.image.name != reading.image.name:
        told.append(f"{reading.image.name} is called {item.name} here, as its name was taken")
    return item, annotation, told


def _all_named(annotation: Annotation) -> tuple[Annotation, tuple[str, ...]]:
    """A label of blanks could be no class."""
    blank = sum(not shape.label.strip() for shape in annotation.shapes)
    if not blank:
        return annotation, ()
    shapes = tuple(s if s.label.strip() else replace(s, label=NO_NAME) for s in annotation.shapes)
    return annotation.with_shapes(shapes), (f"{blank} objects without a label are called {NO_NAME}",)


class _Places:
    """Which images lie where in the project, so that each newcomer is placed without listing its folder again."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stems: dict[Path, dict[str, list[Path]]] = {}

    def place(self, entry: Entry, image: Path, taken: str) -> Item:
        """Where an image and its labels go. An image that lies there already only gets its labels."""
        below = Path(entry.name).parent
        if below.is_absolute() or any(part.startswith(".") for part in (*below.parts, image.name)):
            raise FileError(image, f"would be placed where no project looks ({entry.name[:120]})", "rename it")
        home = self._project.folder / below
        for number in count(1):
            target = home / f"{image.stem}{'' if number == 1 else f'-{number}'}{image.suffix}"
            there = os.path.lexists(target)  # a link that leads nowhere is there too
            same = there and _same(image, target)
            if same or not there:
                labels = self._labels_of(target, below)
                if not labels.exists():
                    return Item(target.relative_to(self._project.folder).as_posix(), target, labels)
            if taken == SKIP:
                fault = "has labels already" if same else "is there already"
                raise FileError(target, fault, "import into an empty folder, or choose to rename")
        raise AssertionError("count never ends")

    def _labels_of(self, target: Path, below: Path) -> Path:
        rivals = sorted({*self._rivals(target), target}, key=lambda path: natural_key(path.name))
        home = self._project.annotation_folder
        return annotation_path(target, rivals, target.parent if home is None else home / below)

    def _rivals(self, target: Path) -> list[Path]:
        stems = self._stems.get(target.parent)
        if stems is None:
            stems = self._stems[target.parent] = {}
            for path in target.parent.iterdir() if target.parent.is_dir() else ():
                if path.suffix.lower() in SUFFIXES:
                    stems.setdefault(path.stem.casefold(), []).append(path)
        return stems.setdefault(target.stem.casefold(), [])

    def settle(self, item: Item) -> None:
        """The image lies there now."""
        rivals = self._rivals(item.image)
        if item.image not in rivals:
            rivals.append(item.image)


def _same(a: Path, b: Path) -> bool:
    try:
        return a.samefile(b) or filecmp.cmp(a, b, shallow=False)
    except OSError:
        return False
