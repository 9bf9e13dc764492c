"""Training on numpy arrays, without a project on disk beforehand."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from segstudio.api.datasets import PathArgument
from segstudio.api.training import Setting, Training, start_training, to_texts
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable, is_background
from segstudio.core.raster import Labels
from segstudio.errors import SegstudioError
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import Pixels, encode_png
from segstudio.formats.masks.codec import build_annotation
from segstudio.formats.temporary_folder import TemporaryFolder
from segstudio.project.free_names import check_new_folder
from segstudio.project.item import DONE, Item
from segstudio.project.project import AS_BACKGROUND, AS_IGNORED, Project
from segstudio.project.store import save, with_status


def train_arrays(
    images: Sequence[Pixels],
    labels: Sequence[NDArray[np.integer]],
    classes: Sequence[str],
    *,
    validation: Collection[int] | None = None,
    folder: PathArgument | None = None,
    steps: int = 0,
    minutes: float = 0.0,
    **settings: Setting,
) -> Training:
    """Train on arrays: like `train`, for images that are in memory.

    `images` are (H, W) or (H, W, C), uint8 or uint16; `labels` are (H, W) of integers: the index in `classes`, or 254
    or 255 for pixels that are ignored. `validation` are the indices of the images to validate on, by default the last
    fifth.

    Images and labels are written as a project to `folder`, which must be new or empty. Without `folder` that is a
    temporary folder, deleted together with the Training and its Run: copy `run.weights` to keep the model.

    Raises SegstudioError for arrays that do not fit each other.
    """
    owner = TemporaryFolder() if folder is None else None
    project = _write_project(
        Path(folder) if owner is None and folder is not None else owner.folder,  # type: ignore[union-attr]
        list(images),
        [_check_labels(index, plane, len(classes)) for index, plane in enumerate(labels)],
        ClassTable.from_names(classes),
        validation,
    )
    return start_training(project, to_texts(steps, minutes, settings), owner=owner)


def _check_labels(index: int, labels: NDArray[np.integer], num_classes: int) -> Labels:
    plane = np.asarray(labels)
    if plane.ndim != 2 or not (np.issubdtype(plane.dtype, np.integer) or plane.dtype == np.bool_):
        raise SegstudioError(f"labels {index}: is {plane.dtype} {plane.shape}; give class ids as integers of (H, W)")
    wrong = np.unique(plane[(plane != UNLABELLED) & (plane != IGNORE) & ((plane < 0) | (plane >= num_classes))])
    if len(wrong):
        raise SegstudioError(
            f"labels {index}: holds {int(wrong[0])} but there are {num_classes} classes; use 0 to {num_classes - 1}, "
            f"or {UNLABELLED} or {IGNORE} for pixels to ignore"
        )
    ids = plane.astype(np.uint8)
    ids[ids == UNLABELLED] = IGNORE
    return ids


def _write_project(
    folder: Path, images: list[Pixels], labels: list[Labels], table: ClassTable, validation: Collection[int] | None
) -> Project:
    if len(images) != len(labels):
        raise SegstudioError(f"there are {len(images)} images and {len(labels)} label arrays; give one for each image")
    check_new_folder(folder)
    held_out = {}
    for index, (pixels, plane) in enumerate(zip(images, labels, strict=True)):
        if pixels.shape[:2] != plane.shape:
            raise SegstudioError(
                f"labels {index}: is {plane.shape} but the image is {pixels.shape[:2]}; make them equal"
            )
        suffix, data = _encode(index, pixels)
        path = folder / f"image_{index:06d}{suffix}"
        write_bytes(path, data, durable=False)
        annotation = with_status(build_annotation(plane, table), DONE)
        save(Item(path.name, path, path.with_suffix(".json")), annotation, table, None)
        if validation is not None:
            held_out[path.name] = index in validation
    unlabelled = AS_BACKGROUND if is_background(table.names[0]) else AS_IGNORED
    project = Project(folder.resolve(), table, unlabelled, held_out, listed=True)
    project.save()
    return project


def _encode(index: int, pixels: Pixels) -> tuple[str, bytes]:
    """Suffix and content of a file that holds exactly these pixels."""
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3) or not pixels.size:
        raise SegstudioError(
            f"image {index}: is {pixels.dtype} {pixels.shape}; give uint8 or uint16 of (H, W) or (H, W, C)"
        )
    if pixels.ndim == 2 or pixels.shape[2] == 1 or (pixels.shape[2] == 3 and pixels.dtype == np.uint8):
        return ".png", encode_png(pixels)  # RGB of 16 bits goes to TIFF: Pillow reads such a PNG as 8 bits
    buffer = io.BytesIO()
    extra = ["unspecified"] * (pixels.shape[2] - 1)
    tifffile.imwrite(buffer, pixels, photometric="minisblack", planarconfig="contig", extrasamples=extra)
    return ".tif", buffer.getvalue()
