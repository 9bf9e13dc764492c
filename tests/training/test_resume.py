"""A run that stops, or is killed, goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
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
from segstudio.training.checkpoint import compute_digest, load_state, save_state
from segstudio.training.config import TrainConfig
from segstudio.training.engine import train
from segstudio.training.events import Finished, StepDone

Samples = tuple[Sample, ...]


def same(a: object, b: object) -> bool:
    """Bit for bit, tensors and all."""
    return compute_digest(a) == compute_digest(b)


def run_in_parts(config: TrainConfig, samples: Samples, stops: list[int]) -> Finished:
    """Stopped once each of these steps has been told."""
    for stop in stops:
        events = train(replace(config, resume=stop != stops[0]), samples)
        for event in events:
            if isinstance(event, StepDone) and event.step >= stop:
                break
        events.close()
    *_, finished = train(replace(config, resume=True), samples)
    assert isinstance(finished, Finished)
    return finished


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"optimiser": "sgd", "schedule": "cosine", "accumulate": 2, "deep_supervision": True},
        {"head": "one-vs-rest", "loss": "bce+lovasz", "upsampling": "unpool", "skips": "add", "norm": "group", "rare_class_fraction": 0.5},
    ],
)
def test_a_resumed_run_is_bit_identical_to_one_never_stopped(
    config: TrainConfig, samples: Samples, choices: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)  # every step is told
    monkeypatch.setattr("segstudio.training.augment.FIRST_PASS", 0.0)  # augmentation from the first steps
    config = replace(config, steps=14, **choices)
    *_, whole = train(replace(config, run_dir=config.run_dir.with_name("whole")), samples)
    parts = run_in_parts(replace(config, run_dir=config.run_dir.with_name("parts")), samples, [4, 9])
    a, b = (load_state(event.weights.parent / "last.ckpt") for event in (whole, parts))
    assert a["step"] == b["step"] == 14
    for key in ("net", "ema", "optimiser"):
        assert same(a[key], b[key]), key
    histories = [[(row["step"], row["miou"]) for row in state["history"]] for state in (a, b)]
    assert histories[0][-1] == histories[1][-1]


def test_a_run_killed_at_any_moment_goes_on_from_its_last_state(config: TrainConfig, project: object) -> None:
    folder = config.run_dir.parent / "project"
    command = [sys.executable, "-m", "segstudio"]
    quick = ["--set", "width=4", "--set", "depth=2", "--set", "patch=32", "--set", "batch=4", "--set", "minutes=0"]
    subprocess.run([*command, "synth", str(folder), "--images", "4", "--side", "64"], check=True, capture_output=True)
    code = (
        "import segstudio.training.engine as e; e.SAVE_INTERVAL_S = 0.1; "
        "import sys; from segstudio.__main__ import main; sys.exit(main())"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", code, "train", str(folder), "--run", "r", *quick, "--set", "steps=100000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    state = folder / ".segstudio" / "runs" / "r" / "last.ckpt"
    deadline = time.monotonic() + 60
    while not (state.is_file() and load_state_or_none(state)) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    reached = load_state_or_none(state) or load_state_or_none(state.with_name("previous.ckpt"))
    assert reached
    step = str(reached["step"] + 3)
    again = subprocess.run(
        [*command, "train", str(folder), "--run", "r", "--resume", "--set", f"steps={step}", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["step"] == int(step)


def test_ctrl_c_ends_a_run_between_two_steps_and_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    command = [sys.executable, "-m", "segstudio"]
    subprocess.run([*command, "synth", str(folder), "--images", "4", "--side", "64"], check=True, capture_output=True)
    quick = [
        "--set",
        "width=4",
        "--set",
        "depth=2",
        "--set",
        "patch=32",
        "--set",
        "minutes=0",
        "--set",
        "steps=1000000",
    ]
    run = subprocess.Popen(
        [*command, "train", str(folder), "--run", "r", *quick],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    for line in run.stdout:
        if "loss" in line and "%" in line:
            break
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 2
    assert errors.strip().splitlines()[-1] == "segstudio: stopped"
    state = load_state(folder / ".segstudio" / "runs" / "r" / "last.ckpt")
    assert state["step"] >= 1
    assert (folder / ".segstudio" / "runs" / "r" / "best.safetensors").is_file()


def load_state_or_none(path: Path) -> dict | None:
    """A state with at least one step in it."""
    try:
        state = load_state(path)
    except FileError:
        return None
    return state if state["step"] else None


def test_a_damaged_state_is_noticed_and_the_one_before_is_used(config: TrainConfig, samples: Samples) -> None:
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


def test_a_state_that_lies_about_its_hash_is_refused(tmp_path: Path) -> None:
    save_state(tmp_path / "last.ckpt", {"step": 3, "net": {"a": torch.ones(3)}})
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    state["step"] = 4
    torch.save(state, tmp_path / "last.ckpt")
    with pytest.raises(FileError, match="its hash is another"):
        load_state(tmp_path / "last.ckpt")


def test_a_full_disk_leaves_the_state_before_and_the_run_goes_on(
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
    told = [str(event) for event in events if isinstance(event, Problem)]
    assert len(told) == 1
    assert "could not be written" in told[0]
    assert isinstance(events[-1], Finished)
    assert load_state(config.run_dir / "last.ckpt")["step"] == 12
    assert not list(config.run_dir.glob(".*tmp"))


def test_a_finished_run_goes_on_with_more_steps_and_its_own_network(config: TrainConfig, samples: Samples) -> None:
    list(train(config, samples))
    auto = replace(config, width=0, depth=0, steps=16, resume=True)
    *_, finished = train(auto, samples)
    assert finished.step == 16
    with pytest.raises(TrainingError, match="is finished"):
        list(train(replace(config, resume=True), samples))
