"""Commands train, predict, evaluate and onnx. Under torchrun every process runs the same command; rank 0 prints."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segstudio.cli.console import Reporter, command

if TYPE_CHECKING:
    from segstudio.project.project import Project
    from segstudio.training.device import Device
    from segstudio.training.model import Model

ProjectFolder = Annotated[Path, typer.Argument(help="Folder of images.", metavar="PROJECT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Weights = Annotated[str, typer.Option(help="Name of a run, or a weights file.")]


@command()
def train(
    folder: ProjectFolder,
    run: Annotated[str, typer.Option("--run", "--name", help="Name of the run; under torchrun write --name.")] = "",
    config: Annotated[Path | None, typer.Option(help="config.json of an earlier run.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, for any setting.")] = None,
    resume: Annotated[bool, typer.Option(help="Resume the run of that name, or the newest.")] = False,
    init: Annotated[str, typer.Option(help="Initialise from a run, a weights file or a state dict.")] = "",
    as_json: AsJson = False,
) -> None:
    """Train a network on the project's labels."""
    from segstudio import api
    from segstudio.api.training import start_training
    from segstudio.project.runs import find_weights

    reporter = Reporter(as_json, quiet=_rank() > 0)
    project = api.Project.open(folder)
    texts = _parse_settings(settings or [])
    if init:
        texts["init"] = str(find_weights(project, init))
    training = start_training(project, texts, name=run, config=config, resume=resume)
    finished = reporter.follow(training)
    reporter.say(f"weights are in {finished.weights}")
    if _world_size() > 1:
        return  # torchrun takes any other exit status for a failure and restarts the processes
    reporter.finish(run=training.run.folder, weights=finished.weights, step=finished.step, miou=finished.best_miou)


def _rank() -> int:
    """Index of this process among those that torchrun started; 0 without torchrun."""
    return int(os.environ.get("RANK", "0"))


def _world_size() -> int:
    """Number of processes that torchrun started; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _parse_settings(settings: list[str]) -> dict[str, str]:
    from segstudio.errors import TrainingError

    pairs = [setting.partition("=") for setting in settings]
    for key, sign, _ in pairs:
        if not sign:
            raise TrainingError(f"--set {key}: write KEY=VALUE")
    return {key: value for key, _, value in pairs}


@command()
def predict(
    source: Annotated[Path, typer.Argument(help="Project or folder of images, or one image.")],
    weights: Weights,
    out: Annotated[Path, typer.Option(help="Folder for the label PNGs.")],
    probabilities: Annotated[bool, typer.Option(help="Also write a .npy of uint8 (C, H, W) for each image.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a prediction PNG for each image."""
    from segstudio.errors import ProjectError
    from segstudio.project.free_names import is_free_folder
    from segstudio.project.project import open_project
    from segstudio.training.device import choose_device
    from segstudio.training.distributed import gather_objects, join_process_group, leave_process_group, shard
    from segstudio.training.predict import predict_files

    reporter = Reporter(as_json, quiet=_rank() > 0)
    project = open_project(source.parent if source.is_file() else source)
    free = is_free_folder(out)
    device = choose_device()
    join_process_group(device.name)
    if not all(gather_objects(free)):
        raise ProjectError(f"{out}: is not empty, and nothing is written over; choose a new folder")
    model = _load(project, weights, device)
    only = source.resolve() if source.is_file() else None
    images = {item.name: item.image for item in project.items() if only in (None, item.image)}
    share_of_images = {name: images[name] for name in shard(list(images))}
    targets = _target_paths(list(images), out)
    events = (_write(event, targets, probabilities) for event in predict_files(model, share_of_images, device))
    done = sum(gather_objects(len(reporter.drain(events, "predicting"))))
    leave_process_group()
    reporter.say(f"{done} predictions are in {out}")
    if _world_size() == 1:
        reporter.finish(folder=out, images=done)


def _target_paths(names: list[str], out: Path) -> dict[str, Path]:
    """A PNG for each image; a.jpg and a.png of one folder keep their suffixes in the name."""
    stems = Counter(str(Path(name).with_suffix("")) for name in names)
    return {
        name: out / (Path(name).with_suffix(".png") if stems[str(Path(name).with_suffix(""))] == 1 else f"{name}.png")
        for name in names
    }


def _write(event: Any, targets: dict[str, Path], probabilities: bool) -> Any:
    """Write a prediction and return its name, so that only one is in memory; other events are returned unchanged."""
    from segstudio.core.prediction import Prediction
    from segstudio.events import Problem
    from segstudio.formats.atomic import write_bytes
    from segstudio.formats.masks.codec import encode_index_png, encode_npy

    if not isinstance(event, Prediction):
        return event
    target = targets[event.name]
    write_bytes(target, encode_index_png(event.labels))
    if probabilities and not len(event.probabilities):
        return Problem(event.name, f"{event.name}: is too large to keep its probabilities; its labels are written")
    if probabilities:
        write_bytes(target.with_suffix(".npy"), encode_npy(event.probabilities))
    return event.name


@command()
def evaluate(
    folder: ProjectFolder,
    weights: Weights,
    split: Annotated[str, typer.Option("--split", "--subset", help="val, train or all.")] = "val",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the metrics to this file.")] = None,
) -> None:
    """Compute mIoU and other metrics for each image and for all."""
    from segstudio import api
    from segstudio.formats.atomic import write_text
    from segstudio.review.report import to_dict, to_lines
    from segstudio.training.distributed import leave_process_group

    reporter = Reporter(quiet=_rank() > 0)
    with reporter.task("predicting") as show:
        evaluation = api.evaluate(api.Project.open(folder), weights, split, on_event=show)
    for line in to_lines(evaluation):
        reporter.say(line)
    leave_process_group()
    if json_file is not None and not _rank():
        write_text(json_file, json.dumps(to_dict(evaluation), indent=2, ensure_ascii=False) + "\n")
    if _world_size() == 1:
        reporter.finish()


def _load(project: Project, weights: str, device: Device) -> Model:
    from segstudio.project.runs import find_weights
    from segstudio.training.checkpoint import load_weights

    return load_weights(find_weights(project, weights), device)


@command()
def onnx(
    folder: ProjectFolder,
    weights: Weights,
    out: Annotated[Path, typer.Argument(help="New file, *.onnx.")],
    as_json: AsJson = False,
) -> None:
    """Write a model as ONNX, normalisation included, and compare its output with torch's."""
    from segstudio.project.project import open_project
    from segstudio.training.device import choose_device
    from segstudio.training.onnx_export import export_onnx

    reporter = Reporter(as_json)
    model = _load(open_project(folder), weights, choose_device("cpu"))
    reporter.say("exporting …")
    report = export_onnx(model, out)
    reporter.say(f"{out}: {report.line}")
    reporter.finish(file=out, largest_difference=report.largest_difference)
