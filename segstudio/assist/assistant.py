"""The model in use, and what it has seen: images are encoded once, clicks answered from that."""

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

from segstudio.assist.weights import check, model_type
from segstudio.core.bitmap import Mask
from segstudio.core.box import EMPTY, Box, whole
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.errors import AssistError, SegstudioError

_LONGEST: Final = 1536  # pixels; these models look at 1024 by 1024
_KEPT: Final = 12  # images whose encoding is kept
_PLUS, _MINUS, _TOP_LEFT, _BOTTOM_RIGHT = 1, 0, 2, 3  # osam's labels of points

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Seen:
    """An image as the assistant knows it: `read` gives its (H, W, 3) RGB pixels, and is asked only once."""

    key: str
    size: tuple[int, int]  # height, width
    read: Callable[[], Image]


class Assistant:
    """One model at a time; safe to be asked from several threads, which take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None
        self._name = ""
        self._seen: OrderedDict[str, tuple[Any, float]] = OrderedDict()

    def encode(self, name: str, image: Seen) -> None:
        """Let the model `name` look at an image, which is known by its key from then on.

        Raises MissingWeightsError, or AssistError where the weights cannot be used.
        """
        with self._lock:
            self._encoded(name, image)

    def segment(self, name: str, image: Seen, points: Sequence[tuple[Point, bool]], box: Box | None) -> Patch:
        """The mask for clicks ((x, y), on the object or not) and a box; empty where the model finds nothing."""
        with self._lock:
            embedding, scale = self._encoded(name, image)
            mask = self._asked(embedding, _prompt(points, box, scale))
        return _full_size(mask, image.size)

    def _encoded(self, name: str, image: Seen) -> tuple[Any, float]:
        key = image.key
        if name != self._name:
            self._model, self._name = _loaded(name), name
            self._seen.clear()
        if key not in self._seen:
            pixels = image.read()
            scale = min(1.0, _LONGEST / max(pixels.shape[:2]))
            size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
            small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
            with _explained(name):
                self._seen[key] = self._model.encode_image(np.ascontiguousarray(small)), scale
        self._seen.move_to_end(key)
        while len(self._seen) > _KEPT:
            self._seen.popitem(last=False)
        return self._seen[key]

    def _asked(self, embedding: Any, prompt: Any) -> Mask:
        import osam.types

        height, width = embedding.original_height, embedding.original_width
        out = np.zeros((height, width), np.bool_)
        request = osam.types.GenerateRequest(model=self._name, image_embedding=embedding, prompt=prompt)
        try:
            answer = self._model.generate(request)
        except IndexError:  # osam asks an empty mask for its box
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
def _explained(name: str) -> Iterator[None]:
    """Whatever onnxruntime raises, as one line."""
    try:
        yield
    except SegstudioError:
        raise
    except Exception as error:  # a border: onnxruntime's errors have no common parent
        short = " ".join(str(error).split())[:200]
        raise AssistError(f"{name} failed: {short}; choose another model or fetch its weights anew") from error


def _loaded(name: str) -> Any:
    check(name)
    kind = model_type(name)
    quiet = type(kind.__name__, (kind,), {"pull": classmethod(lambda cls, *_, **__: None)})  # never fetches unasked
    with _explained(name):
        return quiet()


def _prompt(points: Sequence[tuple[Point, bool]], box: Box | None, scale: float) -> Any:
    import osam.types

    places = [(x * scale, y * scale) for (x, y), _ in points]
    labels = [_PLUS if positive else _MINUS for _, positive in points]
    if box is not None:
        places += [(box.x0 * scale, box.y0 * scale), (box.x1 * scale, box.y1 * scale)]
        labels += [_TOP_LEFT, _BOTTOM_RIGHT]
    return osam.types.Prompt(points=np.array(places, np.float32), point_labels=np.array(labels, np.int32))


def _full_size(mask: Mask, size: tuple[int, ...]) -> Patch:
    if mask.shape != tuple(size):
        soft = cv2.resize(mask.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
        mask = np.asarray(soft >= 0.5)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return EMPTY, np.zeros((0, 0), np.bool_)
    tight = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1).intersect(whole(*mask.shape))
    return tight, np.ascontiguousarray(mask[tight.slices])
