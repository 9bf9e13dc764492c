"""Two processes under torchrun train, predict and evaluate as one process does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from segstudio.core.sample import Sample
from segstudio.project.project import Project
from segstudio.training.config import TrainConfig
from segstudio.training.engine import train
from segstudio.training.events import StepDone
from tests.training.conftest import run_command

ROOT = str(Path(__file__).resolve().parents[2])
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ROOT}
STEPS, FAILS_AT = 16, 6

SCRIPT = f"""
import json, os, sys
import segstudio.training.engine as engine
from segstudio.__main__ import main
from segstudio.training.distributed import is_restarted, rank
from segstudio.training.events import EpochDone, StepDone
from segstudio.training.run import Run

engine.REPORT_INTERVAL_S = engine.SAVE_INTERVAL_S = 0.0
real_train, real_update = engine.train, Run.update

def train(*arguments):
    for event in real_train(*arguments):
        if isinstance(event, StepDone) and rank() == 0:
            print("loss", event.step, event.loss, flush=True)
        if isinstance(event, EpochDone) and rank() == 0:
            print("validated pixels", event.confusion.sum(), flush=True)
        yield event

def update(self):
    if self.step == {FAILS_AT} and rank() == 1 and not is_restarted():
        os._exit(9)
    return real_update(self)

engine.train, Run.update = train, update
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["segstudio", *arguments]
    try:
        main()
    except SystemExit as error:
        if error.code:
            raise
"""


def run_on_two_ranks(script: Path, *commands: list[str]) -> str:
    """The commands one after the other in the same two processes; returns what they print."""
    script.write_text(SCRIPT)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, "--max-restarts", "1", str(script), json.dumps(commands)],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_ranks_of_which_one_fails_once_give_the_results_of_one_process(
    config: TrainConfig,
    project: Project,
    samples: tuple[Sample, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rank 1 ends itself at step 6; torchrun restarts both ranks, which resume the run from its last state.

    With SGD: Adam turns rounding errors of vanishing gradients into whole steps (2e-4 after ten of them).
    """
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    alone = replace(config, steps=STEPS, batch_size=8, augment=False, class_weights="median", optimiser="sgd")
    alone = replace(alone, learning_rate=0.02)
    expected = {event.step: event.loss for event in train(alone, samples) if isinstance(event, StepDone)}
    assert expected[STEPS] < expected[1]

    folder = tmp_path / "project"
    shutil.copytree(project.folder, folder)
    keys = ("width", "depth", "patch_size", "minutes", "steps", "device", "class_weights", "optimiser", "learning_rate")
    settings = [f"{key}={getattr(alone, key)}" for key in keys] + ["augment=no", "batch_size=4"]
    printed = run_on_two_ranks(
        tmp_path / "script.py",
        ["train", str(folder), "--name", "two", *(word for setting in settings for word in ("--set", setting))],
        ["predict", str(folder), "--weights", "two", "--out", str(tmp_path / "predicted by 2")],
        ["evaluate", str(folder), "--weights", "two", "--split", "all", "--json", str(tmp_path / "metrics of 2.json")],
    )

    lines = [line.split() for line in printed.splitlines() if line.startswith("loss ")]
    found = {int(step): float(loss) for _, step, loss in lines}
    assert found == pytest.approx(expected, abs=1e-4)
    pixels = {line.split()[-1] for line in printed.splitlines() if line.startswith("validated pixels ")}
    assert pixels == {str(64 * 72)}  # of the one validation image, once
    assert printed.count("weights are in") == 1  # only rank 0 prints
    run = folder / ".segstudio" / "runs" / "two"
    assert [path.name for path in run.parent.iterdir()] == ["two"]
    assert (run / "log.txt").read_text().count("U-Net of depth") == 2  # started twice, one run
    rows = [json.loads((path / "metrics.jsonl").read_text().splitlines()[-1]) for path in (run, alone.run_dir)]
    assert rows[0]["step"] == rows[1]["step"] == STEPS
    assert rows[0]["miou"] == pytest.approx(rows[1]["miou"], abs=1e-3)
    weights = [load_file(path / "best.safetensors") for path in (run, alone.run_dir)]
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        assert "num_batches" in name or np.allclose(tensor, weights[1][name], atol=2e-3), name

    one, two = tmp_path / "predicted by 1", tmp_path / "predicted by 2"
    assert run_command("predict", str(folder), "--weights", "two", "--out", str(one)) == 0
    assert sorted(path.name for path in one.iterdir()) == sorted(path.name for path in two.iterdir())
    assert len(list(one.iterdir())) == len(samples)
    assert all(path.read_bytes() == (two / path.name).read_bytes() for path in one.iterdir())
    metrics = tmp_path / "metrics of 1.json"
    assert run_command("evaluate", str(folder), "--weights", "two", "--split", "all", "--json", str(metrics)) == 0
    assert json.loads(metrics.read_text()) == json.loads((tmp_path / "metrics of 2.json").read_text())
