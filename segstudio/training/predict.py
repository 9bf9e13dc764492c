"""Tiled prediction of one image; the only way from an image to a Prediction, for window, command line and validation.

Evenly spaced, overlapping tiles, Gaussian weights, float32 sums. Sums are held for one row of tiles at a time, so
that memory grows with the width of the image and not with its area.

Arrays: C input channels, K classes, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segstudio.core.prediction import Prediction
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.images import Pixels, read_image
from segstudio.training.device import Device, is_out_of_memory
from segstudio.training.model import Model
from segstudio.training.pixels import convert_channels, to_channels_first

OVERLAP: Final = 0.5
PROBABILITY_BYTES = 512 * 1024**2  # a Prediction holds no probabilities beyond it
_UNIT: Final = 32  # sides of the network's input are padded to a multiple of it


def predict(
    model: Model, pixels: Pixels, device: Device, name: str = "", overlap: float = OVERLAP
) -> Iterator[Progress | Prediction]:
    """Yield Progress for each row of tiles and, last, the Prediction of (H, W) or (H, W, C) pixels.

    When memory runs out, `model.tile` is halved and the image is predicted again. Raises TrainingError for pixels
    with other channels than the model takes.
    """
    while True:
        try:
            yield from _predict_tiled(model, pixels, device, name, overlap)
            return
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or model.tile < 4 * _UNIT:
                raise
            device.empty_cache()
            model.tile = model.tile // 2 // _UNIT * _UNIT


def _predict_tiled(
    model: Model, pixels: Pixels, device: Device, name: str, overlap: float
) -> Iterator[Progress | Prediction]:
    pixels_CHW = convert_channels(to_channels_first(pixels), model.architecture.in_channels, name)
    num_classes = model.architecture.num_classes
    height, width = pixels_CHW.shape[1:]
    planes = _Planes(num_classes, height, width)
    model.net.eval()
    starts = find_tile_starts(height, model.tile, overlap)
    sums = _RowSums(num_classes, min(model.tile, height), width)
    for index, y in enumerate(starts):
        yield Progress(index, len(starts), name)
        for x in find_tile_starts(width, model.tile, overlap):
            sums.add(_predict_tile(model, pixels_CHW, y, x, device), x)
        end = starts[index + 1] if index + 1 < len(starts) else height
        planes.write(y, sums.pop_rows(end - y))
    yield Prediction(name, model.step, tuple(model.table.names), planes.labels, planes.probabilities, planes.entropy)


def predict_whole(model: Model, pixels: Pixels, device: Device, name: str = "", overlap: float = OVERLAP) -> Prediction:
    """`predict` without its progress."""
    *_, prediction = predict(model, pixels, device, name, overlap)
    assert isinstance(prediction, Prediction)
    return prediction


def _predict_tile(model: Model, pixels_CHW: Pixels, y: int, x: int, device: Device) -> NDArray[np.float32]:
    """Probabilities (K, h, w) of the tile at (y, x), padded by reflection to the size that the network needs."""
    tile_CHW = pixels_CHW[:, y : y + model.tile, x : x + model.tile]
    height, width = tile_CHW.shape[1:]
    unit = max(_UNIT, 2**model.architecture.depth)
    padding = [(0, 0), (0, -height % unit), (0, -width % unit)]
    probabilities_KHW = model.predict_probabilities(np.pad(tile_CHW, padding, mode="symmetric"), device)
    return probabilities_KHW[:, :height, :width].cpu().numpy()


def find_tile_starts(length: int, tile: int, overlap: float) -> list[int]:
    """First pixels of evenly spaced tiles that cover `length` and overlap by at least the fraction `overlap`."""
    if length <= tile:
        return [0]
    count = 1 + int(np.ceil((length - tile) / (tile * (1 - overlap))))
    return [round(step * (length - tile) / (count - 1)) for step in range(count)]


@lru_cache(maxsize=8)
def make_gaussian_weight(height: int, width: int) -> NDArray[np.float32]:
    """(height, width) weights, 1 in the centre, sigma 1/8 of the tile, never 0 (as in nnU-Net); read-only."""
    weight = np.maximum(_make_gaussian(height)[:, None] * _make_gaussian(width)[None, :], np.float32(1e-3))
    weight.flags.writeable = False
    return weight


def _make_gaussian(length: int) -> NDArray[np.float32]:
    offset = np.arange(length, dtype=np.float32) - np.float32((length - 1) / 2)
    gaussian: NDArray[np.float32] = np.exp(-0.5 * (offset / np.float32(length / 8)) ** 2).astype(np.float32)
    return gaussian


class _RowSums:
    """Weighted sums of probabilities for the image rows that tiles still to come can overlap."""

    def __init__(self, num_classes: int, tile: int, width: int) -> None:
        self._sums_KHW = np.zeros((num_classes, tile, width), np.float32)
        self._weights_HW = np.zeros((tile, width), np.float32)

    def add(self, probabilities_KHW: NDArray[np.float32], x: int) -> None:
        height, width = probabilities_KHW.shape[1:]
        weight_HW = make_gaussian_weight(height, width)
        self._sums_KHW[:, :height, x : x + width] += probabilities_KHW * weight_HW
        self._weights_HW[:height, x : x + width] += weight_HW

    def pop_rows(self, rows: int) -> NDArray[np.float32]:
        """Probabilities (K, rows, W) of the finished rows at the top; the others move up."""
        done_KHW = self._sums_KHW[:, :rows] / self._weights_HW[:rows]
        for held in (self._sums_KHW, self._weights_HW):
            rest = held.shape[-2] - rows
            held[..., :rest, :] = held[..., rows:, :].copy()
            held[..., rest:, :] = 0
        return done_KHW


class _Planes:
    """The uint8 planes of a Prediction, written some rows at a time."""

    def __init__(self, num_classes: int, height: int, width: int) -> None:
        kept = num_classes if num_classes * height * width <= PROBABILITY_BYTES else 0
        self.labels = np.zeros((height, width), np.uint8)
        self.entropy = np.zeros((height, width), np.uint8)
        self.probabilities = np.zeros((kept, height, width), np.uint8)
        self._max_entropy = float(np.log(max(2, num_classes)))

    def write(self, y: int, probabilities_KHW: NDArray[np.float32]) -> None:
        rows = slice(y, y + probabilities_KHW.shape[1])
        self.labels[rows] = probabilities_KHW.argmax(axis=0)
        entropy = -(probabilities_KHW * np.log(np.maximum(probabilities_KHW, 1e-12))).sum(axis=0)
        self.entropy[rows] = np.clip(entropy * (255 / self._max_entropy) + 0.5, 0, 255)
        if len(self.probabilities):
            self.probabilities[:, rows] = probabilities_KHW * 255 + 0.5


def predict_file(model: Model, image: Path, device: Device, name: str) -> Prediction:
    """Read and predict one image. Raises FileError or TrainingError."""
    return predict_whole(model, read_image(image), device, name)


def predict_files(
    model: Model, images: Mapping[str, Path], device: Device
) -> Iterator[Progress | Problem | Prediction]:
    """Yield a Prediction for each image by name; one that fails is reported as a Problem."""
    for done, (name, image) in enumerate(images.items()):
        yield Progress(done, len(images), name)
        try:
            yield predict_file(model, image, device, name)
        except SegstudioError as error:
            yield Problem(name, str(error))
