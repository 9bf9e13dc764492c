"""Segmentation by clicks and boxes; an image is encoded once, and every prompt uses that encoding."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.assist.weights import check_weights, find_model_type
from segstudio.core.bitmap import Mask
from segstudio.core.box import EMPTY, Box, full_box
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.errors import AssistError, SegstudioError

_LONGEST_SIDE_PX: Final = 1536  # the models scale images to 1024 x 1024
_MAX_ENCODINGS: Final = 12  # images whose encoding is kept
_POSITIVE, _NEGATIVE, _TOP_LEFT, _BOTTOM_RIGHT = 1, 0, 2, 3  # osam's point labels

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class AssistImage:
    """An image to be segmented. `key` identifies its encoding; `read` returns (H, W, 3) RGB, and is called once."""

    key: str
    size: tuple[int, int]  # height, width
    read: Callable[[], Image]


@dataclass(frozen=True)
class _Encoding:
    """`scale` leads from the image's pixels to those that were encoded."""

    embedding: Any
    scale: float

    __hash__ = None  # type: ignore[assignment]


class Assistant:
    """Holds one model at a time. Calls from several threads wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None
        self._name = ""
        self._encodings: OrderedDict[str, _Encoding] = OrderedDict()

    def encode(self, name: str, image: AssistImage) -> None:
        """Encode an image with the model `name`, unless its encoding is kept.

        Raises MissingWeightsError, or AssistError where the weights cannot be used.
        """
        with self._lock:
            self._encode(name, image)

    def segment(self, name: str, image: AssistImage, points: Sequence[tuple[Point, bool]], box: Box | None) -> Patch:
        """The mask for clicks ((x, y), True if on the object) and a box; empty where the model finds nothing.

        Raises MissingWeightsError or AssistError.
        """
        with self._lock:
            encoding = self._encode(name, image)
            mask = self._predict(encoding.embedding, _make_prompt(points, box, encoding.scale))
        return _resize(mask, image.size)

    def _encode(self, name: str, image: AssistImage) -> _Encoding:
        key = image.key
        if name != self._name:
            self._model, self._name = _load_model(name), name
            self._encodings.clear()
        if key not in self._encodings:
            pixels = image.read()
            scale = min(1.0, _LONGEST_SIDE_PX / max(pixels.shape[:2]))
            size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
            small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
            with _convert_errors(name):
                self._encodings[key] = _Encoding(self._model.encode_image(np.ascontiguousarray(small)), scale)
        self._encodings.move_to_end(key)
        while len(self._encodings) > _MAX_ENCODINGS:
            self._encodings.popitem(last=False)
        return self._encodings[key]

    def _predict(self, embedding: Any, prompt: Any) -> Mask:
        import osam.types

        height, width = embedding.original_height, embedding.original_width
        out = np.zeros((height, width), np.bool_)
        request = osam.types.GenerateRequest(model=self._name, image_embedding=embedding, prompt=prompt)
        try:
            answer = self._model.generate(request)
        except IndexError:  # osam computes the bounding box of an empty mask
            return out
        except ValueError as error:
            if "zero-size" in str(error) or "empty" in str(error):
                return out
            raise AssistError(f"{self._name} failed: {error}; choose another model") from error
        except RuntimeError as error:
            raise AssistError(f"{self._name} failed: {error}; choose another model") from error
        for found in answer.annotations:
            if found.mask is not None and found.bounding_box is not None:
                edge = found.bounding_box
                out[edge.ymin : edge.ymax + 1, edge.xmin : edge.xmax + 1] |= found.mask
        return out


@contextlib.contextmanager
def _convert_errors(name: str) -> Iterator[None]:
    """Turn whatever onnxruntime raises into an AssistError of one line."""
    try:
        yield
    except SegstudioError:
        raise
    except Exception as error:  # onnxruntime's errors have no common base class
        short = " ".join(str(error).split())[:200]
        raise AssistError(f"{name} failed: {short}; choose another model or download its weights again") from error


def _load_model(name: str) -> Any:
    check_weights(name)
    kind = find_model_type(name)
    quiet = type(kind.__name__, (kind,), {"pull": classmethod(lambda cls, *_, **__: None)})  # pull() would download
    with _convert_errors(name):
        return quiet()


def _make_prompt(points: Sequence[tuple[Point, bool]], box: Box | None, scale: float) -> Any:
    import osam.types

    places = [(x * scale, y * scale) for (x, y), _ in points]
    labels = [_POSITIVE if positive else _NEGATIVE for _, positive in points]
    if box is not None:
        places += [(box.x0 * scale, box.y0 * scale), (box.x1 * scale, box.y1 * scale)]
        labels += [_TOP_LEFT, _BOTTOM_RIGHT]
    return osam.types.Prompt(points=np.array(places, np.float32), point_labels=np.array(labels, np.int32))


def _resize(mask: Mask, size: tuple[int, int]) -> Patch:
    """The mask at the image's size, cut to its bounding box."""
    if mask.shape != size:
        soft = cv2.resize(mask.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
        mask = np.asarray(soft >= 0.5)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return EMPTY, np.zeros((0, 0), np.bool_)
    tight = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1).intersect(full_box(*mask.shape))
    return tight, np.ascontiguousarray(mask[tight.slices])
