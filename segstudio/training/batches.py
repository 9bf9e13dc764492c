"""Pictures and their labels in memory, and the random patches cut from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.raster import Labels
from segstudio.core.sample import Sample, ground_truth
from segstudio.errors import FileError, SegstudioError, TrainingError
from segstudio.events import Problem, Progress
from segstudio.formats.images import Pixels, read_picture

_WHITE_8_BIT = 255


@dataclass(frozen=True)
class Pair:
    """`pixels` (C, H, W) uint8 or uint16 and `labels` (H, W) uint8 of one sample."""

    name: str
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    labels: Labels


def channels_first(pixels: Pixels) -> Pixels:
    """(H, W) or (H, W, C) -> (C, H, W); axes are moved, never reshaped."""
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(np.moveaxis(pixels, 2, 0))


def unit_scale(pixels: Pixels, white: int) -> NDArray[np.float32]:
    """Integer pixels as float, about 0..1; `white` is the value that becomes 1.

    255 stands for pictures of 8 bits; anything larger for 16 bits, of which cameras use 10, 12 or 14. A
    picture of the other depth is brought to the same scale.
    """
    in_16_bits = 1 if pixels.dtype == np.uint16 else 257
    factor = in_16_bits / (65535 if white <= _WHITE_8_BIT else white)
    return pixels.astype(np.float32) * np.float32(factor)


def fitted_channels(pixels_CHW: Pixels, channels: int, name: str) -> Pixels:
    """Gray where colour is wanted is tripled, colour where gray is wanted is averaged; else TrainingError."""
    have = len(pixels_CHW)
    if have == channels:
        return pixels_CHW
    if have == 1 and channels == 3:
        return np.repeat(pixels_CHW, 3, axis=0)
    if have == 3 and channels == 1:
        return pixels_CHW.mean(axis=0, keepdims=True).astype(pixels_CHW.dtype)
    raise TrainingError(f"{name}: has {have} channels where {channels} are wanted; use pictures of one kind")


class Pool:
    """Samples that can be read, each once if the memory budget allows, else again whenever a patch is cut."""

    def __init__(
        self, samples: Sequence[Sample], table: ClassTable, unlabelled: str, budget_bytes: int = 1 << 30
    ) -> None:
        self._samples = list(samples)
        self._table = table
        self._unlabelled = unlabelled
        self._held: dict[int, Pair] = {}
        self._held_bytes = 0
        self._budget_bytes = budget_bytes
        self.channels = 0
        self.white = _WHITE_8_BIT

    @property
    def names(self) -> list[str]:
        return [sample.name for sample in self._samples]

    def __len__(self) -> int:
        return len(self._samples)

    def load(self, text: str) -> Iterator[Progress | Problem]:
        """Read everything once; what cannot be read or has no counted pixel is named and left out."""
        usable: list[Sample] = []
        channels: Counter[int] = Counter()
        for done, sample in enumerate(self._samples):
            yield Progress(done, len(self._samples), text)
            try:
                pair = self._read(sample)
            except SegstudioError as error:
                yield Problem(sample.name, str(error))
                continue
            if (pair.labels == IGNORE).all():
                yield Problem(sample.name, f"{sample.name}: no pixel of it is labelled; left out")
                continue
            channels[len(pair.pixels)] += 1
            if pair.pixels.dtype == np.uint16:
                self.white = max(self.white, int(pair.pixels.max()))
            self._keep(len(usable), pair)
            usable.append(sample)
        self._samples = usable
        self.channels = channels.most_common(1)[0][0] if channels else 0
        yield from self._fit()

    def _fit(self) -> Iterator[Problem]:
        """Bring every picture to the channels that most have; one that cannot be is named and left out."""
        kept: list[Sample] = []
        held: dict[int, Pair] = {}
        for index, sample in enumerate(self._samples):
            pair = self._held.get(index)
            try:
                fitted = None if pair is None else self._fitted(pair)
            except TrainingError as error:
                yield Problem(sample.name, str(error))
                continue
            if fitted is not None:
                held[len(kept)] = fitted
            kept.append(sample)
        self._samples, self._held = kept, held

    def _fitted(self, pair: Pair) -> Pair:
        return replace(pair, pixels=fitted_channels(pair.pixels, self.channels, pair.name))

    def pair(self, index: int) -> Pair:
        return self._held.get(index) or self._fitted(self._read(self._samples[index]))

    def __iter__(self) -> Iterator[Pair]:
        return (self.pair(index) for index in range(len(self)))

    def _keep(self, index: int, pair: Pair) -> None:
        size = pair.pixels.nbytes + pair.labels.nbytes
        if self._held_bytes + size <= self._budget_bytes:
            self._held[index] = pair
            self._held_bytes += size

    def _read(self, sample: Sample) -> Pair:
        pixels = channels_first(read_picture(sample.picture))
        labels = ground_truth(sample.annotation, self._table, self._unlabelled)
        if pixels.shape[1:] != labels.shape:
            raise FileError(
                sample.picture,
                f"is {pixels.shape[2]}x{pixels.shape[1]} but its labels are {labels.shape[1]}x{labels.shape[0]}",
                "label it again or restore the picture",
            )
        return Pair(sample.name, pixels, labels)


def statistics(pool: Pool, most: int = 50) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel in 0..1, over up to `most` pictures spread evenly."""
    chosen = np.unique(np.linspace(0, len(pool) - 1, min(most, len(pool))).astype(int))
    sums, squares, count = np.zeros(pool.channels), np.zeros(pool.channels), 0
    for index in chosen:
        pixels = pool.pair(int(index)).pixels
        flat = unit_scale(pixels.reshape(len(pixels), -1)[:, ::7], pool.white).astype(np.float64)
        sums += flat.sum(axis=1)
        squares += (flat**2).sum(axis=1)
        count += flat.shape[1]
    mean = sums / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 1e-8))
    return [float(value) for value in mean], [float(value) for value in np.maximum(deviation, 0.01)]


def random_batch(pool: Pool, batch: int, patch: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """(B, C, patch, patch) images of about 0..1 and (B, patch, patch) int64 labels, cut where something is labelled."""
    pixels, labels = [], []
    for _ in range(batch):
        pair = pool.pair(int(rng.integers(len(pool))))
        y, x = _corner(pair.labels, patch, rng)
        cut_pixels, cut_labels = _cut(pair, y, x, patch)
        pixels.append(unit_scale(cut_pixels, pool.white))
        labels.append(cut_labels)
    return torch.from_numpy(np.stack(pixels)), torch.from_numpy(np.stack(labels)).long()


def _corner(labels: Labels, patch: int, rng: np.random.Generator) -> tuple[int, int]:
    """A random place for a patch; tries again while it would hold no counted pixel."""
    rows, columns = (max(0, length - patch) + 1 for length in labels.shape)
    for _ in range(16):
        y, x = int(rng.integers(rows)), int(rng.integers(columns))
        if (labels[y : y + patch, x : x + patch] != IGNORE).any():
            return y, x
    counted = np.flatnonzero(labels != IGNORE)
    centre_y, centre_x = divmod(int(counted[rng.integers(len(counted))]), labels.shape[1])
    return (
        int(np.clip(centre_y - patch // 2, 0, rows - 1)),
        int(np.clip(centre_x - patch // 2, 0, columns - 1)),
    )


def _cut(pair: Pair, y: int, x: int, patch: int) -> tuple[Pixels, Labels]:
    pixels: Pixels = pair.pixels[:, y : y + patch, x : x + patch]
    labels = pair.labels[y : y + patch, x : x + patch]
    rows, columns = patch - labels.shape[0], patch - labels.shape[1]
    if rows or columns:  # a picture smaller than the patch is mirrored; the mirror image does not count
        pixels = np.pad(pixels, ((0, 0), (0, rows), (0, columns)), mode="symmetric")
        labels = np.pad(labels, ((0, rows), (0, columns)), constant_values=IGNORE)
    return pixels, labels
