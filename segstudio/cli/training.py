"""The verbs that learn and judge. Under torchrun every process runs the same verb; the first one speaks and writes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segstudio.cli.console import Reporter, app, one_line_errors, until_interrupted
from segstudio.cli.data import open_with_labels

if TYPE_CHECKING:
    from segstudio.core.sample import Sample
    from segstudio.project.item import Item
    from segstudio.project.project import Project
    from segstudio.review.evaluate import Evaluation
    from segstudio.training.config import TrainConfig
    from segstudio.training.device import Device
    from segstudio.training.model import Model

ProjectFolder = Annotated[Path, typer.Argument(help="Folder of images.", metavar="PROJECT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Weights = Annotated[str, typer.Option(help="Name of a run, or a weights file.")]


def gather_samples(project: Project, items: list[Item], reporter: Reporter) -> tuple[Sample, ...]:
    from segstudio.project.samples import gather

    samples: tuple[Sample, ...] = reporter.drain(gather(project, items), "reading annotations")[-1]
    return samples


@app.command()
def train(  # noqa: PLR0913  # one parameter an option
    folder: ProjectFolder,
    run: Annotated[str, typer.Option("--run", "--name", help="Name of the run; under torchrun write --name.")] = "",
    config: Annotated[Path | None, typer.Option(help="config.json of an earlier run.")] = None,
    choices: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, for any choice.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the run of that name.")] = False,
    init: Annotated[str, typer.Option(help="Begin from a run, a weights file or a state dict.")] = "",
    as_json: AsJson = False,
) -> None:
    """Train a U-Net on the project's labels."""
    with one_line_errors():
        reporter = Reporter(quiet=as_json or _rank() > 0)
        project, items = open_with_labels(folder, reporter)
        samples = gather_samples(project, items, reporter)
        chosen = _chosen(choices or [])
        if init:
            chosen["init"] = str(_weights_file(project, init))
        name, again = _run_name(project, run, resume)
        made = make_config(project, name, config, chosen | ({"resume": "yes"} if again else {}))
        finished = run_training(project, samples, made, reporter)
        if _world() > 1:
            return  # torchrun takes any other status for a failure, and starts again
        reporter.finish(
            as_json, run=made.run_dir, weights=finished.weights, step=finished.step, miou=finished.best_miou
        )


def _rank() -> int:
    """Which of torchrun's processes this is; 0 alone."""
    import os

    return int(os.environ.get("RANK", "0"))


def _world() -> int:
    """How many processes torchrun started; 1 alone."""
    import os

    return int(os.environ.get("WORLD_SIZE", "1"))


def _run_name(project: Project, run: str, resume: bool) -> tuple[str, bool]:
    """The run's name, the same in every process, and whether to go on with it. Raises ProjectError."""
    from segstudio.errors import ProjectError
    from segstudio.project.runs import new_run_name, newest_run
    from segstudio.training.device import choose_device
    from segstudio.training.distributed import join, launch, restarted, said_by_first

    join(choose_device().name)
    if restarted():  # torchrun starts all again after one has died: the run that it began goes on
        begun = said_by_first(newest_run(project, launch()))
        if begun:
            return begun, True
    if resume:
        name = run or said_by_first(newest_run(project))
        if not name:
            raise ProjectError(f"{project.folder}: has no run to go on with; train without --resume")
        return name, True
    return run or said_by_first(new_run_name(project)), False


def _chosen(choices: list[str]) -> dict[str, str]:
    from segstudio.errors import TrainingError

    pairs = [choice.partition("=") for choice in choices]
    for key, sign, _ in pairs:
        if not sign:
            raise TrainingError(f"--set {key}: write KEY=VALUE")
    return {key: value for key, _, value in pairs}


def make_config(project: Project, run: str, earlier: Path | None, choices: dict[str, str]) -> TrainConfig:
    """Choices of an earlier run's file, or of the run to go on with, and over them those made now."""
    from segstudio.project.runs import run_folder
    from segstudio.training.config import TrainConfig, read_choices

    folder = run_folder(project, run)
    if earlier is None and choices.get("resume") == "yes" and (folder / "config.json").is_file():
        earlier = folder / "config.json"
    made = TrainConfig(run_dir=folder, table=project.table, unlabelled=project.unlabelled)
    before = read_choices(earlier) if earlier else {}
    return made.with_texts({**before, **choices})


def run_training(project: Project, samples: tuple[Sample, ...], config: TrainConfig, reporter: Reporter) -> Any:
    """Drains the run; its Finished event."""
    from segstudio.project.run_files import split_of
    from segstudio.project.samples import with_sides, with_split
    from segstudio.training.distributed import leave
    from segstudio.training.engine import train as learn

    if config.resume:
        samples = with_sides(samples, split_of(config.run_dir))
    elif not _rank():
        with_split(project, samples).save()
    reporter.say(f"training {config.run_dir.name}")
    try:
        finished = reporter.training(until_interrupted(learn(config, samples)))
    finally:
        leave()
    reporter.say(f"weights are in {finished.weights}")
    return finished


@app.command()
def predict(
    source: Annotated[Path, typer.Argument(help="Project or folder of images.")],
    weights: Weights,
    out: Annotated[Path, typer.Option(help="Folder for the label PNGs.")],
    probabilities: Annotated[bool, typer.Option(help="Also write a .npy of bytes (C, H, W) an image.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a prediction PNG for each image."""
    from segstudio.errors import ProjectError
    from segstudio.project.project import open_project
    from segstudio.training.device import choose_device
    from segstudio.training.distributed import gathered, join, leave, share
    from segstudio.training.predict import predict_files

    with one_line_errors():
        reporter = Reporter(quiet=as_json or _rank() > 0)
        project = open_project(source.parent if source.is_file() else source)
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
        device = choose_device()
        join(device.name)
        if any(gathered(taken)):
            raise ProjectError(f"{out}: is not empty, and nothing is written over; choose a new folder")
        model = _load(project, weights, device)
        alone = source.resolve() if source.is_file() else None
        images = {item.name: item.image for item in project.items() if alone in (None, item.image)}
        mine = {name: images[name] for name in share(list(images))}
        targets = _targets(list(images), out)
        events = (_written(event, targets, probabilities) for event in predict_files(model, mine, device))
        done = sum(gathered(len(reporter.drain(events, "predicting"))))
        leave()
        reporter.say(f"{done} predictions are in {out}")
        if _world() == 1:
            reporter.finish(as_json, folder=out, images=done)


def _targets(names: list[str], out: Path) -> dict[str, Path]:
    """A file for each image, two where a.jpg and a.png lie in one folder."""
    stems = Counter(str(Path(name).with_suffix("")) for name in names)
    return {
        name: out / (Path(name).with_suffix(".png") if stems[str(Path(name).with_suffix(""))] == 1 else f"{name}.png")
        for name in names
    }


def _written(event: Any, targets: dict[str, Path], probabilities: bool) -> Any:
    """Writes a prediction as it comes, so that only one is held, and gives its name; other events pass."""
    from segstudio.core.prediction import Prediction
    from segstudio.events import Problem
    from segstudio.formats.atomic import write_bytes
    from segstudio.formats.masks.codec import index_png, npy_bytes

    if not isinstance(event, Prediction):
        return event
    target = targets[event.name]
    write_bytes(target, index_png(event.labels))
    if probabilities and not len(event.probabilities):
        return Problem(event.name, f"{event.name}: is too large to keep its probabilities; its labels are written")
    if probabilities:
        write_bytes(target.with_suffix(".npy"), npy_bytes(event.probabilities))
    return event.name


@app.command()
def evaluate(
    folder: ProjectFolder,
    weights: Weights,
    split: Annotated[str, typer.Option(help="val, train or all.")] = "val",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """mIoU and the rest, for each image and for all."""
    from segstudio.formats.atomic import write_text
    from segstudio.review.report import as_lines, as_plain
    from segstudio.training.distributed import leave

    with one_line_errors():
        reporter = Reporter(quiet=_rank() > 0)
        project, items = open_with_labels(folder, reporter)
        samples = _of_split(gather_samples(project, items, reporter), split)
        evaluation = evaluate_samples(project, samples, weights, reporter)
        for line in as_lines(evaluation):
            reporter.say(line)
        leave()
        if json_file is not None and not _rank():
            write_text(json_file, json.dumps(as_plain(evaluation), indent=2, ensure_ascii=False) + "\n")
        if _world() == 1:
            reporter.finish()


def _of_split(samples: tuple[Sample, ...], split: str) -> list[Sample]:
    from segstudio.errors import ProjectError

    if split not in ("val", "train", "all"):
        raise ProjectError(f"--split {split}: it is val, train or all")
    chosen = [s for s in samples if split == "all" or s.held_out == (split == "val")]
    if not chosen:
        raise ProjectError(f"no labelled image is in the {split} split; label more images or use --split all")
    return chosen


def evaluate_samples(project: Project, samples: list[Sample], weights: str, reporter: Reporter) -> Evaluation:
    """Every process its share of the images; all of them get the whole."""
    from segstudio.core.prediction import in_terms_of, unknown_classes
    from segstudio.errors import ProjectError
    from segstudio.review.evaluate import Evaluation, evaluate
    from segstudio.training.device import choose_device
    from segstudio.training.distributed import gathered, join, share
    from segstudio.training.predict import predict_file

    device = choose_device()
    join(device.name)
    model = _load(project, weights, device)
    unknown = unknown_classes(tuple(model.table.names), project.table)
    if unknown:
        raise ProjectError(f"the model knows {', '.join(unknown)} and the project does not; add these classes first")
    events = evaluate(
        project,
        share(samples),
        lambda sample: in_terms_of(predict_file(model, sample.image, device, sample.name), project.table).labels,
        weights,
    )
    evaluation = reporter.drain(events, "predicting")[-1]
    assert isinstance(evaluation, Evaluation)
    found = {image.name: image for part in gathered(evaluation.images) for image in part}
    return Evaluation(evaluation.classes, tuple(found[s.name] for s in samples if s.name in found))


def _load(project: Project, weights: str, device: Device) -> Model:
    from segstudio.training.checkpoint import load_weights

    return load_weights(_weights_file(project, weights), device)


def _weights_file(project: Project, weights: str) -> Path:
    from segstudio.project.runs import weights_file

    return weights_file(project, weights)


@app.command()
def onnx(
    folder: ProjectFolder,
    weights: Weights,
    out: Annotated[Path, typer.Argument(help="New file, *.onnx.")],
    as_json: AsJson = False,
) -> None:
    """Write a model as ONNX, with its normalisation inside, and check it against torch."""
    from segstudio.project.project import open_project
    from segstudio.training.device import choose_device
    from segstudio.training.onnx_export import export_onnx

    with one_line_errors():
        reporter = Reporter(quiet=as_json)
        model = _load(open_project(folder), weights, choose_device("cpu"))
        reporter.say("exporting …")
        report = export_onnx(model, out)
        reporter.say(f"{out}: {report.line}")
        reporter.finish(as_json, file=out, largest_difference=report.largest_difference)
