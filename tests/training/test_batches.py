"""Patch sampling and prefetching: rare classes, sparse strokes, more data than memory, mixed images, added samples."""

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
from segstudio.project.project import Project
from segstudio.training.batches import Batch, BatchPrefetcher, PatchSampler
from segstudio.training.dataset import PatchDataset, compute_mean_std

TABLE = ClassTable.from_names(["_background_", "thing", "rare"])


def make_sample(folder: Path, number: int, boxes: dict[str, tuple[int, int, int, int]], side: int = 200) -> Sample:
    """A grey image with rectangles of labels: name -> y0, x0, y1, x1."""
    path = folder / f"{number}.png"
    Image.fromarray(np.full((side, side), number, np.uint8)).save(path)
    shapes = []
    for name, (y0, x0, y1, x1) in boxes.items():
        mask = np.zeros((side, side), bool)
        mask[y0:y1, x0:x1] = True
        shapes.append(Shape(name, MASK, bitmap=Bitmap.from_array(mask)))
    return Sample(path.name, path, Annotation(side, side, tuple(shapes)))


def load_dataset(
    samples: list[Sample], unlabelled: str = "background", budget: int = 1 << 30, table: ClassTable = TABLE
) -> PatchDataset:
    dataset = PatchDataset(samples, table, unlabelled, budget)
    assert not [event for event in dataset.load("") if isinstance(event, Problem)]
    return dataset


def test_a_rare_class_is_sampled_as_often_as_asked(tmp_path: Path) -> None:
    dataset = load_dataset([make_sample(tmp_path, 0, {"thing": (0, 0, 100, 200), "rare": (180, 180, 184, 184)})])
    fractions = []
    for fraction in (0.0, 1.0):
        sampler = PatchSampler(dataset, 32, 16, rare_class_fraction=fraction)
        labels = [sampler.make_batch(step).labels_BHW for step in range(12)]
        fractions.append(float(np.mean([(patch == 2).any() for batch in labels for patch in batch])))
    assert fractions[0] < 0.1
    assert fractions[1] > 0.3  # one of three classes


def test_patches_of_sparse_strokes_contain_labels(tmp_path: Path) -> None:
    strokes = {"thing": (10, 10, 13, 40), "_background_": (150, 20, 153, 60)}
    batch = PatchSampler(load_dataset([make_sample(tmp_path, 0, strokes)], "ignore"), 48, 64).make_batch(0)
    assert all((patch != 255).any() for patch in batch.labels_BHW)
    seen = Counter(int(value) for patch in batch.labels_BHW for value in patch[patch != 255].unique())
    assert set(seen) == {0, 1}
    corners = {tuple(np.argwhere(patch.numpy() != 255)[0]) for patch in batch.labels_BHW}
    assert len(corners) > 20  # not always in the middle


def test_patches_larger_than_the_images_are_padded_with_ignored_labels(
    project: Project, samples: tuple[Sample, ...]
) -> None:
    one_shape = [replace(s, annotation=s.annotation.with_shapes(s.annotation.shapes[-1:])) for s in samples]
    dataset = load_dataset(one_shape, "ignore", table=project.table)
    assert all((patch != 255).any() for patch in PatchSampler(dataset, 16, 64).make_batch(0).labels_BHW)
    batch = PatchSampler(dataset, 96, 3).make_batch(0)
    assert batch.images_BCHW.shape == (3, 3, 96, 96)
    assert (batch.labels_BHW[:, 64:] == 255).all()
    assert (batch.labels_BHW[:, :, 72:] == 255).all()
    assert torch.equal(batch.images_BCHW[:, :, 64:], batch.images_BCHW[:, :, 32:64].flip(2))


def test_a_patch_is_a_function_of_seed_step_and_number(tmp_path: Path) -> None:
    dataset = load_dataset([make_sample(tmp_path, n, {"thing": (0, 0, 90, 90 + n)}) for n in range(5)])
    sampler = PatchSampler(dataset, 32, 8, seed=3, rare_class_fraction=0.4)
    whole, again = sampler.make_batch(7), sampler.make_batch(7)
    halves = [sampler.make_batch(7, first, 4) for first in (0, 4)]
    assert torch.equal(whole.images_BCHW, again.images_BCHW)
    assert torch.equal(whole.labels_BHW, torch.cat([half.labels_BHW for half in halves]))
    assert not torch.equal(whole.labels_BHW, sampler.make_batch(8).labels_BHW)
    assert not torch.equal(whole.labels_BHW, replace(sampler, seed=4).make_batch(7).labels_BHW)


def test_more_data_than_memory_is_sampled_completely_with_few_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [make_sample(tmp_path, n, {"thing": (0, 0, 90, 90)}) for n in range(40)]
    budget = 10 * 2 * 200 * 200  # ten of forty
    dataset = load_dataset(samples, budget=budget)
    reads: list[str] = []
    real = PatchDataset._read
    monkeypatch.setattr(PatchDataset, "_read", lambda self, each: reads.append(each.name) or real(self, each))
    sampler = PatchSampler(dataset, 64, 8)
    seen: set[int] = set()
    for step in range(120):
        seen |= {round(float(image.mean()) * 255) for image in sampler.make_batch(step).images_BCHW}
        assert dataset._cached_bytes <= budget
    assert seen == set(range(40))
    assert len(reads) < 120 * 8 / 8  # each read serves many patches


def test_batches_are_prefetched_in_order_and_errors_are_passed_on() -> None:
    made: list[int] = []

    def make(step: int) -> Batch:
        made.append(step)
        if step == 5:
            raise ValueError("no batch")
        return Batch(torch.full((1,), float(step)), torch.zeros(1))

    batches = BatchPrefetcher(make)
    assert [float(batches.get(step).images_BCHW) for step in (0, 1, 2)] == [0, 1, 2]
    assert set(batches._pending) == {3, 4}  # prepared ahead
    assert float(batches.get(10).images_BCHW) == 10
    assert len(made) == len(set(made))
    with pytest.raises(ValueError, match="no batch"):
        batches.get(5)
    batches.restart(lambda step: Batch(torch.full((1,), -float(step)), torch.zeros(1)))
    assert float(batches.get(6).images_BCHW) == -6
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_a_dataset_keeps_a_snapshot_and_a_changed_sample_replaces_it(tmp_path: Path) -> None:
    first = make_sample(tmp_path, 0, {"thing": (0, 0, 90, 90)})
    dataset = load_dataset([first])
    before = dataset.get_pair(0).labels.copy()
    changed = replace(first, annotation=make_sample(tmp_path, 0, {"rare": (0, 0, 10, 10)}).annotation)
    assert (dataset.get_pair(0).labels == before).all()
    list(dataset.add([changed]))
    assert len(dataset) == 1
    assert (dataset.get_pair(0).labels[:10, :10] == 2).all()
    assert dataset.counts[2] == 100
    list(dataset.add([make_sample(tmp_path, 1, {"thing": (0, 0, 5, 5)})]))
    assert dataset.names == ["0.png", "1.png"]


def test_grey_and_colour_and_8_and_16_bit_images_can_be_mixed(project: Project, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def load(**images: np.ndarray) -> PatchDataset:
        for name, pixels in images.items():
            Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        made = [Sample(f"{name}.png", tmp_path / f"{name}.png", Annotation(48, 52)) for name in images]
        return load_dataset(made, table=project.table)

    deep = rng.integers(0, 4000, (48, 52), dtype=np.uint16)
    flat = (deep // 16).astype(np.uint8)
    dataset = load(deep=deep, flat=flat)
    assert dataset.white == deep.max()
    images = PatchSampler(dataset, 32, 32).make_batch(0).images_BCHW
    assert images.mean(dim=(1, 2, 3)).min() > 0.3
    colour = rng.integers(0, 255, (2, 48, 52, 3), dtype=np.uint8)
    dataset = load(flat=flat, b=colour[0], c=colour[1])
    assert (dataset.channels, len(dataset)) == (3, 3)


def test_mean_and_std_are_those_of_the_pixels(project: Project, samples: tuple[Sample, ...]) -> None:
    dataset = load_dataset(list(samples), table=project.table)
    mean, std = compute_mean_std(dataset)
    pixels = np.concatenate([pair.pixels.reshape(3, -1) for pair in dataset], axis=1) / 255
    assert np.allclose(mean, pixels.mean(axis=1), atol=0.02)
    assert np.allclose(std, pixels.std(axis=1), atol=0.02)
