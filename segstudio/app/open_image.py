"""The open image as the window holds it: pixels for the screen, the document, and what a model says."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segstudio.app.visible_labels import Shown
from segstudio.core.annotation import Annotation
from segstudio.core.box import Box
from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.core.history import History
from segstudio.core.metrics import errors_plane
from segstudio.core.prediction import Prediction
from segstudio.core.pyramid import Levels, levels_of
from segstudio.core.sample import reading
from segstudio.core.stroke import Marks
from segstudio.formats.images import Pixels, read_image
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.store import Stamp, load


@dataclass
class OpenImage:
    """`levels` are arrays for the screen, each half the size of the one before, the first at full size.

    `window` is what of the image's values they show; None: all.
    """

    item: Item
    pixels: Pixels
    levels: Levels
    document: Document
    stamp: Stamp
    notes: tuple[str, ...] = ()
    problem: str = ""
    saved_revision: int = 0
    prediction: Prediction | None = None
    errors: NDArray[np.uint8] | None = None
    window: tuple[int, int] | None = None
    file_stamp: tuple[int, int] | None = None  # of the image's file when it was read
    unsaved: bool = field(default=False)  # kept from an earlier visit because it could not be saved

    def __post_init__(self) -> None:
        self.shown = Shown(self.document)

    @cached_property
    def extremes(self) -> tuple[int, int]:
        """The smallest and the largest value of the image."""
        return int(self.pixels.min()), int(self.pixels.max())

    @property
    def held_bytes(self) -> int:
        """What it keeps in memory, labels included."""
        own = [level for level in self.levels if not np.shares_memory(level, self.pixels)]
        return self.pixels.nbytes + sum(level.nbytes for level in own) + self.document.plane.nbytes

    @property
    def read_only(self) -> bool:
        return bool(self.problem)

    @property
    def dirty(self) -> bool:
        return self.unsaved or self.document.revision != self.saved_revision

    def set_levels(self, levels: Levels, window: tuple[int, int] | None) -> None:
        """Shown through another window of values."""
        self.levels, self.window = levels, window

    def set_prediction(self, prediction: Prediction | None) -> None:
        self.prediction = prediction
        self.errors = None

    def compute_errors(self, unlabelled: str) -> None:
        """Once the errors are to be seen; from then on they follow every stroke."""
        if self.prediction is not None and self.errors is None:
            self.errors = np.zeros_like(self.prediction.labels)
            self.refresh_errors(self.document.annotation.box, unlabelled)

    def refresh_errors(self, box: Box, unlabelled: str) -> None:
        """Compare labels and prediction again inside `box`."""
        if self.errors is None or self.prediction is None:
            return
        truth = reading(self.document.plane[box.slices], unlabelled)
        predicted = self.prediction.labels[box.slices]
        self.errors[box.slices] = errors_plane(truth, predicted, len(self.document.table))


@dataclass(frozen=True)
class Visit:
    """What is kept of an image while the user is elsewhere."""

    item: Item
    annotation: Annotation
    history: History
    stamp: Stamp
    unsaved: bool
    table: ClassTable  # by which its labels are to be written
    marks: Marks = field(default_factory=Marks)

    __hash__ = None  # type: ignore[assignment]


def file_stamp(item: Item) -> tuple[int, int] | None:
    """(time of change in ns, size in bytes) of the image's file."""
    try:
        found = item.image.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def read_open_image(project: Project, item: Item, visit: Visit | None) -> OpenImage:
    """Reads image and labels. What was kept of an earlier visit holds unless the file changed since."""
    seen = file_stamp(item)
    pixels = read_image(item.image)
    height, width = pixels.shape[:2]
    stored = load(item, (height, width))
    kept = visit is not None and (visit.unsaved or (visit.stamp == stored.stamp and not stored.problem))
    problem = "" if kept else stored.problem  # what is only in memory is never thrown away for a file gone bad
    notes = (*stored.notes, stored.problem) if kept and stored.problem else stored.notes
    annotation = visit.annotation if visit is not None and kept else stored.annotation
    history = visit.history if visit is not None and kept else History()
    image = OpenImage(
        item,
        pixels,
        levels_of(pixels),
        Document(annotation, project.table, history),
        visit.stamp if visit is not None and kept else stored.stamp,
        notes,
        problem,
        unsaved=kept and visit is not None and visit.unsaved,
        file_stamp=seen,
    )
    if visit is not None and kept:
        image.document.marks = visit.marks
    return image
