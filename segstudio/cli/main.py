"""All commands. Exit status 0: done; 1: done, with problems listed; 2: could not run, with one line that says why."""

from __future__ import annotations

import importlib
import importlib.metadata as metadata
import platform
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from segstudio.cli import data, training
from segstudio.cli.console import Reporter, app, command

__all__ = ["COMMANDS", "app", "data", "open_window", "training"]  # the commands of data and training are on `app` too

COMMANDS: Final = (
    *("demo", "import", "export", "convert", "formats", "lint", "train", "predict", "evaluate", "onnx"),
    *("synth", "notes", "doctor"),
)
_PACKAGES: Final = ("torch", "PySide6-Essentials", "numpy", "opencv-python-headless", "kornia", "labelme")
_LOADED_BY_DOCTOR: Final = {"Qt": "PySide6.QtWidgets", "OpenCV": "cv2", "torch": "torch"}


def _print_version(asked: bool) -> None:
    if asked:
        from segstudio import __version__

        sys.stdout.write(f"segstudio {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Annotate images, train a segmentation network on them and review its predictions."""


def open_window(path: str | None) -> int:
    """Open the window and return its exit status. Raises SegstudioError, ImportError or OSError where it cannot."""
    from segstudio.cli.system import check_window

    check_window()
    if sys.platform == "win32":
        import torch  # noqa: F401  # imported after Qt it fails there with WinError 1114
    from segstudio.ui.app import run

    return run(path)


@command()
def synth(
    out: Annotated[Path, typer.Argument(help="New folder.", metavar="OUT")],
    images: Annotated[int, typer.Option("--images", help="Number of images.", min=1)] = 24,
    side: Annotated[int, typer.Option(help="Width and height in pixels.", min=64)] = 192,
    count: Annotated[int, typer.Option(help="Discs in an image; half as many squares.", min=1)] = 10,
    sigma: Annotated[float, typer.Option(help="Standard deviation of the noise in gray levels.", min=0)] = 20.0,
    gray: Annotated[bool, typer.Option(help="One channel instead of three.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same images.")] = 0,
    pictures: Annotated[int | None, typer.Option("--pictures", hidden=True, min=1)] = None,
) -> None:
    """Make a sample project of noisy discs and squares."""
    from segstudio.project.sample_project import Recipe, make_sample_project

    reporter = Reporter()
    recipe = Recipe(nx=side, ny=side, count=count, sigma=sigma, rgb=not gray, seed=seed)
    number = pictures or images
    reporter.drain(make_sample_project(out, number, recipe), "drawing discs and squares")
    reporter.say(f"{number} images are in {out}")
    reporter.finish()


@command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the sample project.")] = Path("segstudio-demo"),
    window: Annotated[bool, typer.Option(help="Open the window on it, if there is a display.")] = True,
    minutes: Annotated[float, typer.Option(help="Time to train.", min=0.05)] = 0.75,
) -> None:
    """Run every step on a sample project: create, train, predict, evaluate, export, open."""
    from segstudio import api
    from segstudio.cli.system import has_display
    from segstudio.project.free_names import find_free_folder
    from segstudio.project.sample_project import make_sample_project
    from segstudio.review.report import to_lines

    reporter = Reporter()
    folder = find_free_folder(out)
    reporter.drain(make_sample_project(folder), f"1 of 4: creating a sample project in {folder}")
    reporter.say("2 of 4: training")
    project = api.Project.open(folder)
    training = api.train(project, minutes=minutes, name="demo")
    reporter.follow(training)
    with reporter.task("3 of 4: evaluating every image (those for validation were not trained on)") as show:
        evaluation = api.evaluate(project, training.run, "all", on_event=show)
    for line in to_lines(evaluation):
        reporter.say(line)
    target = find_free_folder(folder.with_name(f"{folder.name}-voc"))
    with reporter.task("4 of 4: exporting VOC") as show:
        report = api.export(project, target, on_event=show)
    reporter.say(f"{report.images} label PNGs are in {report.folder}/SegmentationClass")
    if window and has_display():
        open_window(str(folder))
    reporter.finish()


@command()
def notes() -> None:
    """Show what the network's layers compute, and why axes are permuted and never reshaped."""
    from segstudio.training.demonstrations import run_demonstrations

    reporter = Reporter()
    for line in run_demonstrations():
        reporter.say(line)
    reporter.finish()


@command()
def doctor() -> None:
    """Print what is installed and what this machine offers; exit status 1 if something is missing. Changes nothing."""
    from segstudio import __version__
    from segstudio.cli.system import find_opencv_conflict, has_display, try_to_load

    reporter = Reporter()
    reporter.say(f"segstudio {__version__} on Python {platform.python_version()}, {platform.platform()}")
    for name in _PACKAGES:
        try:
            reporter.say(f"  {name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            reporter.say(f"  {name} is not installed")
    missing = {title: try_to_load(module) for title, module in _LOADED_BY_DOCTOR.items()}
    faults = [f"{title}: {reason}" for title, reason in missing.items() if reason]
    conflict = find_opencv_conflict()
    for fault in faults:
        reporter.say(f"missing: {fault}")
    if conflict:
        reporter.say(f"conflict: {conflict}")
    if not missing["torch"]:
        device = importlib.import_module("segstudio.training.device").choose_device()
        reporter.say(f"  training runs on {device.describe()}")
    reporter.say(f"  display: {'yes' if has_display() else 'no'}")
    reporter.finish(failed=bool(faults or conflict))
