"""Accuracy on real images and against a textbook recipe, and speed against a plain training loop.

python -m tests.bench training            all but CamVid, which takes ten minutes
python -m tests.bench camvid              CamVid
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
from tests.bench import training_data as data

GPU = torch.cuda.is_available()


def main() -> None:
    print(choose_device().describe())
    measure_steps()
    measure_augmentation()
    compare_recipes()
    measure_first_preview()
    measure_isbi()
    measure_sparse_labels()


def measure_run(samples: list[Sample], table: ClassTable, text: str, **settings: Any) -> tuple[float, float]:
    """Best validation mIoU of a run, and its seconds, with reading the images."""
    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(run_dir=Path(folder) / "run", table=table, **settings)
        began = time.perf_counter()
        best, iou, steps = float("nan"), (), 0
        for event in train(config, samples):
            if isinstance(event, EpochDone):
                iou = event.iou if event.miou >= event.best_miou else iou
            if isinstance(event, Finished):
                best, steps = event.best_miou, event.step
        took = time.perf_counter() - began
        print(f"{text}: validation mIoU {best:.4f} after {took:.0f} s ({steps} steps)", flush=True)
        print("   IoU " + ", ".join(f"{name} {value:.2f}" for name, value in zip(table.names, iou, strict=False)))
        return best, took


def measure_isbi() -> None:
    folder = data.find_folder("isbi2012")
    if folder:
        samples, table = data.load_isbi(folder)
        measure_run(samples, table, "isbi2012 24/6, defaults", minutes=1.9)


def measure_camvid() -> None:
    folder = data.find_folder("camvid_small")
    if folder:
        samples, table = data.load_camvid(folder)
        measure_run(samples, table, "camvid_small 120/40, defaults", minutes=10.0, unlabelled="ignore")


def measure_sparse_labels(share: float = 0.02) -> None:
    folder = data.find_folder("isbi2012")
    if folder:
        samples, table = data.load_isbi(folder)
        dense, _ = measure_run(samples, table, "isbi2012, every pixel labelled", minutes=1.9)
        few = [s if s.held_out else data.draw_strokes(s, table, share, i) for i, s in enumerate(samples)]
        scarce, _ = measure_run(few, table, f"isbi2012, strokes over {share:.0%}", minutes=1.9, unlabelled="ignore")
        print(f"strokes reach {scarce / dense:.1%} of dense")


def measure_first_preview() -> None:
    """Seconds from the start of a run on two labelled images to the first preview of the open one."""
    folder = data.find_folder("isbi2012")
    if not folder:
        return
    samples, table = data.load_isbi(folder)
    two = [replace(sample, held_out=index == 1) for index, sample in enumerate(samples[:2])]
    pixels = np.random.default_rng(0).integers(0, 255, (512, 512), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as where:
        began = time.perf_counter()
        events = train(
            TrainConfig(run_dir=Path(where) / "run", table=table), two, RunHooks(lambda: PreviewImage("open", pixels))
        )
        for event in events:
            if isinstance(event, Preview):
                print(f"first preview after {time.perf_counter() - began:.1f} s")
                break
        events.close()


def measure_steps() -> None:
    """Steps of the classic U-Net, ours against a plain loop, each in a process of its own, alternating."""
    sizes = ((512, 16),) if GPU else ((128, 4), (256, 4))
    for size, batch in sizes:
        times: dict[str, list[float]] = {"plain": [], "ours": []}
        for _ in range(3):
            for loop in times:
                command = [sys.executable, "-m", "tests.bench.training_step", loop, str(size), str(batch)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                times[loop].append(float(done.stdout.split()[-1]))
        plain, ours = (float(np.median(times[loop])) for loop in times)
        text = f"step of 31 M parameters, {batch} x {size} px"
        print(f"{text}: plain {plain:.3f} s, ours {ours:.3f} s: {plain / ours:.2f} x", flush=True)


def measure_augmentation() -> None:
    size, batch = (512, 8) if GPU else (256, 4)
    command = [sys.executable, "-m", "tests.bench.training_step", "augmentation", str(size), str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(
        f"augmenting every patch takes {float(done.stdout.split()[-1]):.1%} of a step of the automatic network",
        flush=True,
    )


def compare_recipes() -> None:
    """A textbook recipe against our defaults: same networks, number of steps and 200 test images."""
    from tests.bench.training_recipe import compare

    for preset in ("classic", "shallow", "add"):
        compare(preset)
