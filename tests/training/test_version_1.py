"""Runs written by segstudio 0.1.0 are resumed, and their weights predict what they predicted then."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests" / "fixtures" / "version_1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURE / "project", tmp_path / "project"))


def segstudio(*arguments: object) -> str:
    """The command line, because its options and files outlive the names inside the program."""
    command = [sys.executable, "-m", "segstudio", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_stopped_run_is_resumed_to_its_last_step(folder: Path) -> None:
    run = folder / ".segstudio" / "runs" / "run-1"
    split = json.loads((run / "split.json").read_text())
    result = json.loads(segstudio("train", folder, "--run", "run-1", "--resume", "--json"))
    assert (result["step"], result["problems"]) == (12, [])
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 12
    assert all(row["step"] > 7 for row in rows), "it went on after step 7, where it was stopped"
    assert json.loads((run / "split.json").read_text()) == split
    before = json.loads((FIXTURE / "project" / ".segstudio" / "runs" / "run-1" / "config.json").read_text())
    config = json.loads((run / "config.json").read_text())
    assert config["steps"] == 12
    lost = Counter(values_of(before | {"resume": True})) - Counter(values_of(config))
    assert not lost, "every value is kept, whatever its key is called"


def test_the_weights_of_a_finished_run_predict_the_same_in_every_pixel(folder: Path, tmp_path: Path) -> None:
    segstudio("predict", folder / "seq_0.png", "--weights", "finished", "--out", tmp_path / "out")
    with Image.open(tmp_path / "out" / "seq_0.png") as image:
        predicted = np.asarray(image)
    assert (predicted == np.load(FIXTURE / "prediction.npy")).all()


def test_the_config_of_a_finished_run_is_read_for_a_new_run(folder: Path) -> None:
    runs = folder / ".segstudio" / "runs"
    config = runs / "finished" / "config.json"
    changed = {"rare": 0.47, "cache_gb": 0.5, "patience": 3}  # not the defaults, so that a key that is not read shows
    config.write_text(json.dumps(json.loads(config.read_text()) | changed))
    segstudio("train", folder, "--run", "new", "--config", config, "--set", "steps=2")
    old, new = (json.loads((runs / name / "config.json").read_text()) for name in ("finished", "new"))
    assert new["steps"] == 2
    lost = Counter(values_of(old)) - Counter(values_of(new))
    assert not lost, "every value is kept, whatever its key is called"


def values_of(config: dict) -> list[str]:
    kept = [value for key, value in config.items() if key not in ("run_dir", "steps", "table")]
    return [str(float(value) if type(value) is int else value) for value in kept]
