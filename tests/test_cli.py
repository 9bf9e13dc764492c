"""The verbs, run as a user runs them: in a process, judged by output and exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.formats import samples
from tests.formats.test_readers import make_labelme, make_voc

ROOT = Path(__file__).resolve().parents[1]


def segstudio(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "segstudio", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def test_the_whole_job_runs_on_a_sample_project(tmp_path: Path) -> None:
    project = tmp_path / "sample"
    segstudio("synth", project, "--images", 5, "--side", 80, "--count", 3, "--sigma", 2)
    trained = segstudio(
        "train", project, "--run", "r", "--set", "steps=8", "--set", "width=4", "--set", "patch=32", "--json"
    )
    result = json.loads(trained.stdout)
    assert result["step"] == 8
    assert result["problems"] == []
    segstudio("evaluate", project, "--weights", "r", "--split", "all", "--json", tmp_path / "figures.json")
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["classes"] == ["_background_", "disc", "square"]
    assert len(figures["images"]) == 5
    summed = np.sum([image["confusion"] for image in figures["images"]], axis=0)
    assert (summed == figures["dataset"]["confusion"]).all()
    assert summed.sum() == 5 * 80 * 80
    keys = {"miou", "pixel_accuracy", "mean_accuracy", "iou", "dice", "precision", "recall", "confusion"}
    assert keys | {"classes_averaged"} == set(figures["dataset"])
    segstudio("predict", project, "--weights", "r", "--out", tmp_path / "out", "--probabilities")
    with Image.open(tmp_path / "out" / "shapes_000.png") as image:
        assert (image.mode, image.size) == ("P", (80, 80))
    assert np.load(tmp_path / "out" / "shapes_000.npy").shape == (3, 80, 80)
    again = segstudio("predict", project, "--weights", "r", "--out", tmp_path / "out", expect=2)
    assert "nothing is written over" in again.stderr
    alone = segstudio("predict", project / "shapes_001.png", "--weights", "r", "--out", tmp_path / "one", "--json")
    assert json.loads(alone.stdout)["images"] == 1
    report = segstudio("export", project, tmp_path / "voc", "--format", "voc")
    assert "5 images exported" in report.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "{none}"), "is not a folder"),
        (("import", "{none}", "{tmp}/out"), "no such file or folder"),
        (("evaluate", "{tmp}", "--weights", "nothing"), "no labelled image"),
        (("predict", "{tmp}", "--weights", "nothing", "--out", "{tmp}/o"), "no run of this project"),
        (("export", "{tmp}", "{tmp}", "--format", "avi"), "cannot be exported"),
        (("train", "{tmp}", "--set", "width"), "KEY=VALUE"),
        (("train", "{tmp}", "--run", "../x"), "name of a run"),
        (("train", "{tmp}", "--set", "device=cpu"), "label at least one"),
        (("trian", "{tmp}"), "no verb"),
        (("convert", "{tmp}", "{tmp}/o", "--to", "coco", "--overlap", "ignore"), "leave overlaps in order"),
        (("export", "{tmp}", "{tmp}/o", "--overlap", "sideways"), "it is order or ignore"),
    ],
)
def test_what_cannot_run_says_why_in_one_line_and_exits_with_2(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    Image.new("L", (40, 40)).save(tmp_path / "a.png")
    filled = [each.format(none=tmp_path / "none", tmp=tmp_path) for each in arguments]
    done = segstudio(*filled, expect=2)
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_broken_file_is_listed_and_the_exit_status_is_1(tmp_path: Path) -> None:
    project = tmp_path / "sample"
    segstudio("synth", project, "--images", 3, "--side", 64)
    (project / "shapes_001.json").write_text("{ broken")
    done = segstudio("export", project, tmp_path / "voc", expect=1)
    assert "shapes_001.json: is not JSON" in done.stderr
    assert (project / "shapes_001.json").read_text() == "{ broken"


def test_doctor_says_where_learning_runs() -> None:
    assert "learning runs on" in segstudio("doctor").stdout


def test_a_data_set_is_converted_and_every_loss_is_in_the_report(tmp_path: Path) -> None:
    records = [
        {"bbox": [0, 0, 9, 9]},
        {"segmentation": [[1, 1, 30, 1, 30, 30]]},
        {"category_id": 99, "bbox": [0, 0, 3, 3]},
    ]
    source = samples.coco(tmp_path / "in" / "f.json", records)
    done = segstudio("convert", source, tmp_path / "out", "--to", "yolo", "--map", "cat=lion", "--json", expect=1)
    report = json.loads(done.stdout)
    assert (report["format"], report["images"]) == ("yolo", 1)
    assert [problem["where"] for problem in report["problems"]] == ["a.jpg", "a.jpg"]
    assert "99 is not declared" in report["problems"][1]["what"]
    assert any("is a rectangle" in note["what"] for note in report["notes"])
    assert report["losses"][0]["objects"] == 1
    assert "0: 'lion'" in (tmp_path / "out" / "data.yaml").read_text()
    assert not list(tmp_path.glob("segstudio-*")), "no project is left behind"


def test_import_names_the_format_and_export_says_what_is_lost_first(tmp_path: Path) -> None:
    make_voc(tmp_path / "in")
    done = segstudio("import", tmp_path / "in", tmp_path / "project")
    assert "read as voc" in done.stdout
    done = segstudio("export", tmp_path / "project", tmp_path / "out", "--format", "coco", "--pixels")
    assert "1 images exported" in done.stdout
    truth = json.loads((tmp_path / "out" / "annotations" / "instances.json").read_text())
    assert len(truth["annotations"]) == 1
    again = segstudio("export", tmp_path / "project", tmp_path / "out", expect=2)
    assert "is not empty" in again.stderr


def test_lint_lists_and_fixes(tmp_path: Path) -> None:
    make_labelme(tmp_path)
    samples.text(tmp_path / "labels.txt", "__ignore__\n_background_\nCat\n")
    done = segstudio("lint", tmp_path, "--json", expect=1)
    findings = json.loads(done.stdout)["findings"]
    assert [(finding["kind"], finding["item"], finding["mended"]) for finding in findings] == [
        ("unknown label", "a.jpg", False)
    ]
    fixed = segstudio("lint", tmp_path, "--fix")
    assert "1 findings, 1 mended" in fixed.stdout
    assert "0 findings" in segstudio("lint", tmp_path).stdout
