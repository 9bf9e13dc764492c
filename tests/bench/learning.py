"""What learning is worth: accuracy on real images, against the textbook's recipe, and speed against a plain loop.

python -m tests.bench learning            all but CamVid's ten minutes
python -m tests.bench camvid              those
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from segstudio.core.classes import ClassTable
from segstudio.core.sample import Sample
from segstudio.training.config import TrainConfig
from segstudio.training.device import choose_device
from segstudio.training.engine import train
from segstudio.training.events import EpochDone, Finished, Preview
from segstudio.training.hooks import PreviewImage, RunHooks
from tests.bench import learning_data as data

GPU = torch.cuda.is_available()


def main() -> None:
    print(choose_device().describe())
    steps()
    augmentation()
    recipe()
    first_overlay()
    isbi()
    sparse()


def learnt(samples: list[Sample], table: ClassTable, text: str, **choices: Any) -> tuple[float, float]:
    """Best mIoU of a run, and the seconds that it took, reading included."""
    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(run_dir=Path(folder) / "run", table=table, **choices)
        began = time.perf_counter()
        best, iou, steps = float("nan"), (), 0
        for event in train(config, samples):
            if isinstance(event, EpochDone):
                iou = event.iou if event.miou >= event.best_miou else iou
            if isinstance(event, Finished):
                best, steps = event.best_miou, event.step
        took = time.perf_counter() - began
        print(f"{text}: held-out mIoU {best:.4f} after {took:.0f} s ({steps} steps)", flush=True)
        print("   IoU " + ", ".join(f"{name} {value:.2f}" for name, value in zip(table.names, iou, strict=False)))
        return best, took


def isbi() -> None:
    folder = data.there("isbi2012")
    if folder:
        samples, table = data.isbi(folder)
        learnt(samples, table, "isbi2012 24/6, defaults", minutes=1.9)


def camvid() -> None:
    folder = data.there("camvid_small")
    if folder:
        samples, table = data.camvid(folder)
        learnt(samples, table, "camvid_small 120/40, defaults", minutes=10.0, unlabelled="ignore")


def sparse(share: float = 0.02) -> None:
    folder = data.there("isbi2012")
    if folder:
        samples, table = data.isbi(folder)
        dense, _ = learnt(samples, table, "isbi2012, every pixel labelled", minutes=1.9)
        few = [s if s.held_out else data.strokes_of(s, table, share, i) for i, s in enumerate(samples)]
        scarce, _ = learnt(few, table, f"isbi2012, strokes over {share:.0%}", minutes=1.9, unlabelled="ignore")
        print(f"strokes reach {scarce / dense:.1%} of dense")


def first_overlay() -> None:
    """From the beginning of a run on two labelled images to the first prediction of the open one."""
    folder = data.there("isbi2012")
    if not folder:
        return
    samples, table = data.isbi(folder)
    two = [replace(sample, held_out=index == 1) for index, sample in enumerate(samples[:2])]
    pixels = np.random.default_rng(0).integers(0, 255, (512, 512), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as where:
        began = time.perf_counter()
        events = train(
            TrainConfig(run_dir=Path(where) / "run", table=table), two, RunHooks(lambda: PreviewImage("open", pixels))
        )
        for event in events:
            if isinstance(event, Preview):
                print(f"first overlay after {time.perf_counter() - began:.1f} s")
                break
        events.close()


def steps() -> None:
    """The classic net, our step against the loop that one writes, each in a process of its own, in turn."""
    sizes = ((512, 16),) if GPU else ((128, 4), (256, 4))
    for size, batch in sizes:
        times: dict[str, list[float]] = {"plain": [], "ours": []}
        for _ in range(3):
            for who in times:
                command = [sys.executable, "-m", "tests.bench.learning_step", who, str(size), str(batch)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                times[who].append(float(done.stdout.split()[-1]))
        plain, ours = (float(np.median(times[who])) for who in times)
        text = f"step of 31 M parameters, {batch} x {size} px"
        print(f"{text}: plain {plain:.3f} s, ours {ours:.3f} s: {plain / ours:.2f} x", flush=True)


def augmentation() -> None:
    size, batch = (512, 8) if GPU else (256, 4)
    command = [sys.executable, "-m", "tests.bench.learning_step", "augmentation", str(size), str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(
        f"augmenting every patch takes {float(done.stdout.split()[-1]):.1%} of a step of the automatic net", flush=True
    )


def recipe() -> None:
    """The textbook's recipe against our defaults, same nets, same number of steps, same 200 images to judge."""
    from tests.bench.learning_recipe import compare

    for preset in ("classic", "shallow", "add"):
        compare(preset)
