"""The verbs. Exit 0: done; 1: done with problems listed; 2: could not run, with one line that says why."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Reporter, one_line_errors
from segstudio.cli.console import app as app
from segstudio.cli.data import open_with_labels  # its verbs come with it
from segstudio.cli.training import evaluate_samples, gather_samples, make_config, run_training

VERBS = (
    *("demo", "import", "export", "convert", "lint", "train", "predict", "evaluate", "onnx"),
    *("synth", "notes", "doctor"),
)

ProjectFolder = Annotated[Path, typer.Argument(help="Folder of images.", metavar="PROJECT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def open_window(path: str | None) -> int:
    """The window; its exit status."""
    if sys.platform == "win32":
        import torch  # noqa: F401  # after Qt it fails there with WinError 1114
    from segstudio.ui.app import run

    return run(path)


@app.command()
def synth(  # noqa: PLR0913  # one parameter an option
    out: Annotated[Path, typer.Argument(help="New folder.", metavar="OUT")],
    images: Annotated[int, typer.Option("--images", "--pictures", help="How many.", min=1)] = 24,
    side: Annotated[int, typer.Option(help="Width and height in pixels.", min=64)] = 192,
    count: Annotated[int, typer.Option(help="Discs an image; half as many squares.", min=1)] = 10,
    sigma: Annotated[float, typer.Option(help="Noise, in gray levels.", min=0)] = 20.0,
    gray: Annotated[bool, typer.Option(help="One channel instead of three.")] = False,
    seed: Annotated[int, typer.Option(help="Same seed, same images.")] = 0,
) -> None:
    """Make a sample project of noisy discs and squares."""
    from segstudio.core.synthetic import Recipe
    from segstudio.project.sample_project import make_sample_project

    with one_line_errors():
        reporter = Reporter()
        recipe = Recipe(nx=side, ny=side, count=count, sigma=sigma, rgb=not gray, seed=seed)
        reporter.drain(make_sample_project(out, images, recipe), "drawing discs and squares")
        reporter.say(f"{images} images are in {out}")
        reporter.finish()


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the sample project.")] = Path("segstudio-demo"),
    window: Annotated[bool, typer.Option(help="Open the window on it, if there is a display.")] = True,
    minutes: Annotated[float, typer.Option(help="Time to train.", min=0.05)] = 0.75,
) -> None:
    """The whole job on a sample project: make it, train, predict, score, export, open it."""
    from segstudio.formats.voc.writer import VOC
    from segstudio.project.export import export as write_out
    from segstudio.project.sample_project import make_sample_project
    from segstudio.review.report import as_lines

    with one_line_errors():
        reporter = Reporter()
        folder = _fresh(out)
        reporter.drain(make_sample_project(folder), f"1 of 4: a sample project in {folder}")
        project, items = open_with_labels(folder, reporter)
        samples = gather_samples(project, items, reporter)
        reporter.say("2 of 4: training")
        config = make_config(project, "demo", None, {"minutes": str(minutes)})
        run_training(project, samples, config, reporter)
        reporter.say("3 of 4: mIoU of each image (the held-out ones are those that judge)")
        for line in as_lines(evaluate_samples(project, list(samples), "demo", reporter)):
            reporter.say(line)
        report = reporter.drain(
            write_out(project, items, _fresh(folder.with_name(f"{folder.name}-voc")), VOC), "4 of 4: exporting VOC"
        )[-1]
        reporter.say(f"{report.images} label PNGs are in {report.folder}/SegmentationClass")
        if window and _has_display():
            open_window(str(folder))
        reporter.finish()


def _fresh(folder: Path) -> Path:
    """`folder`, or the first free name after it."""
    number, free = 2, folder
    while free.exists() and (not free.is_dir() or any(free.iterdir())):
        free, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return free


def _has_display() -> bool:
    import os

    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@app.command()
def notes() -> None:
    """Show what the network's layers compute, and why axes are permuted and never reshaped."""
    from segstudio.training.demonstrations import demonstrations

    reporter = Reporter()
    for line in demonstrations():
        reporter.say(line)
    reporter.finish()


@app.command()
def doctor() -> None:
    """Say what is installed and what this machine offers; mend nothing."""
    import importlib.metadata as metadata
    import platform

    from segstudio import __version__
    from segstudio.training.device import choose_device

    reporter = Reporter()
    reporter.say(f"segstudio {__version__} on Python {platform.python_version()}, {platform.platform()}")
    for name in ("torch", "PySide6-Essentials", "numpy", "opencv-python-headless", "kornia", "labelme"):
        try:
            reporter.say(f"  {name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            reporter.say(f"  {name} is not installed")
    with contextlib.suppress(metadata.PackageNotFoundError):
        reporter.problem(
            f"opencv-python {metadata.version('opencv-python')} is installed; it points Qt at its own plugins: "
            "pip uninstall opencv-python, then reinstall opencv-python-headless"
        )
    reporter.say(f"  learning runs on {choose_device().describe()}")
    reporter.say(f"  display: {'yes' if _has_display() else 'no'}")
    reporter.finish()
