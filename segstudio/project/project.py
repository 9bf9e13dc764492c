"""A folder of images as a project: classes, what unlabelled means, the split, and the items."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segstudio.core.classes import BACKGROUND_NAME, IGNORE_NAME, MAX_CLASSES, Class, ClassTable
from segstudio.core.colours import Colour
from segstudio.errors import FileError, ProjectError
from segstudio.formats import class_list
from segstudio.formats.atomic import write_text
from segstudio.formats.labelme.reader import class_list_near
from segstudio.project.item import HIDDEN, Item, find_items
from segstudio.project.split import GROUPINGS, SEQUENCE

BACKGROUND, IGNORE = "background", "ignore"
_VERSION = 1


@dataclass(frozen=True)
class Project:
    """A value: changing a choice gives another Project; `save` writes it to `.segstudio/project.json`.

    `held_out` says for an image's name whether it is kept from training; names not in it are assigned, by
    sequence, folder or prefix as `split_by` says.
    `listed` is True when the classes came from a list or an earlier session, not from the images' labels.
    `notes` say what could not be read when it was opened.
    """

    folder: Path
    table: ClassTable = field(default_factory=ClassTable)
    unlabelled: str = BACKGROUND
    held_out: dict[str, bool] = field(default_factory=dict)
    split_by: str = SEQUENCE
    annotation_folder: Path | None = None
    listed: bool = False
    notes: tuple[str, ...] = ()

    __hash__ = None  # type: ignore[assignment]

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
        """Raises ProjectError when there is no such image."""
        for item in self.items():
            if item.name == name:
                return item
        raise ProjectError(f"{self.folder}: has no image {name}; open one that the list shows")

    def with_labels(self, labels: list[str], colours: Mapping[str, Colour] | None = None) -> Project:
        """A class for each label that has none yet, in the order given. Raises ProjectError beyond 254."""
        table = self.table
        try:
            for label in labels:
                if label.strip() and label.strip() != IGNORE_NAME and table.id_of(label) is None:
                    table = table.with_added(label, (colours or {}).get(label))
        except ValueError as error:
            raise ProjectError(f"{self.folder}: {error}") from error
        return self if table is self.table else replace(self, table=table)

    def save(self) -> None:
        """Raises FileError when the folder cannot be written to."""
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
    """Any folder is a project; nothing is written by opening it. Raises ProjectError or FileError."""
    if not folder.is_dir():
        raise ProjectError(f"{folder}: is not a folder; open a folder of images")
    folder = folder.resolve()
    project = Project(folder)
    if project.file.is_file():
        return _read(project)
    labels = class_list_near(folder)
    if labels is None:
        return project
    try:
        return replace(project, table=class_list.read_labels(labels), listed=True)
    except FileError as error:  # a list of something else; the images can be opened without it
        return replace(project, notes=(str(error),))


def _read(project: Project) -> Project:
    try:
        plain = json.loads(project.file.read_text("utf-8-sig"))
        classes = tuple(_class(index, row) for index, row in enumerate(plain["classes"]))
        unlabelled = plain.get("unlabelled", BACKGROUND)
        if unlabelled not in (BACKGROUND, IGNORE):
            raise ValueError(f"unlabelled is {unlabelled!r}")
        held_out = {str(name): bool(value) for name, value in plain.get("held_out", {}).items()}
        split_by = plain.get("split_by", SEQUENCE)
        if split_by not in GROUPINGS:
            raise ValueError(f"split_by is {split_by!r}")
        home = _inside(project.folder, plain.get("annotation_folder"))
        if len(classes) > MAX_CLASSES:
            raise ValueError(f"it lists {len(classes)} classes, of {MAX_CLASSES} at most")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise FileError(
            project.file, f"cannot be read ({error})", "mend it or move it away; images and labels are untouched"
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


def _class(index: int, row: dict[str, Any]) -> Class:
    red, green, blue = (int(value) & 255 for value in row["colour"])
    return Class(index, str(row["name"]), (red, green, blue), tuple(str(a) for a in row.get("aliases", [])))


def _inside(folder: Path, relative: Any) -> Path | None:
    if relative is None:
        return None
    home = (folder / str(relative)).resolve()
    if not home.is_relative_to(folder):
        raise ValueError(f"annotation_folder {relative!r} leaves the project")
    return home
