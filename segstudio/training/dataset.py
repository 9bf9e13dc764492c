"""Training images and labels, cached within a memory budget and read again beyond it.

Arrays: C channels, H rows, W columns, N pixels.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.raster import Labels
from segstudio.core.sample import Sample, rasterise_ground_truth
from segstudio.errors import FileError, SegstudioError, TrainingError
from segstudio.events import Problem, Progress
from segstudio.formats.images import Pixels, read_image
from segstudio.training.pixels import WHITE_8_BIT, convert_channels, scale_to_unit, to_channels_first

_WINDOW: Final = 0.8  # fraction of the budget for images of the present window, the rest is for those that come next
_MAX_PIXELS_PER_CLASS: Final = 256  # positions kept per class and image
_SEARCHED_PIXELS: Final = 1 << 20  # size of the grid on which they are looked for first


@dataclass(frozen=True)
class ImagePair:
    """`pixels` (C, H, W) uint8 or uint16 and `labels` (H, W) uint8 of one sample."""

    name: str
    pixels: Pixels
    labels: Labels

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes + self.labels.nbytes


@dataclass(frozen=True)
class ImageStats:
    """What sampling needs of an image that may not be in memory.

    `counts` (256,) pixels of each label; `pixels` up to 256 positions (N, 2) of (row, column) of each class.
    """

    shape: tuple[int, int]
    channels: int
    nbytes: int
    counts: NDArray[np.int64]
    pixels: dict[int, NDArray[np.int32]]

    def with_channels(self, channels: int) -> ImageStats:
        plane = self.shape[0] * self.shape[1]
        nbytes = plane + (self.nbytes - plane) // self.channels * channels
        return replace(self, channels=channels, nbytes=nbytes)


def compute_stats(pair: ImagePair) -> ImageStats:
    counts = cv2.calcHist([pair.labels], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    rng = np.random.default_rng(0)
    pixels = {int(label): _choose_pixels(pair.labels, int(label), rng) for label in np.flatnonzero(counts[:IGNORE])}
    return ImageStats(pair.labels.shape, len(pair.pixels), pair.nbytes, counts, pixels)


def _choose_pixels(labels: Labels, label: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Positions of a class, searched on a grid first and everywhere if the grid misses the class."""
    stride = max(1, int(np.sqrt(labels.size / _SEARCHED_PIXELS)))
    found = np.argwhere(labels[::stride, ::stride] == label) * stride
    if not len(found):
        found = np.argwhere(labels == label)
    chosen = rng.permutation(len(found))[:_MAX_PIXELS_PER_CLASS]
    return found[chosen].astype(np.int32)


@dataclass(frozen=True)
class SamplingWindow:
    """Indices of the images to draw from now: `images` all of them, `by_class` those that contain each class."""

    images: list[int]
    by_class: dict[int, list[int]]


class PatchDataset:
    """Readable samples. Any thread may call `get_pair`; only the run itself adds or drops samples."""

    def __init__(
        self, samples: Sequence[Sample], table: ClassTable, unlabelled: str, budget_bytes: int = 1 << 30
    ) -> None:
        self._waiting = list(samples)
        self._table = table
        self._unlabelled = unlabelled
        self._samples: list[Sample] = []
        self.stats: list[ImageStats] = []
        self._cached: OrderedDict[str, ImagePair] = OrderedDict()
        self._cached_bytes = 0
        self.budget_bytes = budget_bytes
        self._lock = Lock()
        self.channels = 0
        self.white = WHITE_8_BIT
        self._update_totals()

    def _update_totals(self) -> None:
        """What every step asks for, computed only when images are added or dropped."""
        self.names = [sample.name for sample in self._samples]
        self.num_pixels = sum(stats.shape[0] * stats.shape[1] for stats in self.stats)
        self._nbytes = sum(stats.nbytes for stats in self.stats)
        self._window: tuple[tuple[int, int], SamplingWindow] | None = None

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[ImagePair]:
        return (self.get_pair(index) for index in range(len(self)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """(256,) pixels of each label over all images."""
        return sum((stats.counts for stats in self.stats), np.zeros(256, np.int64))

    def choose_window(self, seed: int, position: int) -> SamplingWindow:
        """All images if they fit the budget, else as many as fit of a random order, from `position` on."""
        fits = self._nbytes <= self.budget_bytes
        key = (seed, 0 if fits else position)
        known = self._window
        if known is None or known[0] != key:
            count = len(self)
            size = count if fits else max(1, int(_WINDOW * self.budget_bytes * count / self._nbytes))
            order = np.arange(count) if fits else np.random.default_rng(seed).permutation(count)
            images = [int(order[(key[1] + i) % count]) for i in range(min(size, count))]
            by_class: dict[int, list[int]] = defaultdict(list)
            for index in images:
                for label in self.stats[index].pixels:
                    by_class[label].append(index)
            window = SamplingWindow(images, {label: by_class[label] for label in sorted(by_class)})
            known = self._window = (key, window)
        return known[1]

    def load(self, text: str) -> Iterator[Progress | Problem]:
        """Read every waiting sample once; report and leave out what is unreadable or has only ignored pixels."""
        loaded: list[tuple[Sample, ImageStats]] = []
        channels: Counter[int] = Counter()
        waiting, self._waiting = self._waiting, []
        first = not self.channels
        for done, sample in enumerate(waiting):
            yield Progress(done, len(waiting), text)
            try:
                pair = self._read(sample)
            except SegstudioError as error:
                yield Problem(sample.name, str(error))
                continue
            if (pair.labels == IGNORE).all():
                yield Problem(sample.name, f"{sample.name}: no pixel is labelled; the image is left out of training")
                continue
            channels[len(pair.pixels)] += 1
            if pair.pixels.dtype == np.uint16 and first:  # images added later are scaled as those trained on so far
                self.white = max(self.white, int(pair.pixels.max()))
            self._cache(pair)
            loaded.append((sample, compute_stats(pair)))
        self.channels = self.channels or (channels.most_common(1)[0][0] if channels else 0)
        yield from self._insert(loaded)

    def _insert(self, loaded: list[tuple[Sample, ImageStats]]) -> Iterator[Problem]:
        """Insert or replace samples, converted to the channels that most have; one that cannot be is left out."""
        places = {name: index for index, name in enumerate(self.names)}
        for sample, stats in loaded:
            pair = self._cached.get(sample.name)
            try:
                convert_channels(np.zeros((stats.channels, 1, 1), np.uint8), self.channels, sample.name)
            except TrainingError as error:
                self._evict(sample.name)
                yield Problem(sample.name, str(error))
                continue
            if pair is not None and stats.channels != self.channels:
                self._evict(sample.name)
                self._cache(self._convert(pair))
            at = places.setdefault(sample.name, len(self._samples))
            self._samples[at : at + 1], self.stats[at : at + 1] = [sample], [stats.with_channels(self.channels)]
        self._update_totals()

    def add(self, samples: Sequence[Sample]) -> Iterator[Progress | Problem]:
        """Add newly labelled samples; one with the name of an earlier sample replaces it."""
        for sample in samples:
            self._evict(sample.name)
        self._waiting = list(samples)
        yield from self.load("reading new labels")

    def reorder(self, names: Sequence[str]) -> None:
        """Put samples in the order of an earlier session, which an exact resume needs; new ones come last."""
        place = {name: index for index, name in enumerate(names)}
        found = sorted(
            zip(self._samples, self.stats, strict=True), key=lambda entry: place.get(entry[0].name, len(place))
        )
        self._samples, self.stats = [sample for sample, _ in found], [stats for _, stats in found]
        self._update_totals()

    def drop(self, name: str) -> None:
        """Drop a sample, for example one whose file can no longer be read; does nothing for an unknown name."""
        if name in self.names:
            at = self.names.index(name)
            del self._samples[at], self.stats[at]
            self._update_totals()
        self._evict(name)

    def get_pair(self, index: int) -> ImagePair:
        """From the cache or the file. Raises SegstudioError when the file is missing or damaged."""
        sample = self._samples[index]
        with self._lock:
            cached = self._cached.get(sample.name)
            if cached is not None:
                self._cached.move_to_end(sample.name)
                return cached
        pair = self._convert(self._read(sample))
        self._cache(pair, make_room=True)
        return pair

    def _convert(self, pair: ImagePair) -> ImagePair:
        return replace(pair, pixels=convert_channels(pair.pixels, self.channels, pair.name))

    def _cache(self, pair: ImagePair, make_room: bool = False) -> None:
        with self._lock:
            while make_room and self._cached and self._cached_bytes + pair.nbytes > self.budget_bytes:
                _, oldest = self._cached.popitem(last=False)
                self._cached_bytes -= oldest.nbytes
            if pair.name not in self._cached and self._cached_bytes + pair.nbytes <= self.budget_bytes:
                self._cached[pair.name] = pair
                self._cached_bytes += pair.nbytes

    def _evict(self, name: str) -> None:
        with self._lock:
            pair = self._cached.pop(name, None)
            self._cached_bytes -= pair.nbytes if pair else 0

    def _read(self, sample: Sample) -> ImagePair:
        pixels = to_channels_first(read_image(sample.image))
        labels = rasterise_ground_truth(sample.annotation, self._table, self._unlabelled)
        if pixels.shape[1:] != labels.shape:
            raise FileError(
                sample.image,
                f"image is {pixels.shape[2]}x{pixels.shape[1]} but its labels are {labels.shape[1]}x{labels.shape[0]}",
                "label it again or restore the image",
            )
        return ImagePair(sample.name, pixels, labels)


def compute_mean_std(dataset: PatchDataset, max_images: int = 50) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel in 0..1, over up to `max_images` images spread evenly."""
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(max_images, len(dataset))).astype(int))
    sums, squares, count = np.zeros(dataset.channels), np.zeros(dataset.channels), 0
    for index in chosen:
        pixels = dataset.get_pair(int(index)).pixels
        flat = scale_to_unit(pixels.reshape(len(pixels), -1)[:, ::7], dataset.white).astype(np.float64)
        sums += flat.sum(axis=1)
        squares += (flat**2).sum(axis=1)
        count += flat.shape[1]
    mean = sums / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1e-8))
    return [float(value) for value in mean], [float(value) for value in np.maximum(std, 0.01)]
