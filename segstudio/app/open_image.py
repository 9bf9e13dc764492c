"""The image on the canvas: its pixels, its document, and what a model predicts for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segstudio.app.visible_labels import VisibleLabels
from segstudio.core.annotation import Annotation
from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.core.history import History
from segstudio.core.metrics import error_plane
from segstudio.core.painting_rules import Marks
from segstudio.core.prediction import Prediction
from segstudio.core.pyramid import Levels, build_pyramid
from segstudio.core.sample import resolve_unlabelled
from segstudio.formats.images import Pixels, read_image
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.store import Stamp, load

FileStamp = tuple[int, int] | None  # (time of change in ns, size in bytes); None: there is no such file


@dataclass
class OpenImage:
    """`levels` are arrays for the screen, each half the size of the one before, the first at full size.

    `window` is the range of pixel values that they show from black to white; None: all. `stamp` is that of the
    labelme file when it was read; `problem` says why that file cannot be read, and then nothing may be drawn.
    """

    item: Item
    pixels: Pixels
    levels: Levels
    document: Document
    stamp: Stamp
    notes: tuple[str, ...] = ()
    problem: str = ""
    prediction: Prediction | None = None
    errors: NDArray[np.uint8] | None = None
    window: tuple[int, int] | None = None
    file_stamp: FileStamp = None  # of the image file when it was read

    def __post_init__(self) -> None:
        self.visible_labels = VisibleLabels(self.document)

    @cached_property
    def extremes(self) -> tuple[int, int]:
        """The smallest and the largest pixel value."""
        return int(self.pixels.min()), int(self.pixels.max())

    @property
    def held_bytes(self) -> int:
        """Memory in use, labels included."""
        own = [level for level in self.levels if not np.shares_memory(level, self.pixels)]
        return self.pixels.nbytes + sum(level.nbytes for level in own) + self.document.plane.nbytes

    @property
    def read_only(self) -> bool:
        return bool(self.problem)

    def set_document(self, document: Document) -> None:
        """Replace the labels, because newer ones arrived while the image was read."""
        self.document = document
        self.visible_labels = VisibleLabels(document)
        self.errors = None

    def set_levels(self, levels: Levels, window: tuple[int, int] | None) -> None:
        """Show another window of values."""
        self.levels, self.window = levels, window

    def set_prediction(self, prediction: Prediction | None) -> None:
        self.prediction = prediction
        self.errors = None

    def compute_errors(self, unlabelled: str) -> None:
        """Compare labels and prediction for the first time; later edits go through `refresh_errors`."""
        if self.prediction is not None and self.errors is None:
            self.errors = np.zeros_like(self.prediction.labels)
            self.refresh_errors(self.document.annotation.box, unlabelled)

    def refresh_errors(self, box: Box, unlabelled: str) -> None:
        """Compare labels and prediction again inside `box`, if errors were asked for before."""
        if self.errors is None or self.prediction is None:
            return
        truth = resolve_unlabelled(self.document.plane[box.slices], unlabelled)
        predicted = self.prediction.labels[box.slices]
        self.errors[box.slices] = error_plane(truth, predicted, len(self.document.table))


@dataclass(frozen=True)
class Kept:
    """What the Workspace keeps of an image that is not on the canvas."""

    annotation: Annotation
    history: History
    marks: Marks
    stamp: Stamp
    unsaved: bool

    __hash__ = None  # type: ignore[assignment]


def file_stamp(item: Item) -> FileStamp:
    """Of the image file."""
    try:
        found = item.image.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def read_open_image(project: Project, item: Item, kept: Kept | None) -> OpenImage:
    """Read image and labels, in a job. What is `kept` in memory is used if unsaved or if the file is unchanged.

    Raises FileError when the image cannot be read; a labelme file that cannot be read is `problem`.
    """
    seen = file_stamp(item)
    pixels = read_image(item.image)
    height, width = pixels.shape[:2]
    stored = load(item, (height, width))
    if kept is not None and not kept.unsaved and (kept.stamp != stored.stamp or stored.problem):
        kept = None
    if kept is None:
        document = Document(stored.annotation, project.table)
        return OpenImage(
            item, pixels, build_pyramid(pixels), document, stored.stamp, stored.notes, stored.problem, file_stamp=seen
        )
    # unsaved work in memory is never replaced by a file that has become unreadable
    notes = (*stored.notes, stored.problem) if stored.problem else stored.notes
    document = Document(kept.annotation, project.table, kept.history)
    document.marks = kept.marks
    return OpenImage(item, pixels, build_pyramid(pixels), document, kept.stamp, notes, file_stamp=seen)
