"""Export: a project's images and labels in any format that can be written, with a report of what it cannot hold."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.instances import overlaps_ignored
from segstudio.errors import FileError, ProjectError, SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.formats.writer import ExportOptions, Page, Target, Written, named
from segstudio.project.item import DONE, Item
from segstudio.project.parallel import in_order
from segstudio.project.project import Project
from segstudio.project.split import assign
from segstudio.project.store import load, status_of


@dataclass(frozen=True)
class Exported:
    """The report. `background` images are marked done without a shape; `untouched` ones are not, and got nothing."""

    folder: Path
    images: int
    background: int
    untouched: int


@dataclass(frozen=True)
class Plan:
    """What an export would lose: how many objects for each reason, and in how many images; nothing is written."""

    images: int
    untouched: int
    losses: tuple[tuple[str, int, int], ...] = ()
    unreadable: int = 0
    unknown: tuple[str, ...] = ()  # labels that are no classes; their images would be left out


def plan(
    project: Project, items: list[Item], target: Target, options: ExportOptions
) -> Iterator[Progress | Problem | Plan]:
    """Reads every annotation once and says what the target cannot hold of it."""
    objects: Counter[str] = Counter()
    images: Counter[str] = Counter()
    unknown: dict[str, None] = {}
    written = untouched = unreadable = 0
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        try:
            annotation = _annotation(item)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            unreadable += 1
            continue
        if annotation is None:
            untouched += 1
            continue
        written += 1
        unknown |= dict.fromkeys(label for label in annotation.labels if project.table.id_of(label) is None)
        reasons = [reason for _, reason in target.losses(annotation, options)]
        objects.update(reasons)
        images.update(set(reasons))
    losses = tuple((reason, count, images[reason]) for reason, count in objects.most_common())
    yield Plan(written, untouched, losses, unreadable, tuple(unknown))


def export(
    project: Project, items: list[Item], out: Path, target: Target, options: ExportOptions | None = None
) -> Iterator[Progress | Problem | Note | Exported]:
    """Raises ProjectError when `out` holds anything. An image that fails is named; the rest goes on, on all cores."""
    options = options or ExportOptions()
    check_empty(out)
    if options.overlap_ignored and "overlap_ignored" not in target.choices:
        raise ProjectError(f"{target.title} has no pixels that count for nothing; leave overlaps in order")
    stems = _stems(items)
    written: dict[str, Written] = {}
    background = untouched = 0

    def work(item: Item) -> Written | None:
        annotation = _annotation(item)
        if annotation is None:
            return None
        return _write(item, annotation, (project, stems), (out, target, options))

    for done, (item, result) in enumerate(in_order(work, items)):
        yield Progress(done + 1, len(items), item.name)
        if isinstance(result, SegstudioError):
            yield Problem(item.name, str(result))
        elif result is None:
            untouched += 1
        else:
            yield from (Note(item.name, note) for note in result.notes)
            background += not result.page.annotation.shapes
            bare = replace(result.page.annotation, shapes=(), extra={})  # the lists need no shapes
            written[item.name] = replace(result, page=replace(result.page, annotation=bare))
    held = assign(list(written), project.held_out, by=project.split_by)
    pages = [replace(w, page=replace(w.page, held_out=held[name])) for name, w in written.items()]
    target.finish(out, pages, project.table)
    yield Exported(out, len(written), background, untouched)


def check_empty(out: Path) -> None:
    """Raises ProjectError when `out` is there and is no empty folder, or cannot be written to."""
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ProjectError(f"{out}: is not empty, and nothing is written over; choose a new folder")
        home = next(path for path in (out, *out.absolute().parents) if path.exists())
        if not os.access(home, os.W_OK):
            raise ProjectError(f"{out}: cannot be made, as {home} may not be written to; choose another folder")
    except OSError as error:
        raise ProjectError(f"{out}: cannot be made ({error.strerror}); choose another folder") from error


def _annotation(item: Item) -> Annotation | None:
    """None for an image that nobody touched: no shapes, and not marked done. Raises SegstudioError."""
    if not item.annotation_path.is_file():
        return None
    stored = load(item)
    if stored.problem:
        raise SegstudioError(stored.problem)
    touched = stored.annotation.shapes or status_of(stored.annotation) == DONE
    return stored.annotation if touched else None


def _stems(items: list[Item]) -> dict[str, str | None]:
    """Folders are flattened into the name; of several images that would get one stem, only the first keeps it."""
    owners: dict[str, str] = {}
    for item in items:
        owners.setdefault(_flat(item), item.name)
    return {item.name: _flat(item) if owners[_flat(item)] == item.name else None for item in items}


def _flat(item: Item) -> str:
    return item.name.rpartition(".")[0].replace("/", "_")


def _write(
    item: Item,
    annotation: Annotation,
    place: tuple[Project, dict[str, str | None]],
    job: tuple[Path, Target, ExportOptions],
) -> Written:
    (project, stems), (out, target, options) = place, job
    stem = stems[item.name]
    if stem is None:
        raise FileError(item.image, f"would be exported as {_flat(item)}, like another", "rename one of them")
    unknown = [label for label in annotation.labels if project.table.id_of(label) is None]
    if unknown:
        raise SegstudioError(
            f"{item.annotation_path}: has labels {', '.join(unknown)}, which are no classes; add them to the classes"
        )
    notes = [
        f"{named(annotation.shapes[index], index)} {reason}" if index >= 0 else reason
        for index, reason in target.losses(annotation, options)
    ]
    if options.overlap_ignored:
        annotation, pixels = overlaps_ignored(annotation)
        if pixels:
            notes.append(f"{pixels} pixels that several objects claim are ignored")
    page = Page(stem, item.image, annotation, project.table, project.unlabelled)
    written = target.write(out, page, options)
    return replace(written, notes=(*notes, *written.notes))
