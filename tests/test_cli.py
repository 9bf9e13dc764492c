"""The commands, run as a user runs them: in a process, checked by output and exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio import __version__
from segstudio.cli.system import DEBIAN_PACKAGES
from tests.formats import samples
from tests.formats.layouts import make_labelme, make_voc

ROOT = Path(__file__).resolve().parents[1]


def segstudio(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "segstudio", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


@pytest.mark.torch
def test_every_step_runs_on_a_sample_project(tmp_path: Path) -> None:
    project = tmp_path / "sample"
    segstudio("synth", project, "--images", 5, "--side", 80, "--count", 3, "--sigma", 2)
    trained = segstudio(
        "train", project, "--run", "r", "--set", "steps=8", "--set", "width=4", "--set", "patch=32", "--json"
    )
    result = json.loads(trained.stdout)
    assert result["step"] == 8
    assert result["problems"] == []
    segstudio("evaluate", project, "--weights", "r", "--split", "all", "--json", tmp_path / "metrics.json")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["classes"] == ["_background_", "disc", "square"]
    assert len(metrics["images"]) == 5
    summed = np.sum([image["confusion"] for image in metrics["images"]], axis=0)
    assert (summed == metrics["dataset"]["confusion"]).all()
    assert summed.sum() == 5 * 80 * 80
    keys = {"miou", "pixel_accuracy", "mean_accuracy", "iou", "dice", "precision", "recall", "confusion"}
    assert keys | {"classes_averaged"} == set(metrics["dataset"])
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
        (("export", "{none}", "{tmp}/o"), "is not a folder"),
        (("import", "{none}", "{tmp}/out"), "no such file or folder"),
        (("export", "{tmp}", "{tmp}", "--format", "avi"), "cannot be exported"),
        (("trian", "{tmp}"), "is not a file, a folder or a command"),
        (("convert", "{tmp}", "{tmp}/o", "--to", "coco", "--overlap", "ignore"), "has no ignored pixels"),
        (("export", "{tmp}", "{tmp}/o", "--overlap", "sideways"), "must be order or ignore"),
    ],
)
def test_a_command_that_cannot_run_says_why_in_one_line_and_exits_with_2(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    check_refusal(arguments, words, tmp_path)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "{none}"), "is not a folder"),
        (("evaluate", "{tmp}", "--weights", "nothing"), "no annotated image"),
        (("predict", "{tmp}", "--weights", "nothing", "--out", "{tmp}/o"), "neither a run of this project"),
        (("train", "{tmp}", "--set", "width"), "KEY=VALUE"),
        (("train", "{tmp}", "--run", "../x"), "name of a run"),
        (("train", "{tmp}", "--set", "device=cpu"), "label at least one"),
    ],
)
def test_a_training_command_that_cannot_run_says_why_in_one_line_and_exits_with_2(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    check_refusal(arguments, words, tmp_path)


def check_refusal(arguments: tuple[str, ...], words: str, folder: Path) -> None:
    Image.new("L", (40, 40)).save(folder / "a.png")
    filled = [each.format(none=folder / "none", tmp=folder) for each in arguments]
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


def test_converting_reports_every_object_that_is_left_out_or_altered(tmp_path: Path) -> None:
    records = [
        {"bbox": [0, 0, 9, 9]},
        {"segmentation": [[1, 1, 30, 1, 30, 30]]},
        {"category_id": 99, "bbox": [0, 0, 3, 3]},
    ]
    source = samples.make_coco_json(tmp_path / "in" / "f.json", records)
    done = segstudio("convert", source, tmp_path / "out", "--to", "yolo", "--map", "cat=lion", "--json", expect=1)
    report = json.loads(done.stdout)
    assert (report["format"], report["images"]) == ("yolo", 1)
    assert [problem["where"] for problem in report["problems"]] == ["a.jpg", "a.jpg"]
    assert "99 is not declared" in report["problems"][1]["what"]
    assert any("is a rectangle" in note["what"] for note in report["notes"])
    assert report["losses"][0]["objects"] == 1
    assert "0: 'lion'" in (tmp_path / "out" / "data.yaml").read_text()
    assert not list(tmp_path.glob("segstudio-*")), "no project is left behind"


def test_import_names_the_format_and_export_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    make_voc(tmp_path / "in")
    done = segstudio("import", tmp_path / "in", tmp_path / "project")
    assert "read as voc" in done.stdout
    done = segstudio("export", tmp_path / "project", tmp_path / "out", "--format", "coco", "--pixels")
    assert "1 images exported" in done.stdout
    truth = json.loads((tmp_path / "out" / "annotations" / "instances.json").read_text())
    assert len(truth["annotations"]) == 1
    again = segstudio("export", tmp_path / "project", tmp_path / "out", expect=2)
    assert "is not empty" in again.stderr


def test_lint_lists_findings_and_fixes_them(tmp_path: Path) -> None:
    make_labelme(tmp_path)
    samples.write_text(tmp_path / "labels.txt", "__ignore__\n_background_\nCat\n")
    done = segstudio("lint", tmp_path, "--json", expect=1)
    findings = json.loads(done.stdout)["findings"]
    assert [(finding["kind"], finding["item"], finding["fixed"]) for finding in findings] == [
        ("unknown label", "a.jpg", False)
    ]
    fixed = segstudio("lint", tmp_path, "--fix")
    assert "1 findings, 1 fixed" in fixed.stdout
    assert "0 findings" in segstudio("lint", tmp_path).stdout


# --- the program itself ---


def test_the_version_is_printed() -> None:
    assert segstudio("--version").stdout == f"segstudio {__version__}\n"


def test_a_window_without_a_display_is_refused_in_one_line() -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment["QT_QPA_PLATFORM"] = "xcb"
    done = subprocess.run(
        [sys.executable, "-m", "segstudio"], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=60
    )
    assert done.returncode == 2
    assert "there is no display" in done.stderr or "apt-get install" in done.stderr
    assert done.stderr.count("\n") == 1


# Importing one of these packages fails as it does where one of their system libraries is missing.
WITHOUT_LIBRARIES = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BROKEN:
            raise ERROR

sys.meta_path.insert(0, Finder())
sys.argv = ["segstudio", *ARGUMENTS]
from segstudio.__main__ import main
main()
"""
GL = 'ImportError("libGL.so.1: cannot open shared object file: No such file or directory")'
GLIB = 'OSError("libglib-2.0.so.0: cannot open shared object file: No such file or directory")'
UNKNOWN = 'ImportError("libodd.so.3: cannot open shared object file: No such file or directory")'
NO_TORCH = 'ModuleNotFoundError("No module named \'torch\'", name="torch")'


def segstudio_without(packages: tuple[str, ...], error: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    values = {"BROKEN": repr(packages), "ERROR": error, "ARGUMENTS": repr([str(each) for each in arguments])}
    script = WITHOUT_LIBRARIES
    for name, value in values.items():
        script = script.replace(name, value)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60)


@pytest.mark.parametrize(
    ("package", "error", "arguments", "words"),
    [
        ("cv2", GL, ("lint", "{tmp}"), "the system library libGL.so.1 is missing; apt-get install"),
        ("cv2", GLIB, ("synth", "{tmp}/new"), "libglib2.0-0"),
        (
            "cv2",
            UNKNOWN,
            ("export", "{tmp}", "{tmp}/o"),
            "libodd.so.3 is missing; install the package",
        ),
        ("torch", NO_TORCH, ("predict", "{tmp}", "--weights", "r", "--out", "{tmp}/o"), "package torch is missing"),
        ("PySide6", GL, (), "libgl1"),
        ("PySide6", GLIB, ("{tmp}",), "libglib2.0-0"),
    ],
)
def test_a_missing_system_library_is_one_line_with_the_command_that_installs_it(
    package: str, error: str, arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = segstudio_without((package,), error, *(each.format(tmp=tmp_path) for each in arguments))
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("packages", "titles"),
    [
        pytest.param(("PySide6",), ["Qt"], marks=pytest.mark.torch),
        pytest.param(("cv2",), ["OpenCV"], marks=pytest.mark.torch),
        (("torch",), ["torch"]),
        (("PySide6", "cv2", "torch"), ["Qt", "OpenCV", "torch"]),
    ],
)
def test_doctor_lists_what_is_missing_and_exits_with_1(packages: tuple[str, ...], titles: list[str]) -> None:
    done = segstudio_without(packages, GL, "doctor")
    assert done.returncode == 1, done.stderr
    missing = [line for line in done.stdout.splitlines() if line.startswith("missing: ")]
    assert [line.split(":")[1].strip() for line in missing] == titles
    assert all("libGL.so.1" in line and "libgl1" in line for line in missing)
    assert not done.stderr


@pytest.mark.torch
def test_doctor_says_where_training_runs() -> None:
    assert "training runs on" in segstudio("doctor").stdout


def test_the_packages_of_error_messages_are_those_that_make_installs() -> None:
    script = (ROOT / "packaging" / "system-packages.sh").read_text()
    listed = set(script.split('packages="')[1].split('"')[0].split())
    assert set(DEBIAN_PACKAGES.values()) == listed - {"fonts-dejavu-core", "xvfb", "xdotool"}


# --- options of earlier versions ---


def test_the_option_pictures_of_earlier_versions_is_accepted(tmp_path: Path) -> None:
    segstudio("synth", tmp_path / "sample", "--pictures", 2, "--side", 64)
    assert len(list((tmp_path / "sample").glob("*.png"))) == 2


def test_the_json_of_lint_has_the_key_of_earlier_versions(tmp_path: Path) -> None:
    make_labelme(tmp_path)
    samples.write_text(tmp_path / "labels.txt", "__ignore__\n_background_\nCat\n")
    findings = json.loads(segstudio("lint", tmp_path, "--json", expect=1).stdout)["findings"]
    assert [finding["mended"] for finding in findings] == [False]
