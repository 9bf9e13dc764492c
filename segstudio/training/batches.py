"""Which patches a step learns from, and their preparation one step ahead.

A patch is a function of seed, step and its number in the step, so nothing about the sampler has to be saved to
go on exactly, and several processes share a batch by taking their numbers of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from segstudio.core.classes import IGNORE
from segstudio.core.raster import Labels
from segstudio.errors import SegstudioError, TrainingError
from segstudio.events import Problem
from segstudio.formats.images import Pixels
from segstudio.training.dataset import ImageStats, ImagePair, PatchDataset
from segstudio.training.pixels import unit_scale

SPARSE = 0.5  # less than this share labelled: patches are cut around labelled pixels
_PATCHES_A_VISIT = 16  # cut from an image each time it is read, where not all fit into memory
_AHEAD = 2


@dataclass(frozen=True)
class Batch:
    """(B, C, patch, patch) float32 images of about 0..1 and (B, patch, patch) int64 labels."""

    images_BCHW: Tensor
    labels_BHW: Tensor
    problems: list[Problem] = field(default_factory=list)

    @property
    def counted(self) -> bool:
        return bool((self.labels_BHW != IGNORE).any())


@dataclass(frozen=True)
class Sampler:
    """Cuts patches: a share `rare` around a class drawn evenly, the rest anywhere, or on labels if sparse.

    A step takes `patches` in all processes together.
    """

    pool: PatchDataset
    patch: int
    patches: int
    seed: int = 0
    rare: float = 0.0

    def batch_at(self, step: int, first: int = 0, count: int = 0) -> Batch:
        """`count` patches of a step from the `first` on, else all. Raises TrainingError when no image is left."""
        pixels: list[np.ndarray] = []
        labels: list[Labels] = []
        problems: list[Problem] = []
        for number in range(first, first + (count or self.patches)):
            pair, y, x = self._drawn(step, number, problems)
            cut_pixels, cut_labels = _cut(pair, y, x, self.patch)
            pixels.append(unit_scale(cut_pixels, self.pool.white))
            labels.append(cut_labels)
        images_BCHW, labels_BHW = torch.from_numpy(np.stack(pixels)), torch.from_numpy(np.stack(labels)).long()
        return Batch(images_BCHW, labels_BHW, problems)

    def _drawn(self, step: int, number: int, problems: list[Problem]) -> tuple[ImagePair, int, int]:
        for again in range(len(self.pool) + 1):
            if not len(self.pool):
                break
            rng = np.random.default_rng((self.seed, step, number, again))
            index, spot = self._place(step * self.patches + number, rng)
            try:
                pair = self.pool.pair(index)
            except SegstudioError as error:  # the file has died since it was first read
                name = self.pool.names[index]
                problems.append(Problem(name, str(error)))
                self.pool.drop(name)
                continue
            y, x = _corner_near(spot, pair.labels.shape, self.patch, rng)
            return pair, y, x
        raise TrainingError("no image is left to learn from; their files cannot be read any more")

    def _place(self, drawn: int, rng: np.random.Generator) -> tuple[int, tuple[int, int] | None]:
        """An image, and a pixel that the patch must hold; None for anywhere."""
        near = self.pool.near(self.seed, drawn // _PATCHES_A_VISIT)
        if rng.random() < self.rare:
            classes = list(near.having)
            label = classes[int(rng.integers(len(classes)))]
            having = near.having[label]
            index = having[int(rng.integers(len(having)))]
            return index, _one_of(self.pool.facts[index], label, rng)
        index = near.chosen[int(rng.integers(len(near.chosen)))]
        facts = self.pool.facts[index]
        counted = facts.counts[:IGNORE].sum()
        if counted >= SPARSE * facts.counts.sum():
            return index, None
        share = facts.counts[:IGNORE] / counted
        return index, _one_of(facts, int(rng.choice(IGNORE, p=share)), rng)


def _one_of(facts: ImageStats, label: int, rng: np.random.Generator) -> tuple[int, int]:
    spots = facts.spots[label]
    y, x = spots[int(rng.integers(len(spots)))]
    return int(y), int(x)


def _corner_near(
    spot: tuple[int, int] | None, shape: tuple[int, ...], patch: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Top left of a patch that holds `spot` somewhere in its middle half, or of one anywhere."""
    rows, columns = (max(0, length - patch) + 1 for length in shape)
    if spot is None:
        return int(rng.integers(rows)), int(rng.integers(columns))
    inside = rng.integers(patch // 4, max(patch // 4 + 1, 3 * patch // 4), 2)
    return (
        int(np.clip(spot[0] - inside[0], 0, rows - 1)),
        int(np.clip(spot[1] - inside[1], 0, columns - 1)),
    )


def _cut(pair: ImagePair, y: int, x: int, patch: int) -> tuple[Pixels, Labels]:
    pixels: Pixels = pair.pixels[:, y : y + patch, x : x + patch]
    labels = pair.labels[y : y + patch, x : x + patch]
    rows, columns = patch - labels.shape[0], patch - labels.shape[1]
    if rows or columns:  # an image smaller than the patch is mirrored; the mirror image does not count
        pixels = np.pad(pixels, ((0, 0), (0, rows), (0, columns)), mode="symmetric")
        labels = np.pad(labels, ((0, rows), (0, columns)), constant_values=IGNORE)
    return pixels, labels


class BatchPrefetcher:
    """Prepares the batches of the next steps in a thread beside the one that learns."""

    def __init__(self, make: Callable[[int], Batch]) -> None:
        self._make = make
        self._threads = ThreadPoolExecutor(1, "batches")
        self._coming: OrderedDict[int, Future[Batch]] = OrderedDict()

    def take(self, step: int) -> Batch:
        """The batch of a step, usually ready; what was prepared for other steps is dropped."""
        for other in [s for s in self._coming if not step <= s <= step + _AHEAD]:
            self._coming.pop(other).cancel()
        for ahead in range(step, step + _AHEAD + 1):
            if ahead not in self._coming:
                self._coming[ahead] = self._threads.submit(self._make, ahead)
        return self._coming.pop(step).result()

    def restart(self, make: Callable[[int], Batch]) -> None:
        """From now on by another recipe."""
        self.wait()
        self._make = make

    def wait(self) -> None:
        """Until nothing is being prepared; what was, is dropped."""
        while self._coming:
            _, coming = self._coming.popitem()
            if not coming.cancel():
                coming.exception()

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
