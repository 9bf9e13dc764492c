"""The verbs. Exit 0: done; 1: done with problems listed; 2: could not run, with one line that says why."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segstudio.cli_data import open_with_labels  # its verbs come with it
from segstudio.console import Reporter, one_line_errors
from segstudio.console import app as app

if TYPE_CHECKING:
    from segstudio.core.sample import Sample
    from segstudio.project.item import Item
    from segstudio.project.project import Project
    from segstudio.review.evaluate import Evaluation
    from segstudio.training.config import TrainConfig
    from segstudio.training.device import Device
    from segstudio.training.model import Model

VERBS = ("demo", "import", "export", "convert", "lint", "train", "predict", "evaluate", "synth", "doctor")

ProjectFolder = Annotated[Path, typer.Argument(help="Folder of pictures.", metavar="PROJECT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def open_window(path: str | None) -> int:
    """The window; its exit status."""
    if sys.platform == "win32":
        import torch  # noqa: F401  # after Qt it fails there with WinError 1114
    from segstudio.ui.app import run

    return run(path)


def _gather(project: Project, items: list[Item], reporter: Reporter) -> tuple[Sample, ...]:
    from segstudio.project.samples import gather

    samples: tuple[Sample, ...] = reporter.drain(gather(project, items), "reading annotations")[-1]
    return samples


@app.command()
def train(
    folder: ProjectFolder,
    run: Annotated[str, typer.Option(help="Name of the run.")] = "",
    config: Annotated[Path | None, typer.Option(help="config.json of an earlier run.")] = None,
    choices: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, for any choice.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the run of that name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a U-Net on the project's labels."""
    with one_line_errors():
        reporter = Reporter(quiet=as_json)
        project, items = open_with_labels(folder, reporter)
        samples = _gather(project, items, reporter)
        made = _config(project, run, config, _chosen(choices or []) | ({"resume": "yes"} if resume else {}))
        finished = _train(project, samples, made, reporter)
        reporter.finish(
            as_json, run=made.run_dir, weights=finished.weights, step=finished.step, miou=finished.best_miou
        )


def _chosen(choices: list[str]) -> dict[str, str]:
    from segstudio.errors import TrainingError

    pairs = [choice.partition("=") for choice in choices]
    for key, sign, _ in pairs:
        if not sign:
            raise TrainingError(f"--set {key}: write KEY=VALUE")
    return {key: value for key, _, value in pairs}


def _config(project: Project, run: str, earlier: Path | None, choices: dict[str, str]) -> TrainConfig:
    """Choices of an earlier run's file, if any, and over them those made now."""
    from segstudio.project.runs import new_run_name, run_folder
    from segstudio.training.config import TrainConfig, read_choices

    folder = run_folder(project, run or new_run_name(project))
    made = TrainConfig(run_dir=folder, table=project.table, unlabelled=project.unlabelled)
    return made.with_texts({**(read_choices(earlier) if earlier else {}), **choices})


def _train(project: Project, samples: tuple[Sample, ...], config: TrainConfig, reporter: Reporter) -> Any:
    from segstudio.project.samples import with_split
    from segstudio.training.engine import train as learn

    with_split(project, samples).save()
    reporter.say(f"training {config.run_dir.name}")
    finished = reporter.training(learn(config, samples))
    reporter.say(f"weights are in {finished.weights}")
    return finished


@app.command()
def predict(
    source: Annotated[Path, typer.Argument(help="Project or folder of pictures.")],
    weights: Annotated[str, typer.Option(help="Name of a run, or a weights file.")],
    out: Annotated[Path, typer.Option(help="Folder for the label PNGs.")],
    probabilities: Annotated[bool, typer.Option(help="Also write a .npy of bytes (C, H, W) a picture.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a prediction PNG for each picture."""
    from segstudio.errors import ProjectError
    from segstudio.project.project import open_project
    from segstudio.training.device import choose_device
    from segstudio.training.predict import predict_files

    with one_line_errors():
        reporter = Reporter(quiet=as_json)
        project = open_project(source.parent if source.is_file() else source)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ProjectError(f"{out}: is not empty, and nothing is written over; choose a new folder")
        device = choose_device()
        model = _load(project, weights, device)
        alone = source.resolve() if source.is_file() else None
        pictures = {item.name: item.picture for item in project.items() if alone in (None, item.picture)}
        events = (_written(event, out, probabilities) for event in predict_files(model, pictures, device))
        done = reporter.drain(events, "predicting")
        reporter.say(f"{len(done)} predictions are in {out}")
        reporter.finish(as_json, folder=out, pictures=len(done))


def _written(event: Any, out: Path, probabilities: bool) -> Any:
    """Writes a prediction as it comes, so that only one is held, and gives its name; other events pass."""
    from segstudio.core.prediction import Prediction
    from segstudio.events import Problem
    from segstudio.formats.atomic import write_bytes
    from segstudio.formats.masks import index_png, npy_bytes

    if not isinstance(event, Prediction):
        return event
    target = out / Path(event.name).with_suffix(".png")
    if target.exists():  # a.jpg and a.png in one folder
        target = out / f"{event.name}.png"
    write_bytes(target, index_png(event.labels))
    if probabilities and not len(event.probabilities):
        return Problem(event.name, f"{event.name}: is too large to keep its probabilities; its labels are written")
    if probabilities:
        write_bytes(target.with_suffix(".npy"), npy_bytes(event.probabilities))
    return event.name


@app.command()
def evaluate(
    folder: ProjectFolder,
    weights: Annotated[str, typer.Option(help="Name of a run, or a weights file.")],
    split: Annotated[str, typer.Option(help="val, train or all.")] = "val",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """mIoU and the rest, for each picture and for all."""
    from segstudio.formats.atomic import write_text
    from segstudio.review.report import as_lines, as_plain

    with one_line_errors():
        reporter = Reporter()
        project, items = open_with_labels(folder, reporter)
        samples = _of_split(_gather(project, items, reporter), split)
        evaluation = _evaluate(project, samples, weights, reporter)
        for line in as_lines(evaluation):
            reporter.say(line)
        if json_file is not None:
            write_text(json_file, json.dumps(as_plain(evaluation), indent=2, ensure_ascii=False) + "\n")
        reporter.finish()


def _of_split(samples: tuple[Sample, ...], split: str) -> list[Sample]:
    from segstudio.errors import ProjectError

    if split not in ("val", "train", "all"):
        raise ProjectError(f"--split {split}: it is val, train or all")
    chosen = [s for s in samples if split == "all" or s.held_out == (split == "val")]
    if not chosen:
        raise ProjectError(f"no labelled picture is in the {split} split; label more pictures or use --split all")
    return chosen


def _evaluate(project: Project, samples: list[Sample], weights: str, reporter: Reporter) -> Evaluation:
    from segstudio.core.prediction import in_terms_of, unknown_classes
    from segstudio.errors import ProjectError
    from segstudio.review.evaluate import Evaluation, evaluate
    from segstudio.training.device import choose_device
    from segstudio.training.predict import predict_file

    device = choose_device()
    model = _load(project, weights, device)
    unknown = unknown_classes(tuple(model.table.names), project.table)
    if unknown:
        raise ProjectError(f"the model knows {', '.join(unknown)} and the project does not; add these classes first")
    events = evaluate(
        project,
        samples,
        lambda sample: in_terms_of(predict_file(model, sample.picture, device, sample.name), project.table).labels,
        weights,
    )
    evaluation = reporter.drain(events, "predicting")[-1]
    assert isinstance(evaluation, Evaluation)
    return evaluation


def _load(project: Project, weights: str, device: Device) -> Model:
    from segstudio.project.runs import weights_file
    from segstudio.training.checkpoint import load_weights

    return load_weights(weights_file(project, weights), device)


@app.command()
def synth(  # noqa: PLR0913  # one parameter an option
    out: Annotated[Path, typer.Argument(help="New folder.", metavar="OUT")],
    pictures: Annotated[int, typer.Option(help="How many.", min=1)] = 24,
    side: Annotated[int, typer.Option(help="Width and height in pixels.", min=64)] = 192,
    count: Annotated[int, typer.Option(help="Discs a picture; half as many squares.", min=1)] = 10,
    sigma: Annotated[float, typer.Option(help="Noise, in gray levels.", min=0)] = 20.0,
    gray: Annotated[bool, typer.Option(help="One channel instead of three.")] = False,
    seed: Annotated[int, typer.Option(help="Same seed, same pictures.")] = 0,
) -> None:
    """Make a sample project of noisy discs and squares."""
    from segstudio.core.synthetic import Recipe
    from segstudio.project.sample_project import make_sample_project

    with one_line_errors():
        reporter = Reporter()
        recipe = Recipe(nx=side, ny=side, count=count, sigma=sigma, rgb=not gray, seed=seed)
        reporter.drain(make_sample_project(out, pictures, recipe), "drawing discs and squares")
        reporter.say(f"{pictures} pictures are in {out}")
        reporter.finish()


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the sample project.")] = Path("segstudio-demo"),
    window: Annotated[bool, typer.Option(help="Open the window on it, if there is a display.")] = True,
    minutes: Annotated[float, typer.Option(help="Time to train.", min=0.05)] = 0.75,
) -> None:
    """The whole job on a sample project: make it, train, predict, score, export, open it."""
    from segstudio.formats.voc_target import VOC
    from segstudio.project.export import export as write_out
    from segstudio.project.sample_project import make_sample_project
    from segstudio.review.report import as_lines

    with one_line_errors():
        reporter = Reporter()
        folder = _fresh(out)
        reporter.drain(make_sample_project(folder), f"1 of 4: a sample project in {folder}")
        project, items = open_with_labels(folder, reporter)
        samples = _gather(project, items, reporter)
        reporter.say("2 of 4: training")
        config = _config(project, "demo", None, {"minutes": str(minutes)})
        _train(project, samples, config, reporter)
        reporter.say("3 of 4: mIoU of each picture (the held-out ones are those that judge)")
        for line in as_lines(_evaluate(project, list(samples), "demo", reporter)):
            reporter.say(line)
        report = reporter.drain(
            write_out(project, items, _fresh(folder.with_name(f"{folder.name}-voc")), VOC), "4 of 4: exporting VOC"
        )[-1]
        reporter.say(f"{report.pictures} label PNGs are in {report.folder}/SegmentationClass")
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
