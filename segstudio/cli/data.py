"""Commands import, export, convert, formats and lint."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segstudio.cli.console import Reporter, command

if TYPE_CHECKING:
    from segstudio.api import ImportReport
    from segstudio.formats.dataset import ReadOptions
    from segstudio.formats.writer import ExportOptions
    from segstudio.project.project import Project

_READERS = "auto, or one of `segstudio formats`."
_WRITERS = "One of `segstudio formats`."

SourcePath = Annotated[Path, typer.Argument(help="Dataset to read: a folder or a file.", metavar="SRC")]
ProjectFolder = Annotated[Path, typer.Argument(help="Folder of images.", metavar="PROJECT")]
OutFolder = Annotated[Path, typer.Argument(help="New folder.", metavar="OUT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Images = Annotated[Path | None, typer.Option(help="Folder of images, where it is not found automatically.")]
Labels = Annotated[Path | None, typer.Option(help="Class list or label map.")]
HeldOut = Annotated[Path | None, typer.Option(help="File with the stems of the validation images, one a line.")]
Snap = Annotated[bool, typer.Option("--snap", help="Read lossy masks by the nearest declared value.")]
Ids = Annotated[str, typer.Option(help="Cityscapes: trainIds or labelIds.")]
FirstPixel = Annotated[int | None, typer.Option(help="VOC boxes: number of the first pixel.", min=0, max=1)]
Masks = Annotated[str, typer.Option("--masks", help="Mask images: auto, index, binary or instances.")]
Maps = Annotated[list[str] | None, typer.Option("--map", help="SOURCE=CLASS, SOURCE=__ignore__, or SOURCE= to drop.")]
Overlap = Annotated[str, typer.Option(help="Where objects overlap: order (later over earlier) or ignore (255).")]
Taken = Annotated[str, typer.Option(help="An image whose name is in use: skip or rename.")]
Visualisations = Annotated[bool, typer.Option("--viz", help="VOC: also write coloured images.")]
Npy = Annotated[bool, typer.Option("--npy", help="VOC: also write .npy label planes.")]
Border = Annotated[int, typer.Option(help="VOC: width of the ignored border around objects in pixels.", min=0, max=50)]
Exact = Annotated[bool, typer.Option("--pixels", help="COCO, labelme: pixels instead of polygons.")]


@command("import")
def import_(
    source: SourcePath,
    folder: ProjectFolder,
    format_name: Annotated[str, typer.Option("--format", help=_READERS)] = "auto",
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
    """Make a project from images with labels; the source is not changed."""
    from segstudio.formats.dataset import ReadOptions

    reporter = Reporter(as_json)
    options = ReadOptions(images, labels, held_out, snap, ids, first_pixel, masks)
    report = _Import(source, folder, format_name, options, maps or [], overlap, taken).run(reporter)
    reporter.say(
        f"{report.images} images with {report.shapes} shapes are in {report.folder} (read as {report.format}); "
        f"{report.left_out} left out"
    )
    reporter.finish(
        format=report.format,
        folder=report.folder,
        images=report.images,
        shapes=report.shapes,
        left_out=report.left_out,
    )


@dataclass(frozen=True)
class _Import:
    """The arguments of `import`, which `convert` shares."""

    source: Path
    folder: Path
    format: str
    read_options: ReadOptions
    maps: list[str]
    overlap: str
    taken: str

    def run(self, reporter: Reporter) -> ImportReport:
        from segstudio.api.datasets import import_with
        from segstudio.project.importing import ImportOptions
        from segstudio.project.mapping import ClassMapping, parse_mapping

        options = ImportOptions(ClassMapping(parse_mapping(self.maps)), self.overlap, self.taken)
        with reporter.task(f"importing {self.source}") as show:
            return import_with(self.source, self.folder, self.format, self.read_options, options, show).report


@command()
def export(
    folder: ProjectFolder,
    out: OutFolder,
    format_name: Annotated[str, typer.Option("--format", help=_WRITERS)] = "voc",
    labels: Labels = None,
    viz: Visualisations = False,
    npy: Npy = False,
    border: Border = 0,
    pixels: Exact = False,
    overlap: Overlap = "order",
    as_json: AsJson = False,
) -> None:
    """Write labels and images in another format; what the format cannot hold is printed first."""
    from segstudio import api
    from segstudio.formats import class_list
    from segstudio.formats.writer import ExportOptions

    reporter = Reporter(as_json)
    _check_overlap(format_name, overlap)
    project = api.Project.open(folder)
    project = replace(project, table=class_list.read_labels(labels)) if labels else api.complete_classes(project)
    options = ExportOptions(viz, npy, border, pixels, overlap == "ignore")
    reporter.finish(**_write(project, out, format_name, options, reporter))


def _write(project: Project, out: Path, format_name: str, options: ExportOptions, reporter: Reporter) -> dict[str, Any]:
    """Print what the format cannot hold, export, and return the result for --json."""
    from segstudio.api.datasets import export_with
    from segstudio.api.job_events import collect
    from segstudio.formats.registry import writer_named
    from segstudio.project.export import plan_export
    from segstudio.project.free_names import check_new_folder

    writer = writer_named(format_name)
    check_new_folder(out)
    plan = collect(plan_export(project, list(project.items()), writer, options)).results[-1]
    for line in (writer.remark, *(f"{n} objects in {images} images: each {text}" for text, n, images in plan.losses)):
        if line:
            reporter.say(f"warning: {line}")
    with reporter.task(f"exporting {writer.title}") as show:
        report = export_with(project, out, format_name, options, classes=project.table, on_event=show)
    reporter.say(
        f"{report.images} images exported to {report.folder}, {report.background} of them background only; "
        f"{report.unannotated} without annotation were left out"
    )
    return {
        "format": writer.name,
        "folder": report.folder,
        "images": report.images,
        "background": report.background,
        "untouched": report.unannotated,
        "losses": [{"reason": reason, "objects": n, "images": images} for reason, n, images in plan.losses],
    }


@command()
def convert(
    source: SourcePath,
    out: OutFolder,
    from_: Annotated[str, typer.Option("--from", help=_READERS)] = "auto",
    to: Annotated[str, typer.Option("--to", help=_WRITERS)] = "voc",
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
    """Import and export in one step, without keeping a project."""
    from segstudio import api
    from segstudio.formats.dataset import ReadOptions
    from segstudio.formats.writer import ExportOptions
    from segstudio.project.free_names import check_new_folder

    reporter = Reporter(as_json)
    _check_overlap(to, overlap)
    check_new_folder(out)
    reading = ReadOptions(images, labels, held_out, snap, ids, first_pixel, masks)
    writing = ExportOptions(viz, npy, border, pixels)
    with tempfile.TemporaryDirectory(prefix="segstudio-") as folder:
        report = _Import(source, Path(folder), from_, reading, maps or [], overlap, "rename").run(reporter)
        project = api.complete_classes(api.Project.open(folder))
        written = _write(project, out, to, writing, reporter)
    read: dict[str, Any] = {
        "read_as": report.format,
        "read": report.images,
        "shapes": report.shapes,
        "left_out": report.left_out,
    }
    reporter.finish(**read, **written)


def _check_overlap(format_name: str, overlap: str) -> None:
    """Raise before anything is read for another word, or a format that cannot hold ignored pixels."""
    from segstudio.errors import ProjectError
    from segstudio.formats.registry import writer_named

    writer = writer_named(format_name)
    if overlap not in ("order", "ignore"):
        raise ProjectError(f"--overlap {overlap}: must be order or ignore")
    if overlap == "ignore" and "overlap_ignored" not in writer.options:
        raise ProjectError(f"{writer.title} has no ignored pixels; choose --overlap order")


@command()
def formats(as_json: AsJson = False) -> None:
    """List the formats by the names that --format, --from and --to take."""
    from segstudio.formats.registry import READERS, WRITERS

    reporter = Reporter(as_json)
    written = {writer.name for writer in WRITERS}
    for reader in READERS:
        reporter.say(f"{reader.name:12} {reader.title}: {'read and written' if reader.name in written else 'read'}")
    rows = [{"name": each.name, "title": each.title, "written": each.name in written} for each in READERS]
    reporter.finish(formats=rows)


@command()
def lint(
    folder: ProjectFolder,
    fix: Annotated[bool, typer.Option("--fix", help="Fix what can be fixed without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the labels: class names, sizes, empty shapes, duplicate images in training and validation."""
    from segstudio import api
    from segstudio.project.lint import Finding, lint_project
    from segstudio.project.lint_fixes import apply_fixes

    reporter = Reporter(as_json)
    project = api.Project.open(folder)
    if not project.listed:
        project = api.complete_classes(project)
    items = list(project.items())
    events = reporter.drain(lint_project(project, items), "checking the labels")
    findings = [event for event in events if isinstance(event, Finding)]
    fixed = reporter.drain(apply_fixes(project, items, findings), "fixing") if fix and findings else []
    for finding in findings:
        done = " (fixed)" if finding in fixed else f" ({finding.fix_text})" if finding.fix_text else ""
        reporter.say(f"{finding.kind}: {finding}{done}")
    reporter.say(f"{len(findings)} findings, {len(fixed)} fixed")
    rows = [
        {"kind": each.kind, "item": each.item, "text": each.text, "fixed": each in fixed, "mended": each in fixed}
        for each in findings
    ]
    reporter.finish(failed=len(fixed) < len(findings), findings=rows)
