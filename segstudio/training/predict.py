"""The one way from an image to a prediction, for window, command line, figures and export.

Evenly spaced tiles, Gaussian weights, float32 sums. Sums are held for one band of tiles at a time, so
memory follows the image's width and not its area.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.prediction import Prediction
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.images import Pixels, read_image
from segstudio.training.device import Device, is_out_of_memory
from segstudio.training.model import Model
from segstudio.training.pixels import channels_first, fitted_channels
from segstudio.training.tiles import gaussian_weight, tile_starts

OVERLAP = 0.5
PROBABILITY_BYTES = 512 * 1024**2
_EDGE = 32  # network input is padded to a multiple of this


def predict(
    model: Model, pixels: Pixels, device: Device, name: str = "", overlap: float = OVERLAP
) -> Iterator[Progress | Prediction]:
    """Yields Progress by bands of tiles and, last, the Prediction. Raises TrainingError for other channels.

    Where memory does not do for a tile, the model's tile is halved and all begins again.
    """
    while True:
        try:
            yield from _predicted(model, pixels, device, name, overlap)
            return
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or model.tile < 4 * _EDGE:
                raise
            device.free()
            model.tile = model.tile // 2 // _EDGE * _EDGE


def _predicted(
    model: Model, pixels: Pixels, device: Device, name: str, overlap: float
) -> Iterator[Progress | Prediction]:
    pixels_CHW = fitted_channels(channels_first(pixels), model.architecture.in_channels, name)
    num_classes = model.architecture.num_classes
    height, width = pixels_CHW.shape[1:]
    out = _Planes(num_classes, height, width)
    model.net.eval()
    rows = tile_starts(height, model.tile, overlap)
    band = _Band(num_classes, min(model.tile, height), width)
    for index, y in enumerate(rows):
        yield Progress(index, len(rows), name)
        for x in tile_starts(width, model.tile, overlap):
            band.add(_tile_probabilities(model, pixels_CHW, y, x, device), x)
        until = rows[index + 1] if index + 1 < len(rows) else height
        out.write(y, band.take(until - y))
    yield Prediction(name, model.step, tuple(model.table.names), out.labels, out.probabilities, out.entropy)


def predict_whole(model: Model, pixels: Pixels, device: Device, name: str = "", overlap: float = OVERLAP) -> Prediction:
    """`predict` without its progress."""
    *_, last = predict(model, pixels, device, name, overlap)
    assert isinstance(last, Prediction)
    return last


def _tile_probabilities(model: Model, pixels_CHW: Pixels, y: int, x: int, device: Device) -> NDArray[np.float32]:
    """(C, h, w) of the tile that starts at (y, x), mirrored where the network needs more than there is."""
    tile = pixels_CHW[:, y : y + model.tile, x : x + model.tile]
    height, width = tile.shape[1:]
    unit = max(_EDGE, 2**model.architecture.depth)
    pad = [(0, 0), (0, -height % unit), (0, -width % unit)]
    probabilities = model.probabilities(np.pad(tile, pad, mode="symmetric"), device)
    return probabilities[:, :height, :width].cpu().numpy()


class _Band:
    """Weighted sums of the rows that tiles at hand can still reach."""

    def __init__(self, num_classes: int, tile: int, width: int) -> None:
        self._sums = np.zeros((num_classes, tile, width), np.float32)
        self._weights = np.zeros((tile, width), np.float32)

    def add(self, probabilities: NDArray[np.float32], x: int) -> None:
        height, width = probabilities.shape[1:]
        weight = gaussian_weight(height, width)
        self._sums[:, :height, x : x + width] += probabilities * weight
        self._weights[:height, x : x + width] += weight

    def take(self, rows: int) -> NDArray[np.float32]:
        """Probabilities (C, rows, width) of the finished rows on top; the rest moves up."""
        done = self._sums[:, :rows] / self._weights[:rows]
        for held in (self._sums, self._weights):
            rest = held.shape[-2] - rows
            held[..., :rest, :] = held[..., rows:, :].copy()
            held[..., rest:, :] = 0
        return done


class _Planes:
    """The byte planes of a Prediction, written band by band."""

    def __init__(self, num_classes: int, height: int, width: int) -> None:
        kept = num_classes if num_classes * height * width <= PROBABILITY_BYTES else 0
        self.labels = np.zeros((height, width), np.uint8)
        self.entropy = np.zeros((height, width), np.uint8)
        self.probabilities = np.zeros((kept, height, width), np.uint8)
        self._log_classes = float(np.log(max(2, num_classes)))

    def write(self, y: int, probabilities: NDArray[np.float32]) -> None:
        rows = slice(y, y + probabilities.shape[1])
        self.labels[rows] = probabilities.argmax(axis=0)
        entropy = -(probabilities * np.log(np.maximum(probabilities, 1e-12))).sum(axis=0)
        self.entropy[rows] = np.clip(entropy * (255 / self._log_classes) + 0.5, 0, 255)
        if len(self.probabilities):
            self.probabilities[:, rows] = probabilities * 255 + 0.5


def predict_file(model: Model, image: Path, device: Device, name: str) -> Prediction:
    """Read and predict one image. Raises FileError or TrainingError."""
    return predict_whole(model, read_image(image), device, name)


def predict_files(
    model: Model, images: Mapping[str, Path], device: Device
) -> Iterator[Progress | Problem | Prediction]:
    """A Prediction for each image by name; one that fails is named and the rest goes on."""
    for done, (name, image) in enumerate(images.items()):
        yield Progress(done, len(images), name)
        try:
            yield predict_file(model, image, device, name)
        except SegstudioError as error:
            yield Problem(name, str(error))
