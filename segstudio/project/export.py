"""Export: write a project's images and labels in another format, with a report of what that format cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.instances import ignore_overlaps
from segstudio.errors import FileError, ProjectError, SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.formats.writer import ExportImage, ExportOptions, Unsupported, Writer, WrittenImage, describe_shape
from segstudio.project.free_names import check_new_folder
from segstudio.project.item import Item
from segstudio.project.parallel import map_in_order
from segstudio.project.project import Project
from segstudio.project.samples import split_items
from segstudio.project.store import load_annotated


@dataclass(frozen=True)
class Exported:
    """The report: how many images were written, how many of them without a shape, and how many were not annotated."""

    folder: Path
    images: int
    background: int
    unannotated: int


@dataclass(frozen=True)
class ExportPlan:
    """What an export would write and lose. `losses` are (reason, objects, images)."""

    images: int
    unannotated: int
    losses: tuple[tuple[str, int, int], ...] = ()
    unreadable: int = 0
    unknown: tuple[str, ...] = ()  # labels that are not classes; images with them would be left out


def plan_export(
    project: Project, items: list[Item], writer: Writer, options: ExportOptions
) -> Iterator[Progress | Problem | ExportPlan]:
    """Read every annotation and count what the format cannot hold; nothing is written."""
    objects: Counter[str] = Counter()
    images: Counter[str] = Counter()
    unknown: dict[str, None] = {}
    annotated = unannotated = unreadable = 0
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        try:
            annotation = load_annotated(item)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            unreadable += 1
            continue
        if annotation is None:
            unannotated += 1
            continue
        annotated += 1
        unknown |= dict.fromkeys(project.find_unknown_labels(annotation))
        reasons = [found.reason for found in writer.find_unsupported(annotation, options)]
        objects.update(reasons)
        images.update(set(reasons))
    losses = tuple((reason, count, images[reason]) for reason, count in objects.most_common())
    yield ExportPlan(annotated, unannotated, losses, unreadable, tuple(unknown))


def export(
    project: Project, items: list[Item], out: Path, writer: Writer, options: ExportOptions | None = None
) -> Iterator[Progress | Problem | Note | Exported]:
    """Write all annotated images to the folder `out`, on all cores; an image that fails is reported and left out.

    Raises ProjectError where `out` is not empty, or the format cannot hold what `options` ask for.
    """
    options = options or ExportOptions()
    check_new_folder(out)
    if options.overlap_ignored and "overlap_ignored" not in writer.options:
        raise ProjectError(f"{writer.title} has no ignored pixels; choose that the later object gets the overlap")
    job = _Export(project, out, writer, options, _choose_stems(items))
    written: dict[Item, WrittenImage] = {}
    background = unannotated = 0
    for done, (item, result) in enumerate(map_in_order(job.write, items)):
        yield Progress(done + 1, len(items), item.name)
        if isinstance(result, SegstudioError):
            yield Problem(item.name, str(result))
        elif result is None:
            unannotated += 1
        else:
            yield from (Note(item.name, note) for note in result.notes)
            background += not result.image.annotation.shapes
            bare = replace(result.image.annotation, shapes=(), extra={})  # the lists need no shapes
            written[item] = replace(result, image=replace(result.image, annotation=bare))
    held = split_items(project, list(written))
    finished = [replace(w, image=replace(w.image, held_out=held[item.name])) for item, w in written.items()]
    writer.finish(out, finished, project.table)
    yield Exported(out, len(written), background, unannotated)


def _choose_stems(items: list[Item]) -> dict[str, str | None]:
    """Names with folders flattened into them, by item; of several items with one such name only the first has it."""
    owners: dict[str, str] = {}
    for item in items:
        owners.setdefault(_flatten(item), item.name)
    return {item.name: _flatten(item) if owners[_flatten(item)] == item.name else None for item in items}


def _flatten(item: Item) -> str:
    return item.name.rpartition(".")[0].replace("/", "_")


@dataclass(frozen=True)
class _Export:
    """One export; `write` is called from several threads."""

    project: Project
    out: Path
    writer: Writer
    options: ExportOptions
    stems: dict[str, str | None]

    __hash__ = None  # type: ignore[assignment]

    def write(self, item: Item) -> WrittenImage | None:
        """None for an image that is not annotated. Raises SegstudioError for one that cannot be exported."""
        annotation = load_annotated(item)
        if annotation is None:
            return None
        stem = self.stems[item.name]
        if stem is None:
            raise FileError(item.image, f"would be exported as {_flatten(item)}, as another image is", "rename one")
        unknown = self.project.find_unknown_labels(annotation)
        if unknown:
            names = ", ".join(unknown)
            raise FileError(item.annotation_path, f"has labels that are not classes: {names}", "add them as classes")
        notes = [_describe(found, annotation) for found in self.writer.find_unsupported(annotation, self.options)]
        if self.options.overlap_ignored:
            annotation, pixels = ignore_overlaps(annotation)
            if pixels:
                notes.append(f"{pixels} pixels that several objects claim are ignored")
        image = ExportImage(stem, item.image, annotation, self.project.table, self.project.unlabelled)
        written = self.writer.write(self.out, image, self.options)
        return replace(written, notes=(*notes, *written.notes))


def _describe(found: Unsupported, annotation: Annotation) -> str:
    index = found.shape_index
    return found.reason if index is None else f"{describe_shape(annotation.shapes[index], index)} {found.reason}"
