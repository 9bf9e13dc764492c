"""The images and labels that a run learns from: held within a memory budget, read again beyond it."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.raster import Labels
from segstudio.core.sample import Sample, rasterise_ground_truth
from segstudio.errors import FileError, SegstudioError, TrainingError
from segstudio.events import Problem, Progress
from segstudio.formats.images import read_image
from segstudio.training.pixels import WHITE_8_BIT, channels_first, fitted_channels, unit_scale

_WINDOW = 0.8  # of the budget is for images to draw from, the rest for those that come next
_SPOTS = 256  # remembered places of each class in an image
_LOOKED_AT = 1 << 20  # pixels in which they are looked for first


@dataclass(frozen=True)
class ImagePair:
    """`pixels` (C, H, W) uint8 or uint16 and `labels` (H, W) uint8 of one sample."""

    name: str
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    labels: Labels

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes + self.labels.nbytes


@dataclass(frozen=True)
class ImageStats:
    """What sampling needs to know of an image that is not at hand.

    `counts` (256,) pixels of each label; `spots` some places (N, 2) of (row, column) for each class it holds.
    """

    shape: tuple[int, int]
    channels: int
    nbytes: int
    counts: NDArray[np.int64]
    spots: dict[int, NDArray[np.int32]]

    def nbytes_of(self, channels: int) -> int:
        """Held with so many channels."""
        pixels = self.shape[0] * self.shape[1]
        return pixels + (self.nbytes - pixels) // self.channels * channels


def facts_of(pair: ImagePair) -> ImageStats:
    counts = cv2.calcHist([pair.labels], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    rng = np.random.default_rng(0)
    spots = {int(label): _spots(pair.labels, int(label), rng) for label in np.flatnonzero(counts[:IGNORE])}
    return ImageStats(pair.labels.shape, len(pair.pixels), pair.nbytes, counts, spots)


def _spots(labels: Labels, label: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Up to 256 places of a class, looked for on a grid first and everywhere if that finds none."""
    stride = max(1, int(np.sqrt(labels.size / _LOOKED_AT)))
    found = np.argwhere(labels[::stride, ::stride] == label) * stride
    if not len(found):
        found = np.argwhere(labels == label)
    chosen = rng.permutation(len(found))[:_SPOTS]
    return found[chosen].astype(np.int32)


@dataclass(frozen=True)
class SamplingWindow:
    """Images to draw from now, by index: `chosen` all of them, `having` those that hold each label."""

    chosen: list[int]
    having: dict[int, list[int]]


class PatchDataset:
    """Samples that can be read. Any thread may ask for pairs; only the run itself adds or drops samples."""

    def __init__(
        self, samples: Sequence[Sample], table: ClassTable, unlabelled: str, budget_bytes: int = 1 << 30
    ) -> None:
        self._waiting = list(samples)
        self._table = table
        self._unlabelled = unlabelled
        self._samples: list[Sample] = []
        self.facts: list[ImageStats] = []
        self._held: OrderedDict[str, ImagePair] = OrderedDict()
        self._held_bytes = 0
        self.budget_bytes = budget_bytes
        self._lock = Lock()
        self.channels = 0
        self.white = WHITE_8_BIT
        self._settle()

    def _settle(self) -> None:
        """What every step asks for, computed where images come and go."""
        self.names = [sample.name for sample in self._samples]
        self.pixels = sum(facts.shape[0] * facts.shape[1] for facts in self.facts)
        self._nbytes = sum(facts.nbytes for facts in self.facts)
        self._near: tuple[tuple[int, int], SamplingWindow] | None = None

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[ImagePair]:
        return (self.pair(index) for index in range(len(self)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """(256,) pixels of each label over all images."""
        return sum((facts.counts for facts in self.facts), np.zeros(256, np.int64))

    def near(self, seed: int, visit: int) -> SamplingWindow:
        """The images to draw from: all, or as many as memory holds of an order that moves on with `visit`."""
        fits = self._nbytes <= self.budget_bytes
        key = (seed, 0 if fits else visit)
        known = self._near
        if known is None or known[0] != key:
            count = len(self)
            window = count if fits else max(1, int(_WINDOW * self.budget_bytes * count / self._nbytes))
            order = np.arange(count) if fits else np.random.default_rng(seed).permutation(count)
            chosen = [int(order[(key[1] + i) % count]) for i in range(min(window, count))]
            having: dict[int, list[int]] = defaultdict(list)
            for index in chosen:
                for label in self.facts[index].spots:
                    having[label].append(index)
            known = self._near = (key, SamplingWindow(chosen, {label: having[label] for label in sorted(having)}))
        return known[1]

    def load(self, text: str) -> Iterator[Progress | Problem]:
        """Read everything once; what cannot be read or has no counted pixel is named and left out."""
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
                yield Problem(sample.name, f"{sample.name}: no pixel of it is labelled; left out")
                continue
            channels[len(pair.pixels)] += 1
            if pair.pixels.dtype == np.uint16 and first:  # later ones are seen on the scale that is learnt
                self.white = max(self.white, int(pair.pixels.max()))
            self._keep(pair)
            loaded.append((sample, facts_of(pair)))
        self.channels = self.channels or (channels.most_common(1)[0][0] if channels else 0)
        yield from self._fit(loaded)

    def _fit(self, loaded: list[tuple[Sample, ImageStats]]) -> Iterator[Problem]:
        """Bring every image to the channels that most have; one that cannot be is named and left out."""
        places = {name: index for index, name in enumerate(self.names)}
        for sample, facts in loaded:
            pair = self._held.get(sample.name)
            try:
                fitted = fitted_channels(np.zeros((facts.channels, 1, 1), np.uint8), self.channels, sample.name)
            except TrainingError as error:
                self._forget(sample.name)
                yield Problem(sample.name, str(error))
                continue
            if pair is not None and len(fitted) != facts.channels:
                self._forget(sample.name)
                self._keep(self._fitted(pair))
            facts = replace(facts, channels=len(fitted), nbytes=facts.nbytes_of(len(fitted)))
            at = places.setdefault(sample.name, len(self._samples))
            self._samples[at : at + 1], self.facts[at : at + 1] = [sample], [facts]
        self._settle()

    def join(self, samples: Sequence[Sample]) -> Iterator[Progress | Problem]:
        """Take in images labelled since; those that are here already are replaced."""
        for sample in samples:
            self._forget(sample.name)
        self._waiting = list(samples)
        yield from self.load("reading new masks")

    def order(self, names: Sequence[str]) -> None:
        """As an earlier session had it, so that it goes on exactly; new ones come last."""
        place = {name: index for index, name in enumerate(names)}
        found = sorted(
            zip(self._samples, self.facts, strict=True), key=lambda pair: place.get(pair[0].name, len(place))
        )
        self._samples, self.facts = [sample for sample, _ in found], [facts for _, facts in found]
        self._settle()

    def drop(self, name: str) -> None:
        """Forget an image whose file has died."""
        if name in self.names:
            at = self.names.index(name)
            del self._samples[at], self.facts[at]
            self._settle()
        self._forget(name)

    def pair(self, index: int) -> ImagePair:
        """Raises SegstudioError when its file is gone or spoilt."""
        sample = self._samples[index]
        with self._lock:
            held = self._held.get(sample.name)
            if held is not None:
                self._held.move_to_end(sample.name)
                return held
        pair = self._fitted(self._read(sample))
        self._keep(pair, make_room=True)
        return pair

    def _fitted(self, pair: ImagePair) -> ImagePair:
        return replace(pair, pixels=fitted_channels(pair.pixels, self.channels, pair.name))

    def _keep(self, pair: ImagePair, make_room: bool = False) -> None:
        with self._lock:
            while make_room and self._held and self._held_bytes + pair.nbytes > self.budget_bytes:
                _, gone = self._held.popitem(last=False)
                self._held_bytes -= gone.nbytes
            if pair.name not in self._held and self._held_bytes + pair.nbytes <= self.budget_bytes:
                self._held[pair.name] = pair
                self._held_bytes += pair.nbytes

    def _forget(self, name: str) -> None:
        with self._lock:
            gone = self._held.pop(name, None)
            self._held_bytes -= gone.nbytes if gone else 0

    def _read(self, sample: Sample) -> ImagePair:
        pixels = channels_first(read_image(sample.image))
        labels = rasterise_ground_truth(sample.annotation, self._table, self._unlabelled)
        if pixels.shape[1:] != labels.shape:
            raise FileError(
                sample.image,
                f"is {pixels.shape[2]}x{pixels.shape[1]} but its labels are {labels.shape[1]}x{labels.shape[0]}",
                "label it again or restore the image",
            )
        return ImagePair(sample.name, pixels, labels)


def statistics(pool: PatchDataset, most: int = 50) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel in 0..1, over up to `most` images spread evenly."""
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
