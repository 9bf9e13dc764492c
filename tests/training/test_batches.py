"""Which patches are cut: rare classes, sparse strokes, more data than memory, images that join."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable
from segstudio.core.sample import Sample
from segstudio.core.shape import MASK, Shape
from segstudio.events import Problem
from segstudio.training.batches import Batch, BatchPrefetcher, PatchSampler
from segstudio.training.config import TrainConfig
from segstudio.training.dataset import PatchDataset
from segstudio.training.engine import train
from segstudio.training.events import Finished, SamplesAdded, StepDone
from segstudio.training.hooks import RunHooks

TABLE = ClassTable.from_names(["_background_", "thing", "rare"])


def sample(folder: Path, number: int, marks: dict[str, tuple[int, int, int, int]], side: int = 200) -> Sample:
    """A gray image with rectangles of labels: name -> y0, x0, y1, x1."""
    path = folder / f"{number}.png"
    Image.fromarray(np.full((side, side), number, np.uint8)).save(path)
    shapes = []
    for name, (y0, x0, y1, x1) in marks.items():
        mask = np.zeros((side, side), bool)
        mask[y0:y1, x0:x1] = True
        shapes.append(Shape(name, MASK, bitmap=Bitmap.from_array(mask)))
    return Sample(path.name, path, Annotation(side, side, tuple(shapes)))


def loaded(samples: list[Sample], unlabelled: str = "background", budget: int = 1 << 30) -> PatchDataset:
    pool = PatchDataset(samples, TABLE, unlabelled, budget)
    assert not [event for event in pool.load("") if isinstance(event, Problem)]
    return pool


def test_a_rare_class_is_seen_as_often_as_asked_for(tmp_path: Path) -> None:
    pool = loaded([sample(tmp_path, 0, {"thing": (0, 0, 100, 200), "rare": (180, 180, 184, 184)})])
    shares = []
    for rare in (0.0, 1.0):
        labels = [PatchSampler(pool, 32, 16, rare_class_fraction=rare).make_batch(step).labels_BHW for step in range(12)]
        shares.append(float(np.mean([(patch == 2).any() for batch in labels for patch in batch])))
    assert shares[0] < 0.1
    assert shares[1] > 0.3  # one of three classes


def test_patches_of_sparse_strokes_hold_strokes(tmp_path: Path) -> None:
    pool = loaded([sample(tmp_path, 0, {"thing": (10, 10, 13, 40), "_background_": (150, 20, 153, 60)})], "ignore")
    batch = PatchSampler(pool, 48, 64).make_batch(0)
    assert all((patch != 255).any() for patch in batch.labels_BHW)
    seen = Counter(int(value) for patch in batch.labels_BHW for value in patch[patch != 255].unique())
    assert set(seen) == {0, 1}
    corners = {tuple(np.argwhere(patch.numpy() != 255)[0]) for patch in batch.labels_BHW}
    assert len(corners) > 20  # not always in the middle


def test_a_patch_is_a_function_of_seed_step_and_number(tmp_path: Path) -> None:
    pool = loaded([sample(tmp_path, n, {"thing": (0, 0, 90, 90 + n)}) for n in range(5)])
    sampler = PatchSampler(pool, 32, 8, seed=3, rare_class_fraction=0.4)
    whole, again = sampler.make_batch(7), sampler.make_batch(7)
    halves = [sampler.make_batch(7, first, 4) for first in (0, 4)]
    assert torch.equal(whole.images_BCHW, again.images_BCHW)
    assert torch.equal(whole.labels_BHW, torch.cat([half.labels_BHW for half in halves]))
    assert not torch.equal(whole.labels_BHW, sampler.make_batch(8).labels_BHW)
    assert not torch.equal(whole.labels_BHW, replace(sampler, seed=4).make_batch(7).labels_BHW)


def test_more_data_than_memory_streams_reads_each_image_seldom_and_sees_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [sample(tmp_path, n, {"thing": (0, 0, 90, 90)}) for n in range(40)]
    budget = 10 * 2 * 200 * 200  # ten of forty
    pool = loaded(samples, budget=budget)
    reads: list[str] = []
    real = PatchDataset._read
    monkeypatch.setattr(PatchDataset, "_read", lambda self, each: reads.append(each.name) or real(self, each))
    sampler = PatchSampler(pool, 64, 8)
    seen: set[int] = set()
    for step in range(120):
        seen |= {round(float(image.mean()) * 255) for image in sampler.make_batch(step).images_BCHW}
        assert pool._cached_bytes <= budget
    assert seen == set(range(40))
    assert len(reads) < 120 * 8 / 8  # an image is read once for many patches


def test_the_feed_prepares_ahead_gives_the_right_step_and_passes_errors_on() -> None:
    made: list[int] = []

    def make(step: int) -> Batch:
        made.append(step)
        if step == 5:
            raise ValueError("no batch")
        return Batch(torch.full((1,), float(step)), torch.zeros(1))

    feed = BatchPrefetcher(make)
    assert [float(feed.get(step).images_BCHW) for step in (0, 1, 2)] == [0, 1, 2]
    assert float(feed.get(10).images_BCHW) == 10
    feed.drop_all()
    assert len(made) == len(set(made))
    with pytest.raises(ValueError, match="no batch"):
        feed.get(5)
    feed.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_masks_saved_while_a_run_learns_join_at_the_next_epoch(
    config: TrainConfig, samples: tuple[Sample, ...]
) -> None:
    late = [list(samples[3:5])]
    events = []
    for event in train(replace(config, steps=30), samples[:3] + samples[5:], RunHooks(new_samples=lambda: arrive())):
        events.append(event)

        def arrive() -> list[Sample]:
            return late.pop() if late and any(isinstance(e, StepDone) for e in events) else []

    joined = [event for event in events if isinstance(event, SamplesAdded)]
    assert [event.images for event in joined] == [2]
    assert isinstance(events[-1], Finished)
    assert "2 new or changed masks joined" in (config.run_dir / "log.txt").read_text()


def test_a_snapshot_does_not_follow_later_edits_and_a_changed_mask_replaces_its_image(tmp_path: Path) -> None:
    first = sample(tmp_path, 0, {"thing": (0, 0, 90, 90)})
    pool = loaded([first])
    before = pool.get_pair(0).labels.copy()
    changed = replace(first, annotation=sample(tmp_path, 0, {"rare": (0, 0, 10, 10)}).annotation)
    assert (pool.get_pair(0).labels == before).all()
    list(pool.add([changed]))
    assert len(pool) == 1
    assert (pool.get_pair(0).labels[:10, :10] == 2).all()
    assert pool.counts[2] == 100
    list(pool.add([sample(tmp_path, 1, {"thing": (0, 0, 5, 5)})]))
    assert pool.names == ["0.png", "1.png"]
