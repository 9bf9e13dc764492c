"""Patch sampling and batch prefetching.

A patch is a function of seed, step and its number within the step. So an exact resume needs no saved sampler state,
and several ranks divide a batch by taking different numbers.

Tensors: B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from torch import Tensor

from segstudio.core.classes import IGNORE
from segstudio.core.raster import Labels
from segstudio.errors import SegstudioError, TrainingError
from segstudio.events import Problem
from segstudio.formats.images import Pixels
from segstudio.training.dataset import ImagePair, ImageStats, PatchDataset
from segstudio.training.pixels import scale_to_unit

SPARSE: Final = 0.5  # of an image with a smaller labelled fraction, patches are cut around labelled pixels
_PATCHES_PER_READ: Final = 16  # cut from an image each time it is read, where not all images fit into memory
_AHEAD: Final = 2  # batches prepared beyond the one asked for


@dataclass(frozen=True)
class Batch:
    """(B, C, H, W) float32 images, about 0..1, and (B, H, W) int64 labels of square patches."""

    images_BCHW: Tensor
    labels_BHW: Tensor
    problems: list[Problem] = field(default_factory=list)

    @property
    def has_labels(self) -> bool:
        """False if every pixel is ignored."""
        return bool((self.labels_BHW != IGNORE).any())


@dataclass(frozen=True)
class _Position:
    """A patch must contain (y, x) of the image with this index, or may be anywhere in it."""

    index: int
    pixel: tuple[int, int] | None = None


@dataclass(frozen=True)
class PatchSampler:
    """Cuts patches: a fraction around a class drawn evenly, the others anywhere, or on labels where those are sparse.

    `patch_size` is in pixels; a step takes `patches` on all ranks together.
    """

    dataset: PatchDataset
    patch_size: int
    patches: int
    seed: int = 0
    rare_class_fraction: float = 0.0

    def make_batch(self, step: int, first: int = 0, count: int = 0) -> Batch:
        """`count` patches of a step from number `first` on, or all; raises TrainingError when no image is left.

        An image that can no longer be read is dropped from the dataset and reported in `problems`.
        """
        pixels: list[np.ndarray] = []
        labels: list[Labels] = []
        problems: list[Problem] = []
        for number in range(first, first + (count or self.patches)):
            cut_pixels, cut_labels = self._draw_patch(step, number, problems)
            pixels.append(scale_to_unit(cut_pixels, self.dataset.white))
            labels.append(cut_labels)
        images_BCHW, labels_BHW = torch.from_numpy(np.stack(pixels)), torch.from_numpy(np.stack(labels)).long()
        return Batch(images_BCHW, labels_BHW, problems)

    def _draw_patch(self, step: int, number: int, problems: list[Problem]) -> tuple[Pixels, Labels]:
        for attempt in range(len(self.dataset) + 1):
            if not len(self.dataset):
                break
            rng = np.random.default_rng((self.seed, step, number, attempt))
            position = self._draw_position(step * self.patches + number, rng)
            try:
                pair = self.dataset.get_pair(position.index)
            except SegstudioError as error:
                name = self.dataset.names[position.index]
                problems.append(Problem(name, str(error)))
                self.dataset.drop(name)
                continue
            y, x = _draw_corner(position.pixel, pair.labels.shape, self.patch_size, rng)
            return _cut(pair, y, x, self.patch_size)
        raise TrainingError("no training image can be read any more; restore the files, then resume the run")

    def _draw_position(self, number: int, rng: np.random.Generator) -> _Position:
        """`number` counts the patches of the whole run; it moves the window of images that are in memory."""
        window = self.dataset.choose_window(self.seed, number // _PATCHES_PER_READ)
        if rng.random() < self.rare_class_fraction:
            classes = list(window.by_class)
            label = classes[int(rng.integers(len(classes)))]
            images = window.by_class[label]
            index = images[int(rng.integers(len(images)))]
            return _Position(index, _draw_pixel(self.dataset.stats[index], label, rng))
        index = window.images[int(rng.integers(len(window.images)))]
        stats = self.dataset.stats[index]
        labelled = stats.counts[:IGNORE].sum()
        if labelled >= SPARSE * stats.counts.sum():
            return _Position(index)
        frequencies = stats.counts[:IGNORE] / labelled
        return _Position(index, _draw_pixel(stats, int(rng.choice(IGNORE, p=frequencies)), rng))


def _draw_pixel(stats: ImageStats, label: int, rng: np.random.Generator) -> tuple[int, int]:
    pixels = stats.pixels[label]
    y, x = pixels[int(rng.integers(len(pixels)))]
    return int(y), int(x)


def _draw_corner(
    pixel: tuple[int, int] | None, shape: tuple[int, ...], patch_size: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Top left corner of a patch that has `pixel` in its middle half, or of one anywhere."""
    rows, columns = (max(0, length - patch_size) + 1 for length in shape)
    if pixel is None:
        return int(rng.integers(rows)), int(rng.integers(columns))
    inside = rng.integers(patch_size // 4, max(patch_size // 4 + 1, 3 * patch_size // 4), 2)
    return (
        int(np.clip(pixel[0] - inside[0], 0, rows - 1)),
        int(np.clip(pixel[1] - inside[1], 0, columns - 1)),
    )


def _cut(pair: ImagePair, y: int, x: int, patch_size: int) -> tuple[Pixels, Labels]:
    """An image smaller than the patch is padded by reflection, with ignored labels."""
    pixels: Pixels = pair.pixels[:, y : y + patch_size, x : x + patch_size]
    labels = pair.labels[y : y + patch_size, x : x + patch_size]
    rows, columns = patch_size - labels.shape[0], patch_size - labels.shape[1]
    if rows or columns:
        pixels = np.pad(pixels, ((0, 0), (0, rows), (0, columns)), mode="symmetric")
        labels = np.pad(labels, ((0, rows), (0, columns)), constant_values=IGNORE)
    return pixels, labels


class BatchPrefetcher:
    """Prepares the batches of the next steps in a background thread."""

    def __init__(self, make: Callable[[int], Batch]) -> None:
        self._make = make
        self._threads = ThreadPoolExecutor(1, "batches")
        self._pending: OrderedDict[int, Future[Batch]] = OrderedDict()

    def get(self, step: int) -> Batch:
        """The batch of a step, usually prepared already; batches prepared for other steps are dropped."""
        for other in [s for s in self._pending if not step <= s <= step + _AHEAD]:
            self._pending.pop(other).cancel()
        for ahead in range(step, step + _AHEAD + 1):
            if ahead not in self._pending:
                self._pending[ahead] = self._threads.submit(self._make, ahead)
        return self._pending.pop(step).result()

    def restart(self, make: Callable[[int], Batch]) -> None:
        """Drop what is prepared and use `make` from now on."""
        self.drop_all()
        self._make = make

    def drop_all(self) -> None:
        """Wait for the batch in progress, then drop all prepared batches: nothing reads the dataset any more."""
        while self._pending:
            _, future = self._pending.popitem()
            if not future.cancel():
                future.exception()

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
