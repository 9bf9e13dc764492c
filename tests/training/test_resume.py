"""A run that is stopped or killed resumes as if it had not been interrupted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from segstudio.core.sample import Sample
from segstudio.errors import FileError, TrainingError
from segstudio.events import Note, Problem
from segstudio.project.project import Project
from segstudio.training.checkpoint import compute_digest, load_state, load_weights, save_state
from segstudio.training.config import TrainConfig
from segstudio.training.device import choose_device
from segstudio.training.engine import train
from segstudio.training.events import EpochDone, Finished, StepDone
from tests.training.conftest import run_command

Samples = tuple[Sample, ...]
ROOT = str(Path(__file__).resolve().parents[2])


def stop_after(config: TrainConfig, samples: Samples, step: int) -> None:
    """Train and close the generator once this step is reported."""
    events = train(config, samples)
    for event in events:
        if isinstance(event, StepDone) and event.step >= step:
            break
    events.close()


def train_in_parts(config: TrainConfig, samples: Samples, stops: list[int]) -> Finished:
    """The order of samples is another one in each session."""
    for number, stop in enumerate(stops):
        stop_after(replace(config, resume=number > 0), samples[number:] + samples[:number], stop)
    *_, finished = train(replace(config, resume=True), samples[::-1])
    assert isinstance(finished, Finished)
    return finished


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimiser": "sgd", "schedule": "cosine", "accumulate": 2, "deep_supervision": True},
        {
            "head": "one-vs-rest",
            "loss": "bce+lovasz",
            "upsampling": "unpool",
            "skips": "add",
            "norm": "group",
            "rare_class_fraction": 0.5,
        },
    ],
)
def test_a_resumed_run_is_bit_identical_to_one_never_stopped(
    config: TrainConfig, samples: Samples, settings: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)  # so that every step is reported
    monkeypatch.setattr("segstudio.training.augment.FIRST_PASS", 0.0)  # so that patches are augmented from the start
    config = replace(config, steps=14, **settings)
    *_, whole = train(replace(config, run_dir=config.run_dir.with_name("whole")), samples)
    parts = train_in_parts(replace(config, run_dir=config.run_dir.with_name("parts")), samples, [4, 9])
    a, b = (load_state(event.weights.parent / "last.ckpt") for event in (whole, parts))
    assert a["step"] == b["step"] == 14
    for key in ("net", "ema", "optimiser", "torch_rng"):
        assert compute_digest(a[key]) == compute_digest(b[key]), key
    histories = [[(row["step"], row["miou"]) for row in state["history"]] for state in (a, b)]
    assert histories[0][-1] == histories[1][-1]


def test_closing_the_generator_saves_the_state_and_weights_to_predict_with(
    config: TrainConfig, samples: Samples
) -> None:
    stop_after(replace(config, steps=100_000), samples, 1)
    assert load_state(config.run_dir / "last.ckpt")["step"] >= 1
    assert load_weights(config.run_dir, choose_device("cpu")).step >= 1


def test_a_run_survives_being_killed_and_ctrl_c_and_is_resumed_to_its_end(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project.folder, folder)
    code = (
        "import segstudio.training.engine as e; e.SAVE_INTERVAL_S = 0.1; "
        "import sys; from segstudio.__main__ import main; sys.exit(main())"
    )
    quick = ["width=4", "depth=2", "patch_size=32", "batch_size=4", "device=cpu", "minutes=0", "steps=100000000"]
    settings = [word for setting in quick for word in ("--set", setting)]

    def start(*more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, "train", str(folder), "--run", "r", *settings, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ROOT},
        )

    run_dir = folder / ".segstudio" / "runs" / "r"
    killed = start()
    deadline = time.monotonic() + 100
    while not steps_saved(run_dir) and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    reached = steps_saved(run_dir)
    assert reached

    interrupted = start("--resume")
    assert interrupted.stdout is not None
    for line in interrupted.stdout:
        if "loss" in line and "%" in line:
            break
    interrupted.send_signal(signal.SIGINT)
    _, errors = interrupted.communicate(timeout=100)
    assert interrupted.returncode == 2
    assert errors.strip().splitlines()[-1] == "segstudio: stopped"
    assert (run_dir / "best.safetensors").is_file()
    saved = steps_saved(run_dir)
    assert saved > reached

    assert run_command("train", str(folder), "--run", "r", "--resume", "--set", f"steps={saved + 3}", "--json") == 0
    assert json.loads(capsys.readouterr().out)["step"] == saved + 3


def steps_saved(run_dir: Path) -> int:
    """Of the last state, or of the one before it if the last is damaged; 0 if there is none."""
    for name in ("last.ckpt", "previous.ckpt"):
        try:
            return load_state(run_dir / name)["step"]
        except FileError:
            continue
    return 0


def test_a_damaged_state_is_detected_and_the_one_before_is_used(config: TrainConfig, samples: Samples) -> None:
    list(train(config, samples))
    last = config.run_dir / "last.ckpt"
    before = load_state(config.run_dir / "previous.ckpt")["step"]
    data = bytearray(last.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    last.write_bytes(bytes(data))
    with pytest.raises(FileError, match="cannot be resumed from"):
        load_state(last)
    events = list(train(replace(config, resume=True), samples))
    assert any("the state before it is used" in str(event) for event in events if isinstance(event, Note))
    assert events[-1].step == 12
    assert before < 12


def test_a_state_that_does_not_match_its_hash_is_rejected(tmp_path: Path) -> None:
    save_state(tmp_path / "last.ckpt", {"step": 3, "net": {"a": torch.ones(3)}})
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    state["step"] = 4
    torch.save(state, tmp_path / "last.ckpt")
    with pytest.raises(FileError, match="its hash differs"):
        load_state(tmp_path / "last.ckpt")


def test_a_full_disk_keeps_the_state_before_and_the_run_continues(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.SAVE_INTERVAL_S", 0.0)
    import segstudio.training.checkpoint as checkpoint

    real, calls = torch.save, []

    def full(*args: object, **kwargs: object) -> None:
        calls.append(1)
        if 2 <= len(calls) < 6:
            raise RuntimeError("[enforce fail at inline_container.cc] . unexpected pos 64 vs 0")
        real(*args, **kwargs)

    monkeypatch.setattr(checkpoint.torch, "save", full)
    events = list(train(config, samples))
    problems = [str(event) for event in events if isinstance(event, Problem)]
    assert len(problems) == 1
    assert "could not be written" in problems[0]
    assert isinstance(events[-1], Finished)
    assert load_state(config.run_dir / "last.ckpt")["step"] == 12
    assert not list(config.run_dir.glob(".*tmp"))


def test_the_state_is_saved_between_steps_every_save_interval(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    real = save_state
    monkeypatch.setattr(
        "segstudio.training.run.save_state", lambda path, state: steps.append(state["step"]) or real(path, state)
    )
    list(train(replace(config, steps=4), samples))
    assert steps == [0, 4]  # 30 s have not passed: before the first step, and at the end
    steps.clear()
    monkeypatch.setattr("segstudio.training.engine.SAVE_INTERVAL_S", 0.0)
    list(train(replace(config, steps=4, run_dir=config.run_dir.with_name("often")), samples))
    assert steps == [0, 1, 2, 3, 4, 4]


def test_a_finished_run_is_resumed_with_more_steps_and_its_own_network(config: TrainConfig, samples: Samples) -> None:
    list(train(config, samples))
    *_, finished = train(replace(config, width=0, depth=0, steps=16, resume=True), samples)
    assert finished.step == 16
    with pytest.raises(TrainingError, match="is finished"):
        list(train(replace(config, resume=True), samples))


def test_a_run_resumed_with_other_images_keeps_its_normalisation(config: TrainConfig, samples: Samples) -> None:
    *_, first = train(config, samples[:3] + samples[5:])
    before = load_weights(first.weights, choose_device("cpu"))
    list(train(replace(config, steps=14, resume=True), samples[3:]))
    found = load_state(config.run_dir / "last.ckpt")["input"]
    assert (found["mean"], found["std"], found["white"]) == (before.mean, before.std, before.white)


def test_what_cannot_be_resumed_is_an_error(config: TrainConfig, samples: Samples) -> None:
    with pytest.raises(FileError, match=r"last\.ckpt: there is no such file"):
        list(train(replace(config, resume=True), samples))
    list(train(config, samples))
    with pytest.raises(TrainingError, match="there is a run of this name"):
        list(train(config, samples))
    with pytest.raises(TrainingError, match="is finished"):
        list(train(replace(config, resume=True), samples))
    with pytest.raises(TrainingError, match="another network"):
        list(train(replace(config, width=6, resume=True), samples))


def test_a_resumed_run_never_replaces_its_best_weights_by_worse_ones(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, finished = train(config, samples)
    before = finished.weights.read_bytes()
    state = load_state(config.run_dir / "last.ckpt")
    save_state(config.run_dir / "last.ckpt", {**state, "best_miou": float("nan")})  # killed before it was saved
    monkeypatch.setattr("segstudio.training.trainer.ExponentialMovingAverage.update", lambda self, net, step: None)
    for tensor in state["ema"].values():
        tensor.zero_()
    state = load_state(config.run_dir / "last.ckpt") | {"ema": state["ema"]}
    save_state(config.run_dir / "last.ckpt", state)
    events = list(train(replace(config, steps=14, resume=True), samples))
    (validation,) = [event for event in events if isinstance(event, EpochDone)]
    assert validation.miou < finished.best_miou
    assert events[-1].best_miou == finished.best_miou
    assert finished.weights.read_bytes() == before
