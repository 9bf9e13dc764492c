"""Import, export and annotations of a project."""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from segstudio.api.job_events import OnEvent, collect
from segstudio.core import raster
from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.raster import Labels
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.formats import images as image_files
from segstudio.formats.dataset import DatasetReader, ReadOptions
from segstudio.formats.images import Pixels
from segstudio.formats.registry import open_dataset, writer_named
from segstudio.formats.writer import ExportOptions
from segstudio.project import export as exporting
from segstudio.project import importing
from segstudio.project import project as projects
from segstudio.project.export import ExportPlan
from segstudio.project.importing import IGNORED, IN_ORDER, RENAME, SKIP, ImportOptions
from segstudio.project.index import scan
from segstudio.project.item import ItemState
from segstudio.project.mapping import ClassMapping, propose_mapping
from segstudio.project.project import Project, open_project
from segstudio.project.store import load

PathArgument = str | os.PathLike[str]
Classes = Project | ClassTable | Iterable[str]

MASK_KINDS: Final = ("auto", "index", "binary", "instances")


@dataclass(frozen=True)
class ImportReport:
    """What an import did: every image of the source is counted in `images` or in `left_out`.

    `format` is the name of the format that was read. `problems` name each image that was left out or altered, with the
    reason; `notes` are remarks about images that were imported whole.
    """

    format: str
    folder: Path
    images: int
    shapes: int
    left_out: int
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class ImportedProject(Project):
    """A project that was created or extended by an import, with the report of that import."""

    report: ImportReport = field(kw_only=True)

    __hash__ = None


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote to `folder`.

    `images` were written, `background` of them without any shape; `unannotated` images were left out because they have
    no shapes and are not marked as done. `problems` name each image that could not be written; `notes` each object that
    the format could not hold exactly.
    """

    folder: Path
    images: int
    background: int
    unannotated: int
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def import_dataset(
    source: PathArgument,
    folder: PathArgument,
    format: str = "auto",
    *,
    images: PathArgument | None = None,
    labels: PathArgument | None = None,
    held_out: PathArgument | None = None,
    snap: bool = False,
    ids: str = "trainIds",
    first_pixel: int | None = None,
    masks: str = "auto",
    mapping: Mapping[str, str] | None = None,
    overlap: str = IN_ORDER,
    taken: str = SKIP,
    on_event: OnEvent | None = None,
) -> ImportedProject:
    """Import a dataset into the project in `folder`, which is created if needed; the source is not changed.

    `format` is "auto" or the name of a format. `images` is the folder of images where it cannot be found, `labels` a
    class list or label map, `held_out` a file with the stems of the validation images. `snap` reads lossy masks by the
    nearest declared value; `masks` says what mask images hold ("auto", "index", "binary" or "instances"); `ids` is
    "trainIds" or "labelIds" (Cityscapes); `first_pixel` is the number of the first pixel in VOC boxes, 0 or 1.

    `mapping` leads from class names of the source to class names of the project, to "__ignore__", or to "" to drop the
    objects. `overlap` decides about pixels of several objects: "order" gives them to the later one, "ignore" to none.
    `taken` decides about an image whose name is in use: "skip" leaves it out, "rename" appends a number.

    Raises SegstudioError where the source as a whole cannot be read. A single image that fails is listed in
    `report.problems` of the returned project.
    """
    read_options = ReadOptions(_path(images), _path(labels), _path(held_out), snap, ids, first_pixel, masks)
    import_options = ImportOptions(ClassMapping(mapping or {}), overlap, taken)
    return import_with(source, folder, format, read_options, import_options, on_event)


def import_with(
    source: PathArgument,
    folder: PathArgument,
    format: str,
    read_options: ReadOptions,
    import_options: ImportOptions,
    on_event: OnEvent | None = None,
) -> ImportedProject:
    """`import_dataset` with its options as values; the mapping has only the classes that the user decided about."""
    _check_choice("masks", read_options.masks, MASK_KINDS)
    _check_choice("overlap", import_options.overlap, (IN_ORDER, IGNORED))
    _check_choice("taken", import_options.taken, (SKIP, RENAME))
    name, reader = open_dataset(Path(source), read_options, format)
    target = Path(folder)
    complete = replace(import_options, mapping=_complete_mapping(import_options.mapping.names, reader, target))
    collected = collect(importing.import_images(reader, target, complete), on_event)
    done = collected.results[-1]
    problems, notes = tuple(collected.problems), tuple(collected.notes)
    report = ImportReport(name, target, done.images, done.shapes, done.left_out, problems, notes)
    project = open_project(target)
    return ImportedProject(**{f.name: getattr(project, f.name) for f in fields(project)}, report=report)


def _complete_mapping(mapping: Mapping[str, str], reader: DatasetReader, folder: Path) -> ClassMapping:
    """The mapping proposed for the source's classes, overridden by `mapping`."""
    table = open_project(folder).table if folder.is_dir() else ClassTable()
    names = reader.table.names if reader.table is not None else []
    return ClassMapping({**propose_mapping(names, table), **mapping})


def export(
    project: Project,
    folder: PathArgument,
    format: str = "voc",
    *,
    classes: Classes | None = None,
    visualisations: bool = False,
    npy: bool = False,
    border_px: int = 0,
    exact: bool = False,
    overlap: str = IN_ORDER,
    on_event: OnEvent | None = None,
) -> ExportReport:
    """Write the project's images and annotations to `folder`, which must be new or empty.

    `format` is "voc", "coco", "labelme", "masks" or "yolo". `classes` replaces the project's class order. For VOC,
    `visualisations` adds coloured images, `npy` the label planes as .npy, and `border_px` a border of ignored pixels
    around objects; `exact` writes pixels instead of polygons (COCO, labelme); `overlap="ignore"` ignores pixels that
    several objects claim, where the format can.

    Raises SegstudioError where nothing can be written. `plan_export` says beforehand what the format cannot hold.
    """
    options = ExportOptions(visualisations, npy, border_px, exact, _is_ignored(overlap))
    return export_with(project, folder, format, options, classes=classes, on_event=on_event)


def export_with(
    project: Project,
    folder: PathArgument,
    format: str,
    options: ExportOptions,
    *,
    classes: Classes | None = None,
    on_event: OnEvent | None = None,
) -> ExportReport:
    """`export` with its options as a value."""
    project = _with_classes(project, classes, on_event)
    events = exporting.export(project, list(project.items()), Path(folder), writer_named(format), options)
    collected = collect(events, on_event)
    done = collected.results[-1]
    problems, notes = tuple(collected.problems), tuple(collected.notes)
    return ExportReport(done.folder, done.images, done.background, done.unannotated, problems, notes)


def plan_export(
    project: Project,
    format: str = "voc",
    *,
    classes: Classes | None = None,
    exact: bool = False,
    overlap: str = IN_ORDER,
    on_event: OnEvent | None = None,
) -> ExportPlan:
    """What `export` with these arguments would write and what the format cannot hold of it; nothing is written."""
    options = ExportOptions(exact=exact, overlap_ignored=_is_ignored(overlap))
    project = _with_classes(project, classes, on_event)
    events = exporting.plan_export(project, list(project.items()), writer_named(format), options)
    plan: ExportPlan = collect(events, on_event).results[-1]
    return plan


def _is_ignored(overlap: str) -> bool:
    _check_choice("overlap", overlap, (IN_ORDER, IGNORED))
    return overlap == IGNORED


def _with_classes(project: Project, classes: Classes | None, on_event: OnEvent | None) -> Project:
    return complete_classes(project, on_event) if classes is None else replace(project, table=_table(classes))


def complete_classes(project: Project, on_event: OnEvent | None = None) -> Project:
    """The project with a class added for each label that occurs in its files and has none, in alphabetical order.

    `Project.open` reads no annotation, so a folder without a class list has only the background class. `train`,
    `evaluate`, `export` and `Run.open` call this themselves.
    """
    completed: Project = collect(scan_classes(project), on_event).results[-1]
    return completed


def scan_classes(project: Project) -> Generator[Progress | Project, None, None]:
    """`complete_classes` as a job: Progress and, last, the project."""
    states: list[ItemState] = []
    for event in scan(project, list(project.items())):
        if isinstance(event, ItemState):
            states.append(event)
        else:
            yield event
    yield projects.complete_classes(project, states)


def read_annotation(project: Project, name: str) -> Annotation:
    """The annotation of the image `name` (its path in the project), empty if it has none.

    Raises SegstudioError where there is no such image or its file cannot be read.
    """
    stored = load(project.item(name))
    if stored.problem:
        raise SegstudioError(stored.problem)
    return stored.annotation


def read_image(path: PathArgument) -> Pixels:
    """Read an image file: (H, W) or (H, W, C), uint8 or uint16, EXIF orientation applied, without alpha.

    Raises FileError.
    """
    return image_files.read_image(Path(path))


def rasterise(annotation: Annotation, classes: Classes) -> Labels:
    """The annotation as an (H, W) uint8 plane of class ids; later shapes cover earlier ones.

    254 marks pixels without any label, 255 ignored pixels, which include labels that are no class. `classes` is a
    project, a ClassTable or the class names in order of id. Pixels equal those of the program that a shape comes from:
    labelme's rule for labelme shapes, pycocotools' for COCO polygons.
    """
    return raster.rasterise(annotation, _table(classes))


def _table(classes: Classes) -> ClassTable:
    if isinstance(classes, Project):
        return classes.table
    return classes if isinstance(classes, ClassTable) else ClassTable.from_names(classes)


def _path(path: PathArgument | None) -> Path | None:
    return None if path is None else Path(path)


def _check_choice(key: str, value: Any, known: Collection[str]) -> None:
    if value not in known:
        raise SegstudioError(f"{key} is {value!r}; it must be one of {', '.join(known)}")
