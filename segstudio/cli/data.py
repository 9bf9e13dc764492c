"""The verbs that bring data in and out, and look it over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segstudio.cli.console import Reporter, app, one_line_errors

if TYPE_CHECKING:
    from segstudio.formats.dataset import Source, SourceOptions
    from segstudio.project.importing import IntakeOptions
    from segstudio.project.item import Item
    from segstudio.project.project import Project

_FORMATS = "auto, coco, cvat, cityscapes, labelme, isat, eiseg, labelme-web, voc, camvid, yolo or masks."
_TARGETS = "voc, coco, labelme, masks or yolo."

SourcePath = Annotated[Path, typer.Argument(help="Data set to read: a folder or a file.", metavar="SRC")]
ProjectFolder = Annotated[Path, typer.Argument(help="Folder of images.", metavar="PROJECT")]
OutFolder = Annotated[Path, typer.Argument(help="New folder.", metavar="OUT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Images = Annotated[Path | None, typer.Option(help="Folder of images, if not found by itself.")]
Labels = Annotated[Path | None, typer.Option(help="Class list or label map.")]
HeldOut = Annotated[Path | None, typer.Option(help="File stems to keep from training, one a line.")]
Snap = Annotated[bool, typer.Option("--snap", help="Read lossy masks by the nearest declared value.")]
Ids = Annotated[str, typer.Option(help="Cityscapes: trainIds or labelIds.")]
FirstPixel = Annotated[int | None, typer.Option(help="VOC boxes: number of the first pixel.", min=0, max=1)]
Masks = Annotated[str, typer.Option("--masks", help="Mask images: auto, index, binary or instances.")]
Maps = Annotated[list[str] | None, typer.Option("--map", help="SOURCE=CLASS, SOURCE=__ignore__, or SOURCE= to drop.")]
Overlap = Annotated[str, typer.Option(help="Where objects overlap: order (later over earlier) or ignore (255).")]
Taken = Annotated[str, typer.Option(help="An image whose name is taken: skip or rename.")]
Visualisations = Annotated[bool, typer.Option("--viz", help="VOC: also coloured images.")]
Npy = Annotated[bool, typer.Option("--npy", help="VOC: also .npy planes.")]
Border = Annotated[int, typer.Option(help="VOC: ignored pixels around objects.", min=0, max=50)]
Exact = Annotated[bool, typer.Option("--pixels", help="COCO, labelme: pixels in place of polygons.")]


def open_with_labels(folder: Path, reporter: Reporter) -> tuple[Project, list[Item]]:
    """The project with a class for each label in its files."""
    from segstudio.project.index import scan
    from segstudio.project.item import ItemState
    from segstudio.project.project import open_project

    project = open_project(folder)
    items = list(project.items())
    states = [s for s in reporter.drain(scan(project, items), "reading labels") if isinstance(s, ItemState)]
    return project.with_labels(sorted({label for state in states for label in state.labels})), items


def _intake(overlap: str, taken: str, maps: list[str], source: Source, project: Project | None) -> IntakeOptions:
    """What is proposed for the source's classes, and over it what was told."""
    from segstudio.core.classes import ClassTable
    from segstudio.errors import ProjectError
    from segstudio.project.importing import IGNORED, IN_ORDER, RENAME, SKIP, IntakeOptions
    from segstudio.project.mapping import ClassMapping, parsed, proposed

    if overlap not in (IN_ORDER, IGNORED):
        raise ProjectError(f"--overlap {overlap}: it is {IN_ORDER} or {IGNORED}")
    if taken not in (SKIP, RENAME):
        raise ProjectError(f"--taken {taken}: it is {SKIP} or {RENAME}")
    table = project.table if project is not None else ClassTable()
    names = source.table.names if source.table is not None else []
    return IntakeOptions(ClassMapping({**proposed(names, table), **parsed(maps)}), overlap, taken)


def _bring_in(
    source: Path, folder: Path, format_name: str, options: SourceOptions, choices: tuple[str, str, list[str]]
) -> Any:
    """Generator of the import's events; the first gives the name of the format."""
    from segstudio.errors import SegstudioError
    from segstudio.formats.registry import open_source
    from segstudio.project.importing import import_source
    from segstudio.project.project import open_project

    if options.masks not in ("auto", "index", "binary", "instances"):
        raise SegstudioError(f"--masks {options.masks}: it is auto, index, binary or instances")
    name, found = open_source(source, options, format_name)
    project = open_project(folder) if folder.is_dir() else None
    yield name
    yield from import_source(found, folder, _intake(*choices, found, project))


@app.command("import")
def import_(  # noqa: PLR0913  # one parameter an option
    source: SourcePath,
    folder: ProjectFolder,
    format_name: Annotated[str, typer.Option("--format", help=_FORMATS)] = "auto",
    images: Images = None,
    labels: Labels = None,
    held_out: HeldOut = None,
    snap: Snap = False,
    ids: Ids = "trainIds",
    first_pixel: FirstPixel = None,
    masks: Masks = "auto",
    maps: Maps = None,
    overlap: Overlap = "order",
    taken: Taken = "skip",
    as_json: AsJson = False,
) -> None:
    """Make a project from images with labels; the source is left as it is."""
    from segstudio.formats.dataset import SourceOptions

    with one_line_errors():
        reporter = Reporter(quiet=as_json)
        options = SourceOptions(images, labels, held_out, snap, ids, first_pixel, masks)
        events = _bring_in(source, folder, format_name, options, (overlap, taken, maps or []))
        name, report = reporter.drain(events, f"importing {source}")
        reporter.say(
            f"{report.images} images with {report.shapes} shapes are in {report.folder} (read as {name}); "
            f"{report.left_out} left out"
        )
        reporter.finish(
            as_json,
            format=name,
            folder=report.folder,
            images=report.images,
            shapes=report.shapes,
            left_out=report.left_out,
        )


@app.command()
def export(  # noqa: PLR0913  # one parameter an option
    folder: ProjectFolder,
    out: OutFolder,
    format_name: Annotated[str, typer.Option("--format", help=_TARGETS)] = "voc",
    labels: Labels = None,
    viz: Visualisations = False,
    npy: Npy = False,
    border: Border = 0,
    pixels: Exact = False,
    overlap: Overlap = "order",
    as_json: AsJson = False,
) -> None:
    """Write labels and images in another format; what it cannot hold is said first."""
    from segstudio.errors import SegstudioError
    from segstudio.formats.writer import ExportOptions

    with one_line_errors():
        reporter = Reporter(quiet=as_json)
        if overlap not in ("order", "ignore"):
            raise SegstudioError(f"--overlap {overlap}: it is order or ignore")
        project, items = open_with_labels(folder, reporter)
        options = ExportOptions(viz, npy, border, pixels, overlap == "ignore")
        _write_out((_numbered(project, labels), items), out, format_name, options, (reporter, as_json, {}))


def _numbered(project: Project, labels: Path | None) -> Project:
    """With the classes of a list, in its order, where one is given."""
    from dataclasses import replace

    from segstudio.formats import class_list

    return replace(project, table=class_list.read_labels(labels)) if labels else project


def _write_out(
    what: tuple[Project, list[Item]],
    out: Path,
    format_name: str,
    options: Any,
    at: tuple[Reporter, bool, dict[str, Any]],
) -> None:
    from segstudio.formats.targets import target_named
    from segstudio.project.export import Plan, check_empty, plan
    from segstudio.project.export import export as write

    (project, items), (reporter, as_json, read) = what, at
    target = target_named(format_name)
    check_empty(out)
    asked = Reporter(quiet=True)  # what it finds broken, the export itself will list
    planned = asked.drain((e for e in plan(project, items, target, options) if isinstance(e, Plan)), "")[-1]
    if target.remark:
        reporter.say(f"to know: {target.remark}")
    for reason, objects, images in planned.losses:
        reporter.say(f"to know: {objects} objects in {images} images: each {reason}")
    report = reporter.drain(write(project, items, out, target, options), f"exporting {target.title}")[-1]
    reporter.say(
        f"{report.images} images exported to {report.folder}, {report.background} of them background only; "
        f"{report.untouched} that nobody labelled were left out"
    )
    reporter.finish(
        as_json,
        **read,
        format=target.name,
        folder=report.folder,
        images=report.images,
        background=report.background,
        untouched=report.untouched,
        losses=[{"reason": reason, "objects": n, "images": p} for reason, n, p in planned.losses],
    )


@app.command()
def convert(  # noqa: PLR0913  # one parameter an option
    source: SourcePath,
    out: OutFolder,
    from_: Annotated[str, typer.Option("--from", help=_FORMATS)] = "auto",
    to: Annotated[str, typer.Option("--to", help=_TARGETS)] = "voc",
    images: Images = None,
    labels: Labels = None,
    held_out: HeldOut = None,
    snap: Snap = False,
    ids: Ids = "trainIds",
    first_pixel: FirstPixel = None,
    masks: Masks = "auto",
    maps: Maps = None,
    overlap: Overlap = "order",
    viz: Visualisations = False,
    npy: Npy = False,
    border: Border = 0,
    pixels: Exact = False,
    as_json: AsJson = False,
) -> None:
    """Import and export in one; no project is left behind."""
    import tempfile

    from segstudio.errors import SegstudioError
    from segstudio.formats.dataset import SourceOptions
    from segstudio.formats.targets import target_named
    from segstudio.formats.writer import ExportOptions
    from segstudio.project.export import check_empty

    with one_line_errors(), tempfile.TemporaryDirectory(prefix="segstudio-") as between:
        reporter = Reporter(quiet=as_json)
        if overlap == "ignore" and "overlap_ignored" not in target_named(to).choices:
            raise SegstudioError(f"{to} has no pixels that count for nothing; leave overlaps in order")
        check_empty(out)
        source_options = SourceOptions(images, labels, held_out, snap, ids, first_pixel, masks)
        events = _bring_in(source, Path(between), from_, source_options, (overlap, "rename", maps or []))
        *_, name, report = reporter.drain(events, f"reading {source}")
        project, items = open_with_labels(Path(between), reporter)
        read = {"read_as": name, "read": report.images, "shapes": report.shapes, "left_out": report.left_out}
        _write_out((project, items), out, to, ExportOptions(viz, npy, border, pixels), (reporter, as_json, read))


@app.command()
def lint(
    folder: ProjectFolder,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for what is likely wrong: class names, sizes, empty shapes, images on both sides of the split."""
    from segstudio.project.lint import Finding, lint_project
    from segstudio.project.lint_fixes import mend
    from segstudio.project.project import open_project

    with one_line_errors():
        reporter = Reporter(quiet=as_json)
        project = open_project(folder)
        items = list(project.items())
        project = project if project.listed else open_with_labels(folder, reporter)[0]
        events = reporter.drain(lint_project(project, items), "looking over the labels")
        findings = [event for event in events if isinstance(event, Finding)]
        mended = reporter.drain(mend(project, items, findings), "mending") if fix and findings else []
        for finding in findings:
            done = " (mended)" if finding in mended else f" ({finding.fix_text})" if finding.fix_text else ""
            reporter.say(f"{finding.kind}: {finding}{done}")
        left = [finding for finding in findings if finding not in mended]
        reporter.say(f"{len(findings)} findings, {len(mended)} mended")
        rows = [{"kind": f.kind, "item": f.item, "text": f.text, "mended": f in mended} for f in findings]
        reporter.finish(as_json, failed=bool(left), findings=rows)
