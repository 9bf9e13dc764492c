"""The public Python API, used as a script uses it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segstudio
from segstudio import (
    ClassTable,
    Project,
    Run,
    SegstudioError,
    complete_classes,
    evaluate,
    export,
    import_dataset,
    plan_export,
    rasterise,
    read_annotation,
    read_image,
    train,
    train_arrays,
)
from segstudio.api.run import to_table
from segstudio.core.prediction import Prediction
from segstudio.core.sample import rasterise_ground_truth
from segstudio.project.sample_project import Recipe, make_sample_project
from segstudio.training.events import EpochDone, Finished, Started, StepDone
from tests.formats import samples
from tests.formats.test_readers import make_labelme

ROOT = Path(__file__).resolve().parents[1]
TINY = {"width": 4, "depth": 2, "patch": 32, "batch": 4, "device": "cpu"}

# README shows this script; it runs there beside a VOC dataset.
SCRIPT = """\
from segstudio import evaluate, export, import_dataset, read_image, train

project = import_dataset("VOCdevkit/VOC2012", "work")  # or Project.open("work")
print(project.report.images, "images imported,", project.report.left_out, "left out")

run = train(project, steps=200).finish()  # or: for event in train(project, minutes=2): ...
image = read_image("work/2007_000001.jpg")  # (H, W, C) uint8
prediction = run.predict(image)  # in the project's class ids
print(prediction.labels.shape, prediction.probabilities.shape)

evaluation = evaluate(project, run, subset="val")
print(evaluation.miou, evaluation.confusion)
export(project, "out", format="voc")
"""


def readme_script() -> str:
    """The first Python block of README that imports a dataset, if there is one."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    return next((block for block in blocks if "import_dataset" in block), SCRIPT)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Six images of discs and squares with annotations."""
    folder = tmp_path_factory.mktemp("api") / "project"
    *_, made = make_sample_project(folder, 6, Recipe(nx=72, ny=64, count=4, sigma=5, rgb=True))
    assert isinstance(made, Project)
    return made


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    return train(project, steps=12, name="first", **TINY).finish()


def list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# --- names and types ---


def test_every_public_name_is_exported_documented_and_in_dir() -> None:
    assert set(segstudio.__all__) == set(segstudio.api.__all__)
    assert set(segstudio.__all__) <= set(dir(segstudio))
    for name in segstudio.__all__:
        assert getattr(segstudio, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = segstudio.trian


def test_the_package_is_marked_as_typed() -> None:
    assert (ROOT / "segstudio" / "py.typed").is_file()


# --- projects, import and export ---


def test_opening_a_project_writes_nothing_and_takes_text_or_path(tmp_path: Path) -> None:
    make_labelme(tmp_path)
    before = list_files(tmp_path)
    assert Project.open(str(tmp_path)) == Project.open(tmp_path)
    assert Project.open(tmp_path).table.names == ["_background_"]
    assert complete_classes(Project.open(tmp_path)).table.names == ["_background_", "cat"]
    assert list_files(tmp_path) - {".segstudio/index.sqlite"} == before


def test_an_import_returns_a_project_with_a_report_whose_counts_add_up(tmp_path: Path) -> None:
    make_labelme(tmp_path / "in")
    samples.make_image(tmp_path / "in" / "b.jpg")
    (tmp_path / "in" / "b.json").write_text("{ broken")
    events = []
    project = import_dataset(tmp_path / "in", tmp_path / "out", mapping={"cat": "lion"}, on_event=events.append)
    report = project.report
    assert (report.format, report.images, report.shapes, report.left_out) == ("labelme", 1, 1, 1)
    assert [problem.where for problem in report.problems] == ["b"]
    assert set(report.problems) <= set(events)
    assert project.table.names == ["_background_", "lion"]
    assert Project.open(tmp_path / "out").table == project.table


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overlap": "sideways"}, "overlap is 'sideways'; it must be one of order, ignore"),
        ({"taken": "no"}, "must be one of skip, rename"),
        ({"masks": "no"}, "must be one of auto, index, binary, instances"),
        ({"format": "avi"}, "format 'avi'"),
    ],
)
def test_a_wrong_option_of_an_import_names_the_right_ones(options: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(SegstudioError, match=re.escape(words)):
        import_dataset(tmp_path, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_export_reports_what_it_wrote_and_plan_export_what_the_format_cannot_hold(
    project: Project, tmp_path: Path
) -> None:
    plan = plan_export(project, "yolo")
    assert plan.images == 6
    report = export(project, tmp_path / "out", "masks")
    assert (report.images, report.unannotated, report.problems) == (6, 0, ())
    assert report.folder == tmp_path / "out"
    with pytest.raises(SegstudioError, match="is not empty"):
        export(project, tmp_path / "out")


def test_export_in_a_given_class_order_numbers_the_classes_in_that_order(project: Project, tmp_path: Path) -> None:
    report = export(project, tmp_path / "out", classes=["_background_", "square", "disc"])
    name = next(path.stem for path in (tmp_path / "out" / "SegmentationClass").iterdir())
    with Image.open(report.folder / "SegmentationClass" / f"{name}.png") as image:
        exported = np.asarray(image)
    plane = rasterise(read_annotation(project, f"{name}.png"), project)
    assert (exported[plane == project.table.id_of("disc")] == 2).all()


def test_rasterise_takes_a_project_a_table_or_names(project: Project) -> None:
    annotation = read_annotation(project, "shapes_000.png")
    plane = rasterise(annotation, project)
    assert plane.shape == (64, 72)
    assert plane.dtype == np.uint8
    assert set(np.unique(plane)) == {1, 2, 254}
    for classes in (project.table, project.table.names, iter(project.table.names)):
        assert (rasterise(annotation, classes) == plane).all()


def test_reading_an_image_that_the_project_has_not_names_it(project: Project) -> None:
    with pytest.raises(SegstudioError, match=r"has no image x\.png"):
        read_annotation(project, "x.png")
    with pytest.raises(SegstudioError, match="no such file"):
        read_image("nowhere.png")


# --- training, prediction and evaluation ---


@pytest.mark.torch
def test_a_training_yields_events_and_finishes_with_a_run(project: Project) -> None:
    training = train(project, steps=6, **TINY)
    events = list(training)
    assert isinstance(events[-1], Finished)
    assert {Started, EpochDone} <= set(map(type, events))
    assert training.finished is events[-1]
    assert training.finish() is training.run
    assert training.run.weights == events[-1].weights


@pytest.mark.torch
def test_a_training_that_is_closed_can_be_resumed(project: Project) -> None:
    with train(project, steps=12, name="resumed", **TINY) as training:
        next(event for event in training if isinstance(event, StepDone))
    with pytest.raises(SegstudioError, match="stopped before its end"):
        training.finish()
    run = train(project, name="resumed", resume=True).finish()
    assert run.info.steps == 12


@pytest.mark.torch
def test_a_run_is_initialised_from_another_run(project: Project, run: Run) -> None:
    training = train(project, steps=2, init=run, **TINY)
    assert training.finish().info.config["init"] == str(run.weights)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"widht": 4}, "widht"),
        ({"steps": "many"}, "steps=many"),
        ({"steps": 3, "name": "../x"}, "name of a run"),
        ({"init": "nothing"}, "neither a run of this project"),
        ({"name": "none", "resume": True}, "none"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(project: Project, settings: dict[str, object], words: str) -> None:
    with pytest.raises(SegstudioError, match=words):
        train(project, **settings).finish()  # type: ignore[arg-type]


@pytest.mark.torch
def test_a_prediction_is_numpy_in_the_classes_of_the_project(project: Project, run: Run) -> None:
    image_HWC = read_image(project.folder / "shapes_000.png")
    prediction = run.predict(image_HWC)
    assert prediction.labels.shape == image_HWC.shape[:2]
    assert prediction.probabilities.shape == (3, 64, 72)
    assert prediction.classes == ("_background_", "disc", "square")
    assert (prediction.labels == run.predict_file(project.folder / "shapes_000.png").labels).all()
    opened = Run.open(project, "first")
    assert (opened.predict(image_HWC).labels == prediction.labels).all()
    assert opened.classes == prediction.classes


@pytest.mark.torch
def test_a_prediction_follows_a_project_whose_classes_were_renamed_and_reordered(project: Project, run: Run) -> None:
    image_HWC = read_image(project.folder / "shapes_000.png")
    before = run.predict(image_HWC)
    table = ClassTable.from_names(["_background_", "square", "ring"]).with_alias("ring", "disc")
    after = Run(Project(project.folder, table), run.folder).predict(image_HWC)
    assert after.classes == ("_background_", "square", "ring")
    assert (after.labels == np.array([0, 2, 1], np.uint8)[before.labels]).all()
    assert (after.probabilities == before.probabilities[[0, 2, 1]]).all()


def test_classes_that_the_project_lacks_are_ignored_and_merged_ones_are_added() -> None:
    labels = np.array([[0, 1, 2, 3]], np.uint8)
    probabilities = np.full((4, 1, 4), 60, np.uint8)
    model = Prediction("a", 1, ("_background_", "cat", "kitten", "dog"), labels, probabilities, labels)
    table = ClassTable.from_names(["_background_", "cat"]).with_alias("cat", "kitten")
    mapped = to_table(model, table)
    assert mapped.labels.tolist() == [[0, 1, 1, 255]]
    assert mapped.probabilities[:, 0, 0].tolist() == [60, 120]


@pytest.mark.torch
@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((4, 4, 3, 1), np.uint8), np.zeros((0, 4), np.uint8)])
def test_an_array_that_is_not_an_image_is_an_error_with_its_shape(run: Run, image: np.ndarray) -> None:
    with pytest.raises(SegstudioError, match=re.escape(str(image.shape))):
        run.predict(image)


@pytest.mark.torch
def test_an_evaluation_gives_metrics_of_each_image_and_of_all(project: Project, run: Run) -> None:
    evaluation = evaluate(project, run, subset="all")
    assert len(evaluation.per_image) == 6
    assert evaluation.problems == ()
    assert evaluation.confusion.sum() == 6 * 64 * 72
    assert evaluation.miou == evaluation.metrics.miou
    prediction = run.predict_file(project.folder / "shapes_000.png").labels
    truth = rasterise_ground_truth(read_annotation(project, "shapes_000.png"), project.table, project.unlabelled)
    scores = evaluation.per_image["shapes_000.png"]
    assert scores.pixel_accuracy == pytest.approx((prediction == truth).mean())
    parts = [evaluate(project, "first", subset).confusion for subset in ("train", "val")]
    assert (sum(parts) == evaluation.confusion).all()
    with pytest.raises(SegstudioError, match="must be one of val, train, all"):
        evaluate(project, run, subset="test set")


@pytest.mark.torch
def test_a_project_that_cannot_be_written_to_is_evaluated(project: Project, run: Run, tmp_path: Path) -> None:
    for path in project.folder.glob("shapes_*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / ".segstudio").write_text("a file where the folder would be")
    before = list_files(tmp_path)
    evaluation = evaluate(Project.open(tmp_path), run.weights, subset="all")
    assert len(evaluation.images) == 6
    assert list_files(tmp_path) == before


@pytest.mark.torch
def test_a_model_with_a_class_that_the_project_lacks_is_not_evaluated(run: Run, tmp_path: Path) -> None:
    make_labelme(tmp_path)
    with pytest.raises(SegstudioError, match="the model has the classes disc, square"):
        evaluate(Project.open(tmp_path), run, "all")


# --- arrays ---


def make_arrays(channels: int = 3, kind: type = np.uint8) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    images, labels = [], []
    for shift in range(5):
        plane = np.zeros((48, 64), np.uint8)
        plane[8:30, 4 + shift : 34] = 1
        plane[0, :3] = (254, 255, 254)
        image = plane[..., None].astype(int) * 90 + rng.integers(0, 20, (48, 64, channels))
        images.append((image[..., 0] if channels == 1 else image).astype(kind))
        labels.append(plane)
    return images, labels


@pytest.mark.torch
@pytest.mark.parametrize(("channels", "kind"), [(1, np.uint8), (3, np.uint8), (3, np.uint16), (5, np.uint16)])
def test_arrays_are_trained_on_without_a_project(channels: int, kind: type) -> None:
    images, labels = make_arrays(channels, kind)
    run = train_arrays(images, labels, ["_background_", "thing"], validation=[4], steps=4, **TINY).finish()
    folder = run.project.folder
    suffix = ".png" if channels == 1 or kind is np.uint8 else ".tif"
    assert run.predict(images[0]).labels.shape == (48, 64)
    assert list(evaluate(run.project, run).per_image) == [f"image_000004{suffix}"]
    assert (read_image(folder / f"image_000000{suffix}") == images[0]).all()
    del run
    assert not folder.exists(), "the temporary project is deleted with its run"


@pytest.mark.torch
def test_arrays_are_kept_in_a_folder_of_the_callers_choice(tmp_path: Path) -> None:
    images, labels = make_arrays()
    training = train_arrays(images, labels, ["sky", "thing"], folder=tmp_path / "kept", steps=2, **TINY)
    training.finish()
    project = Project.open(tmp_path / "kept")
    assert project.table.names == ["sky", "thing"]
    plane = rasterise(read_annotation(project, "image_000000.png"), project)
    assert (plane == np.where(labels[0] == 254, 255, labels[0])).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda images, labels: labels.pop(), "5 images and 4 label arrays"),
        (lambda images, labels: labels.__setitem__(1, labels[1][:10]), "labels 1: is (10, 64)"),
        (lambda images, labels: labels.__setitem__(2, labels[2] + 5), "labels 2: holds 3 but there are 2 classes"),
        (lambda images, labels: labels.__setitem__(0, labels[0] / 2), "labels 0: is float64"),
        (lambda images, labels: images.__setitem__(3, images[3] / 255), "image 3: is float64"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_an_error_with_their_index(change, words: str, tmp_path: Path) -> None:
    images, labels = make_arrays()
    change(images, labels)
    with pytest.raises(SegstudioError, match=re.escape(words)):
        train_arrays(images, labels, ["_background_", "thing"], folder=tmp_path / "p")


# --- the script of README ---


@pytest.mark.torch
def test_the_script_of_the_readme_runs(tmp_path: Path) -> None:
    script = readme_script()
    assert len(script.strip().splitlines()) <= 20
    script, changed = re.subn(r"steps=\d+", "steps=3, width=4, patch=32", script)
    assert changed == 1
    *_, sample = make_sample_project(tmp_path / "sample", 6, Recipe(nx=64, ny=64, count=4, sigma=5, rgb=True))
    for number, path in enumerate(sorted(sample.folder.glob("*.png")), 1):
        path.rename(path.with_name(f"2007_{number:06d}.png"))
        path.with_suffix(".json").rename(path.with_name(f"2007_{number:06d}.json"))
    export(Project.open(sample.folder), tmp_path / "VOCdevkit" / "VOC2012")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, textwrap.indent(script, "  ") + done.stderr
    assert "6 images imported" in done.stdout
    assert len(list((tmp_path / "out" / "SegmentationClass").glob("*.png"))) == 6
