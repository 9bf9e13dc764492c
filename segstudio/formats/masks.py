"""Mask pictures: one number a pixel. Index (class ids, 255 ignored) or binary (0 and 255)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import IGNORE, IGNORE_NAME, UNLABELLED, ClassTable, is_background
from segstudio.core.colours import VOC_PALETTE
from segstudio.core.raster import Labels
from segstudio.core.shape import MASK, Shape
from segstudio.errors import FileError, FormatError

_ONE_PLANE = ("1", "L", "P", "I;16", "I")
_LOSSY = (".jpg", ".jpeg", ".webp")


def read_indices(path: Path) -> NDArray[np.int32]:
    """The (H, W) plane of numbers as they stand in the file; a palette is not applied."""
    if path.suffix.lower() in _LOSSY:
        raise FormatError(path, "is a lossy picture; its class numbers are blurred", "export the masks as PNG")
    try:
        with Image.open(path) as image:
            if image.mode not in _ONE_PLANE:
                raise FormatError(
                    path, f"is a colour picture ({image.mode})", "export masks with one class number a pixel"
                )
            plane = np.asarray(image)
            return (plane.astype(np.uint8) * 255 if image.mode == "1" else plane).astype(np.int32)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "check the folder of masks") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FileError(path, f"cannot be read as a mask ({error})", "export it again as PNG") from error


def to_labels(path: Path, indices: NDArray[np.int32], table: ClassTable, binary: bool = False) -> Labels:
    """Class ids of a mask file; where masks are `binary`, 255 is class 1 and not ignored."""
    values = np.unique(indices)
    if binary and set(values.tolist()) <= {0, 255}:
        return (indices == 255).astype(np.uint8)
    strange = values[((values >= len(table)) & (values != IGNORE)) | (values < 0)]
    if strange.size:
        count = int(np.isin(indices, strange).sum())
        shown = ", ".join(str(value) for value in strange[:8])
        raise FormatError(
            path,
            f"holds {count} pixels of value {shown}{' …' if strange.size > 8 else ''}, which no class has",
            f"name all classes in the class list ({len(table)} are known)",
        )
    return indices.astype(np.uint8)


def annotation_of(labels: Labels, table: ClassTable) -> Annotation:
    """One mask shape a class. Class 0 gets one too, unless it is the background, which needs none."""
    shapes = []
    present = np.flatnonzero(np.bincount(labels.ravel(), minlength=256))
    for value in present.tolist():
        if value == UNLABELLED or (value == 0 and is_background(table[0].name)):
            continue
        name = IGNORE_NAME if value == IGNORE else table.name_of(value)
        shapes.append(Shape(name, MASK, bitmap=Bitmap.from_array(labels == value)))
    return Annotation(labels.shape[0], labels.shape[1], tuple(shapes))


def index_png(labels: Labels) -> bytes:
    """Mode P with the VOC palette: the numbers are the classes, the colours are for eyes."""
    image = Image.fromarray(labels)
    image.putpalette(VOC_PALETTE.tobytes())
    return _png(image)


def instance_png(instances: NDArray[np.int32]) -> tuple[bytes, bool]:
    """Instance numbers as a palette PNG, or 16 bits where there are more than 255 of them (then True)."""
    if instances.size and int(instances.max()) > 255:
        return _png(Image.fromarray(instances.astype(np.uint16))), True
    return index_png(instances.astype(np.uint8)), False


def npy_bytes(array: NDArray[np.generic]) -> bytes:
    """numpy's own file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
