"""Import: copy the images and annotations of a dataset into a project; the dataset is not changed."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.instances import ignore_overlaps
from segstudio.errors import FileError, ProjectError, SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.formats.atomic import copy_file
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage
from segstudio.formats.images import IMAGE_SUFFIXES
from segstudio.project.free_names import number_names
from segstudio.project.item import DONE, Item, find_annotation_path, natural_key
from segstudio.project.mapping import ClassMapping
from segstudio.project.project import Project, open_project
from segstudio.project.store import save, with_status

IN_ORDER, IGNORED = "order", "ignore"
SKIP, RENAME = "skip", "rename"
NO_NAME: Final = "no_name"
_NUM_PREVIEWED: Final = 6


@dataclass(frozen=True)
class ImportOptions:
    """`overlap`: pixels of several objects belong to the later one (IN_ORDER) or are ignored (IGNORED).

    `taken`: an image whose name is in use is left out (SKIP), or a number is appended to its name (RENAME).
    """

    mapping: ClassMapping = field(default_factory=ClassMapping)
    overlap: str = IN_ORDER
    taken: str = SKIP

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Imported:
    """The report: how many images were imported, with how many shapes, and how many were left out."""

    folder: Path
    images: int
    shapes: int
    left_out: int = 0


@dataclass(frozen=True)
class ImportPreview:
    """What an import would do. `first_images` are for thumbnails; `taken` are entries whose labels file exists already.

    `names` are the classes of the dataset; `entries` and `held_out` are numbers of images.
    """

    names: tuple[str, ...]
    table: ClassTable | None
    first_images: tuple[ImportedImage, ...]
    taken: tuple[str, ...]
    entries: int
    held_out: int
    notes: tuple[str, ...] = ()

    __hash__ = None  # type: ignore[assignment]


def preview_import(source: DatasetReader, folder: Path) -> Iterator[Progress | Problem | ImportPreview]:
    """Read what an import needs to ask; nothing is written. All images are read where the dataset lists no classes."""
    names: dict[str, None] = dict.fromkeys(source.table.names if source.table else ())
    first: list[ImportedImage] = []
    for done, entry in enumerate(source.entries):
        if source.table is not None and len(first) >= _NUM_PREVIEWED:
            break
        yield Progress(done, len(source.entries), entry.name)
        try:
            image = entry.read()
        except SegstudioError as error:
            yield Problem(entry.name, str(error))
            continue
        names |= dict.fromkeys(image.annotation.labels)
        if len(first) < _NUM_PREVIEWED:
            first.append(image)
    taken = tuple(entry.name for entry in source.entries if (folder / f"{entry.name}.json").exists())
    yield ImportPreview(
        tuple(names),
        source.table,
        tuple(first),
        taken,
        len(source.entries),
        len(source.held_out or ()),
        source.notes,
    )


def import_images(
    source: DatasetReader, folder: Path, options: ImportOptions | None = None
) -> Iterator[Progress | Problem | Note | Imported]:
    """Nothing is overwritten. Closing the generator keeps what was imported until then. Raises ProjectError."""
    options = options or ImportOptions()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error
    project = open_project(folder)
    fresh = not project.file.exists()
    if source.table is not None:
        project = _add_classes(project, options.mapping.map_table(source.table))
    for note in source.notes:
        yield Note(str(folder), note)
    images = shapes = 0
    held_out = dict(project.held_out)
    places = _Destinations(project)
    try:
        for done, entry in enumerate(source.entries):
            yield Progress(done, len(source.entries), entry.name)
            try:
                item, annotation, notes = _import_entry(entry, project, places, options)
                project = project.with_labels(annotation.labels, options.mapping.colours)
                save(item, annotation, project.table, None)
            except SegstudioError as error:
                yield Problem(entry.name, str(error))
                continue
            except (OSError, ValueError) as error:  # a name that this file system does not allow
                yield Problem(entry.name, f"cannot be written ({error})"[:200])
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


def _add_classes(project: Project, table: ClassTable) -> Project:
    """A new project gets exactly the dataset's classes; one with classes keeps them and adds those that are new."""
    if not project.file.exists() and not project.listed:
        return replace(project, table=table)
    return project.with_labels(table.names, {item.name: item.colour for item in table})


def _import_entry(
    entry: DatasetEntry, project: Project, places: _Destinations, options: ImportOptions
) -> tuple[Item, Annotation, list[str]]:
    """Copy the image, unless it is there already. Returns its item, the annotation to save, and notes."""
    imported = entry.read()
    named, naming_notes = _name_blank_labels(imported.annotation)
    annotation, mapping_notes = options.mapping.map_annotation(named)
    notes = [*imported.notes, *naming_notes, *mapping_notes]
    if options.overlap == IGNORED:
        annotation, pixels = ignore_overlaps(annotation)
        if pixels:
            notes.append(f"{pixels} pixels that several objects claim are ignored")
    if imported.complete and not imported.annotation.shapes and not imported.notes:
        annotation = with_status(annotation, DONE)
    project.with_labels(annotation.labels)  # raises before anything is written
    item = places.find(entry, imported.image, options.taken)
    if not item.image.exists():
        copy_file(imported.image, item.image)
    places.record(item)
    if item.image.name != imported.image.name:
        notes.append(f"{imported.image.name} is called {item.name} here, as its name was taken")
    return item, annotation, notes


def _name_blank_labels(annotation: Annotation) -> tuple[Annotation, tuple[str, ...]]:
    """Give shapes with an empty or blank label the label NO_NAME, with a note about them."""
    blank = sum(not shape.label.strip() for shape in annotation.shapes)
    if not blank:
        return annotation, ()
    shapes = tuple(s if s.label.strip() else replace(s, label=NO_NAME) for s in annotation.shapes)
    return annotation.with_shapes(shapes), (f"{blank} objects without a label are called {NO_NAME}",)


class _Destinations:
    """Finds where images go; lists each folder of the project only once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stems: dict[Path, dict[str, list[Path]]] = {}

    def find(self, entry: DatasetEntry, image: Path, taken: str) -> Item:
        """The item for an image; where the same image is there already, only labels are added.

        Raises FileError where the name is taken and `taken` is SKIP, or where a project would not list the image.
        """
        below = Path(entry.name).parent
        if below.is_absolute() or any(part.startswith(".") for part in (*below.parts, image.name)):
            raise FileError(
                image, f"would be in a hidden folder, which a project does not list ({entry.name[:120]})", "rename it"
            )
        home = self._project.folder / below
        for name in number_names(image.stem, image.suffix):
            target = home / name
            exists = os.path.lexists(target)  # True for a broken link too
            same = exists and _is_same(image, target)
            if same or not exists:
                labels = self._find_labels(target, below)
                if not labels.exists():
                    return Item(target.relative_to(self._project.folder).as_posix(), target, labels)
            if taken == SKIP:
                fault = "has labels already" if same else "is there already"
                raise FileError(target, fault, "import into an empty folder, or choose to rename")
        raise AssertionError("number_names never ends")

    def _find_labels(self, target: Path, below: Path) -> Path:
        rivals = sorted({*self._list_rivals(target), target}, key=lambda path: natural_key(path.name))
        home = self._project.annotation_folder
        return find_annotation_path(target, rivals, target.parent if home is None else home / below)

    def _list_rivals(self, target: Path) -> list[Path]:
        """Images in the folder of `target` with its stem; the list is kept up to date by `record`."""
        stems = self._stems.get(target.parent)
        if stems is None:
            stems = self._stems[target.parent] = {}
            for path in target.parent.iterdir() if target.parent.is_dir() else ():
                if path.suffix.lower() in IMAGE_SUFFIXES:
                    stems.setdefault(path.stem.casefold(), []).append(path)
        return stems.setdefault(target.stem.casefold(), [])

    def record(self, item: Item) -> None:
        """The item's image exists now."""
        rivals = self._list_rivals(item.image)
        if item.image not in rivals:
            rivals.append(item.image)


def _is_same(a: Path, b: Path) -> bool:
    try:
        return a.samefile(b) or filecmp.cmp(a, b, shallow=False)
    except OSError:
        return False
