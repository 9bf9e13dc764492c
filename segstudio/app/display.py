"""How an image is shown, without changing it: brightness, contrast, gamma; and label borders at screen size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import UNLABELLED


@dataclass(frozen=True)
class Display:
    """`brightness` and `contrast` from -1 to 1, `gamma` above 0 (more is brighter).

    `window` is (lowest, highest) of the image's own values that span black to white; None: as the file says.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 1.0
    window: tuple[int, int] | None = None

    @property
    def plain(self) -> bool:
        """Whether 8-bit values are shown as they are."""
        return self.brightness == 0 and self.contrast == 0 and self.gamma == 1

    def curve(self) -> NDArray[np.uint8]:
        """(256,) what each 8-bit value is shown as."""
        values = np.linspace(0, 1, 256)
        slope = np.tan((self.contrast + 1) * np.pi / 4 * 0.999)
        values = np.clip((values - 0.5) * slope + 0.5 + self.brightness, 0, 1) ** (1 / self.gamma)
        return np.round(values * 255).astype(np.uint8)

    def shown(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(h, w, C) through the curve; a fresh array."""
        return np.asarray(cv2.LUT(np.ascontiguousarray(pixels), self.curve()), np.uint8)


def sampled(plane: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The values at those rows and columns, (len(rows), len(columns)); places outside take the nearest inside."""
    rows = np.clip(rows, 0, plane.shape[0] - 1)
    columns = np.clip(columns, 0, plane.shape[1] - 1)
    return np.take(np.take(plane, rows, axis=0), columns, axis=1)  # of a slice numpy would first copy all


def borders(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h - 2, w - 2) of a (h, w) plane: the value where one of the four neighbours differs, UNLABELLED elsewhere."""
    inner = plane[1:-1, 1:-1]
    edge = inner != plane[:-2, 1:-1]
    edge |= inner != plane[2:, 1:-1]
    edge |= inner != plane[1:-1, :-2]
    edge |= inner != plane[1:-1, 2:]
    return np.where(edge, inner, np.uint8(UNLABELLED))
