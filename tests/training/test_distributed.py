"""Two processes under torchrun learn what one learns from the doubled batch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segstudio.project.project import Project

ROOT = str(Path(__file__).resolve().parents[2])
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ROOT}
QUICK = ["width=4", "depth=2", "patch=32", "minutes=0", "steps=16", "device=cpu", "augment=no"]


TELLING = """
import sys
import segstudio.training.engine as engine
from segstudio.training.events import StepDone
from segstudio.training.distributed import rank
engine.REPORT_INTERVAL_S = 0.0
real = engine.train
def train(*arguments):
    for event in real(*arguments):
        if isinstance(event, StepDone) and rank() == 0:
            print("loss", event.loss, flush=True)
        yield event
engine.train = train
from segstudio.__main__ import main
sys.exit(main())
"""


def run(*arguments: str, ranks: int = 1, tell: bool = False) -> str:
    """`tell` prints the loss of every step."""
    program = ["-m", "segstudio"]
    if tell:
        script = Path(arguments[1]).parent / "telling.py"
        script.write_text(TELLING)
        program = [str(script)]
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)] if ranks > 1 else []
    restarts = ["--max-restarts", "1"] if ranks > 1 else []
    command = [sys.executable, *several, *restarts, *program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks") / "project"
    shutil.copytree(project.folder, folder)
    return folder


def rows_of(folder: Path, name: str) -> list[dict]:
    text = (folder / ".segstudio" / "runs" / name / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def settings(*more: str) -> list[str]:
    return [word for choice in (*QUICK, *more) for word in ("--set", choice)]


def test_two_ranks_give_the_loss_curve_of_one_with_the_doubled_batch(copy: Path) -> None:
    """With SGD: Adam turns the rounding of vanishing gradients into whole steps (2e-4 after ten of them)."""
    alike = ("class_weights=median", "optimiser=sgd", "learning_rate=0.02")
    one = run("train", str(copy), "--name", "one", *settings("batch=8", *alike), tell=True)
    two = run("train", str(copy), "--name", "two", *settings("batch=4", *alike), ranks=2, tell=True)
    assert two.count("weights are in") == 1  # only the first process speaks
    curves = [[float(line.split()[1]) for line in text.splitlines() if line.startswith("loss ")] for text in (one, two)]
    assert len(curves[0]) >= 16
    assert curves[0] == pytest.approx(curves[1], abs=1e-4)
    assert curves[0][-1] < curves[0][0]
    assert rows_of(copy, "one")[-1]["miou"] == pytest.approx(rows_of(copy, "two")[-1]["miou"], abs=1e-3)
    from safetensors.numpy import load_file

    a, b = (load_file(copy / ".segstudio" / "runs" / name / "best.safetensors") for name in ("one", "two"))
    assert a.keys() == b.keys()
    assert all(np.allclose(a[key], b[key], atol=2e-3) for key in a if "num_batches" not in key)


def test_two_ranks_predict_and_judge_together_as_one_does(copy: Path, tmp_path: Path) -> None:
    if not (copy / ".segstudio" / "runs" / "one").is_dir():
        run("train", str(copy), "--name", "one", *settings("batch=8"))
    for ranks in (1, 2):
        run("predict", str(copy), "--weights", "one", "--out", str(tmp_path / f"p{ranks}"), ranks=ranks)
        figures = str(tmp_path / f"e{ranks}.json")
        run("evaluate", str(copy), "--weights", "one", "--split", "all", "--json", figures, ranks=ranks)
    names = [sorted(path.name for path in (tmp_path / f"p{ranks}").iterdir()) for ranks in (1, 2)]
    assert names[0] == names[1]
    assert len(names[0]) == 6
    for name in names[0]:
        assert (tmp_path / "p1" / name).read_bytes() == (tmp_path / "p2" / name).read_bytes()
    assert json.loads((tmp_path / "e1.json").read_text()) == json.loads((tmp_path / "e2.json").read_text())


def test_when_a_rank_dies_all_start_again_from_the_last_state(copy: Path) -> None:
    """The second process kills itself once, at step 6; torchrun starts both again and the run resumes."""
    code = (
        "import os, sys\n"
        "import segstudio.training.engine as engine\n"
        "from segstudio.training.run import Run\n"
        "engine.SAVE_INTERVAL_S = 0.0\n"
        "real = Run.update\n"
        "def update(self):\n"
        "    if self.step == 6 and os.environ['RANK'] == '1' and os.environ['TORCHELASTIC_RESTART_COUNT'] == '0':\n"
        "        os._exit(9)\n"
        "    return real(self)\n"
        "Run.update = update\n"
        "from segstudio.__main__ import main\n"
        "sys.exit(main())\n"
    )
    script = copy.parent / "dying.py"
    script.write_text(code)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["--max-restarts", "1", str(script), "train", str(copy), *settings("batch=4")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    newest = max((copy / ".segstudio" / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    assert rows_of(copy, newest.name)[-1]["step"] == 16
    lines = (newest / "log.txt").read_text()
    assert lines.count("U-Net of depth") == 2  # begun twice, one run
