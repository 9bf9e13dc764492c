"""A folder of images as a project: its classes, how unlabelled pixels are read, the split, and the items."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segstudio.core.annotation import Annotation
from segstudio.core.classes import BACKGROUND_NAME, IGNORE_NAME, MAX_CLASSES, Class, ClassTable
from segstudio.core.colours import Colour
from segstudio.errors import FileError, ProjectError
from segstudio.formats import class_list
from segstudio.formats.atomic import write_text
from segstudio.formats.labelme.reader import find_class_list
from segstudio.project.item import HIDDEN, Item, ItemState, find_items
from segstudio.project.split import GROUPINGS, SEQUENCE

AS_BACKGROUND, AS_IGNORED = "background", "ignore"
_VERSION = 1


@dataclass(frozen=True)
class Project:
    """A value: a change gives another Project; `save` writes it to `.segstudio/project.json`.

    `unlabelled` is AS_BACKGROUND or AS_IGNORED: how pixels without a label are read.
    `held_out` says for an image's name whether it is held out from training; other images are assigned by sequence,
    folder or prefix, as `split_by` says.
    `listed` is True if the classes came from a list or an earlier session, and not from the images' labels.
    `notes` list what could not be read when the project was opened.
    """

    folder: Path
    table: ClassTable = field(default_factory=ClassTable)
    unlabelled: str = AS_BACKGROUND
    held_out: dict[str, bool] = field(default_factory=dict)
    split_by: str = SEQUENCE
    annotation_folder: Path | None = None
    listed: bool = False
    notes: tuple[str, ...] = ()

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Project:
        """Open a folder of images; the public API's form of `open_project`. Raises ProjectError or FileError."""
        return open_project(Path(folder))

    @property
    def file(self) -> Path:
        return self.folder / HIDDEN / "project.json"

    @property
    def runs_folder(self) -> Path:
        return self.folder / HIDDEN / "runs"

    @property
    def index_file(self) -> Path:
        return self.folder / HIDDEN / "index.sqlite"

    def items(self) -> Iterator[Item]:
        return find_items(self.folder, self.annotation_folder)

    def item(self, name: str) -> Item:
        """The item of this name. Raises ProjectError where there is none."""
        for item in self.items():
            if item.name == name:
                return item
        raise ProjectError(f"{self.folder}: has no image {name}; name one of its images")

    def with_labels(self, labels: list[str], colours: Mapping[str, Colour] | None = None) -> Project:
        """Add a class for each label that has none yet, in the order given. Raises ProjectError beyond 254 classes."""
        table = self.table
        try:
            for label in labels:
                if label.strip() and label.strip() != IGNORE_NAME and table.id_of(label) is None:
                    table = table.with_added(label, (colours or {}).get(label))
        except ValueError as error:
            raise ProjectError(f"{self.folder}: {error}") from error
        return self if table is self.table else replace(self, table=table)

    def find_unknown_labels(self, annotation: Annotation) -> list[str]:
        """Labels of the annotation that are neither a class nor an alias of one."""
        return [label for label in annotation.labels if self.table.id_of(label) is None]

    def save(self) -> None:
        """Raises FileError where the folder cannot be written to."""
        plain = {
            "version": _VERSION,
            "classes": [
                {"name": item.name, "colour": list(item.colour), "aliases": list(item.aliases)} for item in self.table
            ],
            "unlabelled": self.unlabelled,
            "held_out": self.held_out,
            "split_by": self.split_by,
            "annotation_folder": None
            if self.annotation_folder is None
            else self.annotation_folder.relative_to(self.folder).as_posix(),
        }
        write_text(self.file, json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def open_project(folder: Path) -> Project:
    """Any folder is a project; opening it writes nothing. Raises ProjectError or FileError."""
    if not folder.is_dir():
        raise ProjectError(f"{folder}: is not a folder; open a folder of images")
    folder = folder.resolve()
    project = Project(folder)
    if project.file.is_file():
        return _read(project)
    labels = find_class_list(folder)
    if labels is None:
        return project
    try:
        return replace(project, table=class_list.read_labels(labels), listed=True)
    except FileError as error:  # it may list something else; the images can be opened without it
        return replace(project, notes=(str(error),))


def complete_classes(project: Project, states: Iterable[ItemState]) -> Project:
    """Add a class for each label in the project's files that has none yet. Raises ProjectError beyond 254 classes.

    Sorted by label, so that classes have the same ids in the window and on the command line.
    """
    return project.with_labels(sorted({label for state in states for label in state.labels}))


def _read(project: Project) -> Project:
    try:
        plain = json.loads(project.file.read_text("utf-8-sig"))
        classes = tuple(_read_class(index, row) for index, row in enumerate(plain["classes"]))
        unlabelled = plain.get("unlabelled", AS_BACKGROUND)
        if unlabelled not in (AS_BACKGROUND, AS_IGNORED):
            raise ValueError(f"unlabelled is {unlabelled!r}")
        held_out = {str(name): bool(value) for name, value in plain.get("held_out", {}).items()}
        split_by = plain.get("split_by", SEQUENCE)
        if split_by not in GROUPINGS:
            raise ValueError(f"split_by is {split_by!r}")
        home = _resolve_inside(project.folder, plain.get("annotation_folder"))
        if len(classes) > MAX_CLASSES:
            raise ValueError(f"it lists {len(classes)} classes; {MAX_CLASSES} are allowed")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise FileError(
            project.file, f"cannot be read ({error})", "fix it or move it away; images and labels are as they were"
        ) from error
    table = ClassTable(classes) if classes else ClassTable()
    return replace(
        project,
        table=table,
        unlabelled=unlabelled,
        held_out=held_out,
        split_by=split_by,
        annotation_folder=home,
        listed=table.names != [BACKGROUND_NAME],
    )


def _read_class(index: int, row: dict[str, Any]) -> Class:
    red, green, blue = (int(value) & 255 for value in row["colour"])
    return Class(index, str(row["name"]), (red, green, blue), tuple(str(a) for a in row.get("aliases", [])))


def _resolve_inside(folder: Path, relative: Any) -> Path | None:
    if relative is None:
        return None
    home = (folder / str(relative)).resolve()
    if not home.is_relative_to(folder):
        raise ValueError(f"annotation_folder {relative!r} is outside the project")
    return home
